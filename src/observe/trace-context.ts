import {
  type Context,
  context,
  createTraceState,
  isSpanContextValid,
  type Span,
  trace,
} from '@opentelemetry/api';
import type { FieldList } from '../http/fields.ts';
import type { TracedRequest } from './tracing.ts';

// W3C Trace Context §3.2.2: version 00, or a later one of which so much is understood.
const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:$|-)/;
const MAX_TRACESTATE = 512;

export interface Parent {
  readonly parent: Context;
  /** It is a span of this process. */
  readonly isLocal: boolean;
}

/** What goes on around the request in this process, where it has a span; else what its sender has told. */
export function parentOf(request: TracedRequest): Parent {
  const active = context.active();
  if (trace.getSpan(active)?.isRecording()) return { parent: active, isLocal: true };
  const [, traceId, spanId, flags] = TRACEPARENT.exec(request.field('traceparent') ?? '') ?? [];
  if (traceId === undefined) return { parent: trace.deleteSpan(active), isLocal: false };
  const state = request.field('tracestate');
  const remote = {
    traceId,
    spanId: spanId!,
    traceFlags: Number.parseInt(flags!, 16) & 1,
    isRemote: true,
    ...(state !== undefined && state.length <= MAX_TRACESTATE && { traceState: createTraceState(state) }),
  };
  const known = isSpanContextValid(remote);
  return { parent: known ? trace.setSpanContext(active, remote) : trace.deleteSpan(active), isLocal: false };
}

/** The fields by which who is asked takes part in the trace; none where the span is of no trace. */
export function fieldsOf(span: Span): FieldList {
  const own = span.spanContext();
  if (!isSpanContextValid(own)) return [];
  const { traceId, spanId, traceFlags, traceState } = own;
  const state = traceState?.serialize() ?? '';
  return [
    ...['Traceparent', `00-${traceId}-${spanId}-${traceFlags & 1 ? '01' : '00'}`],
    ...(state === '' ? [] : ['Tracestate', state]),
  ];
}
