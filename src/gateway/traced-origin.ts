import { type FieldList, withoutFields } from '../http/fields.ts';
import { TRACE_FIELDS, type Tracing } from '../observe/tracing.ts';

interface Asked {
  readonly method: string;
  /** Path and query, below the origin's own path. */
  readonly target: string;
  readonly fields: FieldList;
}

export interface TracedOriginOptions {
  readonly service: string;
  readonly origin: URL;
  /** `null`: nobody traces requests. */
  readonly tracing?: Tracing | null | undefined;
}

/** Asks an origin as before; where requests are traced, with a span for each exchange, which the origin is told of. */
export function tracedOrigin<Request extends Asked, Response extends { readonly status: number }>(
  ask: (request: Request) => Promise<Response>,
  { service, origin, tracing }: TracedOriginOptions,
): (request: Request) => Promise<Response> {
  if (tracing == null) return ask;
  const basePath = origin.pathname.replace(/\/$/, '');
  return (request) => {
    const { method, target, fields } = request;
    const url = new URL(basePath + target, origin);
    return tracing.exchange({ service, method, url }, (traceFields) => {
      if (traceFields.length === 0) return ask(request);
      return ask({ ...request, fields: [...withoutFields(fields, TRACE_FIELDS), ...traceFields] });
    });
  };
}
