import { context, SpanKind, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';

/** A span that has ended, as tests look at it. */
export interface SeenSpan {
  readonly kind: 'SERVER' | 'CLIENT' | 'INTERNAL' | 'OTHER';
  readonly name: string;
  readonly traceId: string;
  readonly id: string;
  readonly parentId: string | undefined;
  readonly attributes: ReadableSpan['attributes'];
  readonly failed: boolean;
}

/** An SDK of OpenTelemetry, registered for this process: its spans are kept here. */
export interface RegisteredSdk {
  /** Waits until so many spans have ended, and answers them in the order of their beginning. */
  spans(count: number): Promise<SeenSpan[]>;
  /** All that was exported, as text. */
  text(): string;
  reset(): void;
  /** No SDK is registered any more. */
  remove(): Promise<void>;
}

const KINDS = { [SpanKind.SERVER]: 'SERVER', [SpanKind.CLIENT]: 'CLIENT', [SpanKind.INTERNAL]: 'INTERNAL' };
const DEADLINE_MS = 10_000;
const ERROR = 2;

export function registerSdk(): RegisteredSdk {
  const exporter = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  trace.setGlobalTracerProvider(provider);
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  const ended = () => exporter.getFinishedSpans();

  return {
    async spans(count) {
      const end = performance.now() + DEADLINE_MS;
      while (ended().length < count && performance.now() < end) await new Promise((go) => setTimeout(go, 5));
      return ended().map(seen).sort(parentsFirst);
    },
    text: () =>
      JSON.stringify(
        ended().map(({ name, attributes, events, links, status }) => [
          name,
          attributes,
          events,
          links,
          status,
        ]),
      ),
    reset: () => exporter.reset(),
    async remove() {
      trace.disable();
      context.disable();
      await provider.shutdown();
    },
  };
}

function seen(span: ReadableSpan): SeenSpan {
  const { traceId, spanId } = span.spanContext();
  return {
    kind: (KINDS as Record<number, SeenSpan['kind']>)[span.kind] ?? 'OTHER',
    name: span.name,
    traceId,
    id: spanId,
    parentId: span.parentSpanContext?.spanId,
    attributes: span.attributes,
    failed: span.status.code === ERROR,
  };
}

/** Clocks are too coarse to tell. */
function parentsFirst(a: SeenSpan, b: SeenSpan): number {
  if (a.id === b.parentId) return -1;
  return b.id === a.parentId ? 1 : 0;
}
