import { CachegateError } from '../errors.ts';
import type { CacheAnswer } from '../response-cache/cache-request.ts';

/** Said where nothing is stored, and no more is asked for (RFC 9111 §5.2.1.7). */
export const ONLY_IF_CACHED = 'No stored response, and the request asked for nothing else';

const TEXTS: Readonly<Record<string, string>> = {
  'retry-after': 'The origin asks for a pause',
  'origin-budget': 'The origin may not be asked more often now',
  'only-if-cached': ONLY_IF_CACHED,
};

/** What the cache says by itself gets a text; all else stays as it is. */
export function worded(answer: CacheAnswer): CacheAnswer {
  const error = TEXTS[answer.outcome.detail ?? ''];
  if (error === undefined) return answer;
  const body = Buffer.from(JSON.stringify({ error }));
  const own = ['Content-Type', 'application/json', 'Cache-Control', 'no-store'];
  return { ...answer, body, fields: [...answer.fields, ...own, 'Content-Length', `${body.length}`] };
}

/** The origin's budget is spent, and nothing stored may stand in. */
export function notAsked(retryAfterMs: number): CacheAnswer {
  const fields = ['Retry-After', String(Math.ceil(retryAfterMs / 1000))];
  return { status: 503, fields, body: null, outcome: { hit: false, detail: 'origin-budget' } };
}

/** What counts as the status of an origin that gave no response: a gateway's. */
export const FAILED_STATUS = 502;

export function isOrigins(error: unknown): error is CachegateError {
  return error instanceof CachegateError && error.code.startsWith('ERR_ORIGIN_');
}

/** Asking again, if it was asked, is as good as asking once. */
export function isRead(method: string): boolean {
  return method === 'GET' || method === 'HEAD';
}

/** Nobody will take it. */
export function letGo({ body }: Pick<CacheAnswer, 'body'>): void {
  if (body !== null && !Buffer.isBuffer(body)) body.destroy();
}
