import type { WarmPace } from './warm-pace.ts';
import type { WarmResult } from './warm-result.ts';

/** Fetches a URL; the signal ends it. A rejection is a failure, too. */
export type WarmOne = (url: string, signal: AbortSignal) => Promise<WarmResult>;

/** What became of an item; `stopped`: nothing, its job has ended or goes on elsewhere. */
export type ItemResult = Exclude<WarmResult, { kind: 'later' }> | { readonly kind: 'stopped' };

/** Fetches items, each again while its origin says "later". */
export interface ItemFetcher {
  fetch(url: string): Promise<ItemResult>;
  /** Ends what is under way. */
  abort(): void;
}

export interface ItemFetcherOptions {
  readonly warmOne: WarmOne;
  readonly pace: WarmPace;
  /** Whether the store can be asked: what failed while it could not is tried again. Never rejects. */
  readonly storeAnswers: () => Promise<boolean>;
  /** The least wait before the first retry; it is doubled for each further one. */
  readonly retryMs: number;
}

const MAX_RETRIES = 5;
/** The longest of all waits before a retry, whatever the origin says. */
const MAX_WAIT_MS = 600_000;
/** An origin has its own deadlines; this is for what has none. */
const ITEM_DEADLINE_MS = 600_000;
const STOPPED: ItemResult = { kind: 'stopped' };

export function createItemFetcher(options: ItemFetcherOptions): ItemFetcher {
  const { warmOne, pace, storeAnswers, retryMs } = options;
  const underWay = new Set<AbortController>();

  /** `null`: it was aborted. Never rejects, and waits for nothing that doesn't heed its signal. */
  async function ask(url: string): Promise<WarmResult | null> {
    const controller = new AbortController();
    const { signal } = controller;
    let timer: NodeJS.Timeout | undefined;
    const ended = new Promise<null>((resolve) => {
      signal.addEventListener('abort', () => resolve(null), { once: true });
    });
    const late = new Promise<WarmResult>((resolve) => {
      timer = setTimeout(resolve, ITEM_DEADLINE_MS, LATE).unref();
    });
    underWay.add(controller);
    try {
      return await Promise.race([warmOne(url, signal), ended, late]);
    } catch (error) {
      return signal.aborted ? null : { kind: 'failed', reason: messageOf(error) };
    } finally {
      clearTimeout(timer);
      underWay.delete(controller);
      controller.abort();
    }
  }

  /** What is to be made of a failure. */
  async function judged(result: WarmResult): Promise<WarmResult> {
    if (result.kind !== 'failed' || (await storeAnswers())) return result;
    return { kind: 'later', afterMs: null, reason: `${result.reason} (the store was away)` };
  }

  return {
    async fetch(url) {
      for (let tries = 1; ; tries += 1) {
        if (!(await pace.turn())) return STOPPED;
        const asked = await ask(url);
        if (asked === null) {
          pace.back('done');
          return STOPPED;
        }
        const result = await judged(asked);
        if (result.kind !== 'later') {
          pace.back('done');
          return result;
        }
        // What an origin says is enough, once.
        const leastMs = result.afterMs !== null && tries === 1 ? 0 : retryMs * 2 ** (tries - 1);
        const waitMs = Math.min(MAX_WAIT_MS, Math.max(leastMs, result.afterMs ?? 0));
        pace.back('later', waitMs);
        if (tries > MAX_RETRIES) return { kind: 'failed', reason: result.reason };
      }
    },
    abort() {
      for (const controller of underWay) controller.abort();
    },
  };
}

const LATE: WarmResult = { kind: 'failed', reason: `not answered in ${ITEM_DEADLINE_MS / 1000} s` };

/** What a rejection says, for people. */
export function messageOf(error: unknown): string {
  return error instanceof Error && error.message !== '' ? error.message : 'Internal error';
}
