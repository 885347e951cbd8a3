import { randomUUID } from 'node:crypto';
import { addAbortSignal, finished, Readable } from 'node:stream';
import { promisify } from 'node:util';
import type { Clock } from '../clock.ts';
import { CachegateError } from '../errors.ts';
import { type FieldList, fieldValue } from '../http/fields.ts';
import { parseRetryAfter } from '../http/retry-after.ts';
import type { CacheOutcome } from '../observe/outcome.ts';
import type { WarmResult } from '../warm/warm-result.ts';
import type { Answer } from './answer.ts';
import { Exchange } from './exchange.ts';
import { createFinder } from './location.ts';
import type { GateRequest } from './request.ts';
import type { Service } from './service.ts';

export interface WarmRequestOptions {
  readonly services: readonly Service[];
  readonly clock: Clock;
  /** The fields of each request: of those that the responses vary by, what clients will send. */
  readonly fields: FieldList;
}

/**
 * Fetches what a URL is answered with into the cache, as a request of somebody who is let in would, and reads it to its
 * end. Neither gate nor limits of clients are asked; an origin's budget is kept. Never rejects.
 */
export type WarmOne = (url: string, signal: AbortSignal) => Promise<WarmResult>;

const isRead = promisify(finished);

export function createWarmOne({ services, clock, fields }: WarmRequestOptions): WarmOne {
  const locate = createFinder(services);

  async function fetch(service: Service, exchange: Exchange): Promise<WarmResult> {
    const answer = await service.respond(exchange);
    if (answer === null) return failed('no step answered');
    const { body } = answer;
    // What turns out not to be stored is not read to its end, which may never come.
    if (body instanceof Readable) {
      addAbortSignal(exchange.request.signal, body);
      await Promise.race(exchange.saving === null ? [readAll(body)] : [readAll(body), exchange.saving]);
    }
    await exchange.saving;
    if (body instanceof Readable) body.destroy();
    return judged(service, exchange, answer, clock.now());
  }

  return async (url, signal) => {
    const location = locate('GET', url);
    if (location.service === null) return failed('no service has this URL');
    const { service, destination } = location;
    if (destination.refused !== null) return failed(`the service answers ${destination.refused.status}`);
    if (!service.methods.includes('GET')) return failed('the service has no GET');
    if (service.parts.cache === null) return failed('responses of this service are not stored');
    if (service.hasParts) return failed('responses of this service are not everyone’s');
    try {
      return await fetch(service, new Exchange(requestFor(url, fields, signal), destination, clock));
    } catch (error) {
      return failure(error);
    }
  };
}

function failed(reason: string): WarmResult {
  return { kind: 'failed', reason };
}

function judged(service: Service, exchange: Exchange, { status, fields }: Answer, now: number): WarmResult {
  const { outcome, savedTtl, saving } = exchange;
  // A stored response, which says how long it is good: reused, or in place of the origin's failure.
  if (outcome?.ttl !== undefined) {
    // A stale one may have been validated behind its answer.
    if (savedTtl !== null || !isStale(outcome)) return WARMED;
    // Others ask already, or the origin is not to be asked now.
    const isHeldBack = saving === null || service.parts.upstream.budget !== null;
    return isHeldBack ? { kind: 'later', afterMs: null, reason: ONLY_STALE } : failed(ONLY_STALE);
  }
  if (status === 429 || status === 503) {
    const value = fieldValue(fields, 'retry-after');
    const afterMs = value === undefined ? undefined : parseRetryAfter(value, now);
    const reason = `the origin answers ${status}`;
    if (status === 429 || afterMs !== undefined) return { kind: 'later', afterMs: afterMs ?? null, reason };
  }
  if (status >= 400) return failed(`the origin answers ${status}`);
  // Of what another process or request fetches, that one says whether it is stored.
  if (savedTtl !== null || (outcome?.hit === false && outcome.collapsed === true)) return WARMED;
  return failed('the response may not be stored');
}

const WARMED: WarmResult = { kind: 'warmed' };
const ONLY_STALE = 'the origin has given no fresh response in place of the stored one';

/** What is left is cut to whole seconds: of less than one that is over, -0 is left. */
function isStale({ ttl = 0 }: CacheOutcome): boolean {
  return ttl < 0 || Object.is(ttl, -0);
}

function failure(error: unknown): WarmResult {
  if (!(error instanceof CachegateError)) return failed('Internal error');
  if (error.code !== 'ERR_ORIGIN_BUDGET') return failed(error.message);
  const { retryAfterMs = null } = error as { retryAfterMs?: number | null };
  return { kind: 'later', afterMs: retryAfterMs, reason: error.message };
}

async function readAll(body: Readable): Promise<void> {
  body.resume();
  await isRead(body);
}

function requestFor(target: string, fields: FieldList, signal: AbortSignal): GateRequest {
  const id = randomUUID();
  return {
    method: 'GET',
    target,
    peer: '',
    field: (name) => (name === 'x-request-id' ? id : fieldValue(fields, name)),
    fields,
    body: null,
    signal,
    upgrade: null,
    inform() {},
  };
}
