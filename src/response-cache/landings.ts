import { decide } from '../engine/decision.ts';
import { variantKey } from '../engine/selection.ts';
import type { CacheRequest } from './cache-request.ts';
import type { Arriving, Elsewhere, Fill, Landing, Validated } from './fill.ts';
import { ANYONE } from './lookup.ts';

/** A landing that others than its own request may be answered with. */
export type Selected = Arriving | Validated | Elsewhere;

/** Whether a request that asks for nothing special could be answered by it. */
export function isShareable(landing: Landing, now: number): boolean {
  if (!isSelection(landing) || (landing.kind === 'validated' && !landing.storable)) return false;
  if (landing.kind === 'elsewhere') return true;
  return decide(ANYONE, landing.kind === 'arriving' ? landing : landing.entry, now).action === 'reuse';
}

// What one client did wrong says nothing of the answers to others.
export function isClientsFault(landing: Landing): boolean {
  return landing.kind === 'unshared' && landing.response.status >= 400 && landing.response.status <= 499;
}

// A failure says nothing of what comes in its place; only what was meant for one client alone does.
export function isStorable(landing: Landing): boolean {
  return landing.kind !== 'unshared' || landing.response.status >= 400;
}

export function isSelection(landing: Landing): landing is Selected {
  return landing.kind === 'arriving' || landing.kind === 'validated' || landing.kind === 'elsewhere';
}

export function selects(request: CacheRequest, { selection }: Selected): boolean {
  return variantKey(selection.nominated, request.facts) === selection.variant;
}

/** Whether a fill's request has the same values in these fields, so that both select the same response. */
export function alikeIn({ facts }: CacheRequest, nominated: readonly string[]): (fill: Fill) => boolean {
  if (nominated.length === 0) return () => true;
  const own = variantKey(nominated, facts);
  return (fill) => variantKey(nominated, fill.facts) === own;
}
