import type { FieldList } from '../http/fields.ts';
import type { Authority } from '../session/authority.ts';
import type { MaybePromise } from '../store/store.ts';
import type { RequestObserver } from './observer.ts';

export interface TracingOptions {
  readonly version: string;
  /** The path that a service of the configuration in force answers, for the names of spans. */
  readonly routeOf?: ((service: string) => string | undefined) | undefined;
}

/** A request as a trace has it. */
export interface TracedRequest {
  readonly method: string;
  /** Path and query; the query is told to nobody. */
  readonly target: string;
  /** A field's value by its lower-case name. */
  field(lowerName: string): string | undefined;
}

/** An exchange with an origin. */
export interface TracedExchange {
  readonly service: string;
  readonly method: string;
  readonly url: URL;
}

interface Answered {
  readonly status: number;
}

/** Tells of requests as spans of OpenTelemetry. No attribute holds a query, a field's value or what is in a content. */
export interface Tracing {
  /** Tells the span of the request that is answered what became of it. */
  readonly observer: Pick<RequestObserver, 'requestAnswered'>;
  /**
   * A span of a request, which all that `answer` does belongs to; it ends when the answer's header section is there.
   * @param kind `served`: it came over the network; `made`: the application makes it
   */
  request<T extends Answered>(
    kind: 'served' | 'made',
    request: TracedRequest,
    answer: () => MaybePromise<T>,
  ): MaybePromise<T>;
  /**
   * A span of an exchange with an origin, until its header section is there.
   * @param ask is given the fields by which the origin takes part in the trace, in the place of the client's
   */
  exchange<T extends Answered>(
    exchange: TracedExchange,
    ask: (traceFields: FieldList) => Promise<T>,
  ): Promise<T>;
  /** An authority whose validations have spans. */
  authority(authority: Authority): Authority;
}

/** The fields of W3C Trace Context, in lower case. */
export const TRACE_FIELDS: ReadonlySet<string> = new Set(['traceparent', 'tracestate']);
