import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import { formatCacheStatus } from '../http/cache-status.ts';
import { type FieldList, fieldValue } from '../http/fields.ts';
import { requestIdOf } from '../http/request-ids.ts';
import type { CacheAnswer } from '../response-cache/cache-request.ts';
import { CACHE_NAME } from '../response-cache/entry.ts';

/** The fields of an answer, with how it came about (RFC 9211). */
export function toldFields({ fields, outcome }: CacheAnswer): FieldList {
  return outcome.hit ? fields : [...fields, 'Cache-Status', formatCacheStatus(CACHE_NAME, outcome)];
}

/**
 * The origin's own reason phrase where it has just said it; nobody is to go by it (RFC 9110 §15.1), so that it is not stored.
 * @param said with the origin's last answer to this request
 */
export function statusTextOf({ status, outcome }: CacheAnswer, said: string | undefined): string {
  const isOwn = !outcome.hit && outcome.collapsed !== true && outcome.fwdStatus === status;
  return (isOwn ? said : undefined) ?? STATUS_CODES[status] ?? '';
}

/** The id by which a request is told of; made only when somebody asks. */
export function correlationOf(fields: FieldList): () => string {
  let id: string | undefined;
  return () => {
    id ??= requestIdOf((name) => fieldValue(fields, name)) ?? randomUUID();
    return id;
  };
}
