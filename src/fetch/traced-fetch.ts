import { withoutFields } from '../http/fields.ts';
import { TRACE_FIELDS, type Tracing } from '../observe/tracing.ts';
import type { Asked } from './fetch-request.ts';
import type { OriginFetch } from './origin-fetch.ts';
import type { ServiceFetch } from './service-fetch.ts';

/** Requests of the application's own to services, with a span each, and one each for what their origins are asked. */
export function createTracedFetch(serviceFetch: ServiceFetch, tracing: Tracing): ServiceFetch {
  return async (asked) => {
    const { request, service } = asked;
    const { method, headers, url } = request;
    const { pathname: target } = new URL(url);
    const field = (name: string) => headers.get(name) ?? undefined;
    const originFetch = tracedOrigin(asked, service.name, tracing);
    return tracing.request('made', { method, target, field }, () => serviceFetch({ ...asked, originFetch }));
  };
}

function tracedOrigin({ originFetch }: Asked, service: string, tracing: Tracing): OriginFetch {
  return (request) =>
    tracing.exchange({ service, method: request.method, url: new URL(request.url) }, (traceFields) => {
      if (traceFields.length === 0) return originFetch(request);
      return originFetch({
        ...request,
        fields: [...withoutFields(request.fields, TRACE_FIELDS), ...traceFields],
      });
    });
}
