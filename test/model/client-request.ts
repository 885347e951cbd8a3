import type { RequestFacts } from '../../src/engine/facts.ts';
import type { FieldList } from '../../src/http/fields.ts';
import type { CacheRequest, FetchedResponse, Forwarding } from '../../src/response-cache/cache-request.ts';
import type { ClientRecord } from './exchange.ts';
import type { Subject } from './subject.ts';

export type Forward = (record: ClientRecord, how: Forwarding) => Promise<FetchedResponse>;

export const BASE_URI = 'http://origin.test';
const MAX_BODY_BYTES = 1024 * 1024;
const NEVER = new AbortController().signal;

/** A request as the gateway would hand it to the cache; the client waits for ever. */
export function createClientRequest(subject: Subject, record: ClientRecord, path: string, forward: Forward): CacheRequest {
  const { method, request } = record;
  const facts: RequestFacts = { method, field: (name) => request.get(name) };
  return {
    ...{ service: 'service', key: subject.keyOf(path), facts, targetUri: BASE_URI + path, headOnly: method === 'HEAD' },
    ...{ policy: subject.policy, maxBodyBytes: MAX_BODY_BYTES, stallMs: 60_000, signal: NEVER },
    retryAfterLimitMs: subject.retryAfterLimitMs,
    correlationId: () => String(record.id),
    present: (fields: FieldList) => subject.present(fields),
    keyOf: (uri) => (uri.startsWith(`${BASE_URI}/`) ? subject.keyOf(uri.slice(BASE_URI.length)) : null),
    forward: (how) => forward(record, how),
  };
}
