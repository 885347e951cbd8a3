import { fieldValue, withoutFields } from '../http/fields.ts';
import { TRACE_FIELDS, type Tracing } from '../observe/tracing.ts';
import type { InterceptedCache } from './interceptor-cache.ts';
import type { Intercepted, SentRequest } from './interceptor-request.ts';

/** Intercepted requests with a span each, and one each for what their origins are asked. */
export function createTracedCache(answerOf: InterceptedCache, tracing: Tracing): InterceptedCache {
  return async (asked) => {
    const { method, fields, service } = asked;
    const { pathname: target } = new URL(service.baseUri + asked.target);
    const field = (name: string) => fieldValue(fields, name);
    const traced = { ...asked, send: tracedSend(asked, tracing) };
    return tracing.request('made', { method, target, field }, () => answerOf(traced));
  };
}

function tracedSend({ service, method, send }: Intercepted, tracing: Tracing): Intercepted['send'] {
  return (sent: SentRequest) =>
    tracing.exchange({ service: service.name, method, url: new URL(sent.uri) }, (traceFields) => {
      if (traceFields.length === 0) return send(sent);
      return send({ ...sent, fields: [...withoutFields(sent.fields, TRACE_FIELDS), ...traceFields] });
    });
}
