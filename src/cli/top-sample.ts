import type { Stats, StatsOff } from '../statistics/stats.ts';
import type { AdminClient } from './admin-client.ts';
import { isFlag, isNumber, isText, shapeOf } from './answer-shape.ts';
import { type Exposition, parseExposition } from './exposition.ts';
import { isStats } from './stats.ts';

/** What a server said of itself at an instant. */
export interface TopSample {
  readonly atMs: number;
  readonly ready: Ready;
  readonly stats: Stats | StatsOff;
  /** `null`: it has no `/metrics`. */
  readonly metrics: Exposition | null;
}

export interface Ready {
  readonly status: string;
  readonly store: { readonly type: string; readonly state: string };
  readonly sessions?: { readonly mode: string; readonly degraded: boolean; readonly kept: number };
  readonly workers?: { readonly ready: number; readonly configured: number };
}

const optional = (check: (found: unknown) => boolean) => (found: unknown) =>
  found === undefined || check(found);
const isReady = shapeOf<Ready>({
  status: isText,
  store: shapeOf<Ready['store']>({ type: isText, state: isText }),
  sessions: optional(
    shapeOf<NonNullable<Ready['sessions']>>({ mode: isText, degraded: isFlag, kept: isNumber }),
  ),
  workers: optional(shapeOf<NonNullable<Ready['workers']>>({ ready: isNumber, configured: isNumber })),
});

/** Entries and TTLs are looked up in the store: not every second. */
const STATS_EVERY_MS = 5_000;

/** Takes samples one after the other; @throws CommandFailure */
export function createSampler(client: AdminClient): () => Promise<TopSample> {
  let stats: { readonly found: Stats | StatsOff; readonly atMs: number } | null = null;
  return async () => {
    const ready = await client.ask('GET', '/readyz', isReady, { also: [503] });
    const text = await client.text('/metrics');
    const metrics = text === null ? null : parseExposition(text);
    // Without metrics they are what rates are made of.
    if (stats === null || metrics === null || Date.now() - stats.atMs >= STATS_EVERY_MS) {
      stats = { found: await client.ask('GET', '/stats', isStats), atMs: Date.now() };
    }
    return { atMs: Date.now(), ready, stats: stats.found, metrics };
  };
}
