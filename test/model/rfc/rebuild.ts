import type { Exchange } from '../exchange.ts';
import { BROKEN, type Mode, whyNotKept, whyNotOfGet } from './keeping.ts';
import { isSelectedBy } from './selection.ts';
import { combined, freshened, freshenedByHead, received, type StoredResponse } from './stored-response.ts';

/** What a series of exchanges comes to in a cache, and why a cache must not have it for later. */
export interface Rebuilt {
  readonly response: StoredResponse;
  /** `null` when it may be stored. */
  readonly unkept: string | null;
}

export interface Circumstances {
  readonly mode: Mode;
  /** Which resource a reference of the origin leads to; `null` for none. */
  readonly resourceOf: (reference: string) => number | null;
}

/** Puts a stored response together from what it is made of, the oldest first; a text says why that may not be. */
export function rebuild(lineage: readonly Exchange[], { mode, resourceOf }: Circumstances): Rebuilt | string {
  const [first, ...later] = lineage as [Exchange, ...Exchange[]];
  if (first.answer === null) return `#${first.id} was never answered`;
  const response = received(first, first.answer);
  const unkept =
    whyNotOfGet(first, resourceOf) ?? unstorablePart(response) ?? whyNotKept(response, first.request, mode);
  let rebuilt: Rebuilt = { response, unkept };
  for (const exchange of later) {
    const next = joinedWith(rebuilt, exchange, mode);
    if (typeof next === 'string') return `#${exchange.id}: ${next}`;
    rebuilt = next;
  }
  return rebuilt;
}

// RFC 9110 §15.3.7.2: several parts, or what is not understood.
function unstorablePart({ status, isPart }: StoredResponse): string | null {
  return status === 206 && !isPart ? 'a 206 without one range' : null;
}

function joinedWith({ response, unkept }: Rebuilt, exchange: Exchange, mode: Mode): Rebuilt | string {
  if (unkept !== null) return `what came before must not be stored: ${unkept}`;
  if (exchange.answer === null || exchange.resource !== response.last.resource) return 'not of this resource';
  if (!isSelectedBy(response, exchange.request)) return 'its request selects another variant';
  const next = update(response, exchange, mode);
  if (typeof next === 'string') return next;
  const broken = exchange.answer.complete ? null : BROKEN;
  return { response: next, unkept: broken ?? whyNotKept(next, exchange.request, mode) };
}

function update(response: StoredResponse, exchange: Exchange, mode: Mode): StoredResponse | string {
  if (exchange.answer!.status === 304) return freshened(response, exchange, mode);
  if (exchange.method === 'HEAD') return freshenedByHead(response, exchange, mode);
  return combined(response, exchange, mode);
}
