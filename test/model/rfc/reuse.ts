import type { RequestFields } from '../message.ts';
import { asked, forbidsStale, isUnqualified, said, seconds } from './directives.ts';
import { currentAge, explicitLifetime, lifetime } from './freshness.ts';
import type { Mode } from './keeping.ts';
import type { StoredResponse } from './stored-response.ts';

/** What else than a fresh response may be used for: the origin failed, or gave no answer at all. */
export type OriginState = 'unasked' | 'failed' | 'unreachable';

/** How long a stale response stands in for an origin that gives no answer (RFC 9111 §4.2.4; the product's default). */
const DISCONNECTED_MS = 60_000;

/** Why a stored response may not answer a request without validation at `now`; `null` when it may (RFC 9111 §4). */
export function whyNotReused(
  stored: StoredResponse,
  request: RequestFields,
  now: number,
  { mode, origin }: { readonly mode: Mode; readonly origin: OriginState },
): string | null {
  const stated = said(stored.fields);
  const { directives } = stated;
  const wants = asked(request);
  if (isUnqualified(directives, 'no-cache')) return 'no-cache, and not validated';
  if (wants.has('no-cache')) return 'the client asked for validation';
  const isGuess = explicitLifetime(stored, stated) === undefined;
  if (mode === 'safe' && isGuess && request.has('cookie')) return 'a guessed lifetime, for a cookie';

  const age = currentAge(stored, now);
  const staleness = age - lifetime(stored);
  const isFresh = staleness < 0;
  const unwanted = whyNotWanted(wants, { age, staleness, isStill: directives.has('immutable') && isFresh });
  if (isFresh && unwanted === null) return null;
  const maySpan = (name: string, from = directives) =>
    (forbidsStale(directives) ? 0 : (seconds(from, name) ?? 0)) * 1000;

  if (origin !== 'unasked') {
    const window = Math.max(maySpan('stale-if-error'), maySpan('stale-if-error', wants));
    if (isFresh || staleness < window) return null;
    const asksForYoung = wants.has('max-age') || wants.has('min-fresh');
    if (origin === 'unreachable' && !asksForYoung && !forbidsStale(directives) && staleness < DISCONNECTED_MS)
      return null;
  }
  if (unwanted !== null) return unwanted;
  if (forbidsStale(directives)) return `stale by ${staleness} ms, which its directives forbid`;
  if (staleness < maySpan('stale-while-revalidate')) return null;
  const accepted = wants.get('max-stale') === '' ? Number.POSITIVE_INFINITY : maySpan('max-stale', wants);
  if (wants.has('max-stale') && staleness <= accepted) return null;
  return `stale by ${staleness} ms`;
}

/** RFC 9111 §5.2.1; RFC 8246 §2 for what does not change while it is fresh. */
function whyNotWanted(
  wants: ReturnType<typeof asked>,
  { age, staleness, isStill }: { age: number; staleness: number; isStill: boolean },
): string | null {
  const maxAge = seconds(wants, 'max-age');
  if (maxAge !== undefined && age > maxAge * 1000 && !isStill)
    return `${age} ms old, and the client wants max-age=${maxAge}`;
  const minFresh = seconds(wants, 'min-fresh');
  if (minFresh !== undefined && -staleness < minFresh * 1000)
    return `fresh for ${-staleness} ms, and the client wants min-fresh=${minFresh}`;
  const mayBeStale = maxAge === undefined || wants.has('max-stale');
  return staleness >= 0 && !mayBeStale ? 'stale, and the client gave a max-age' : null;
}
