import type { MaybePromise } from '../store/store.ts';

/**
 * What an answer that takes its time was last: asked for at most once in `everyMs`, by all who ask together, and waited for
 * `waitMs` at most. `null` until there is one; a failure leaves what was known before. Never rejects.
 */
export function createLatest<T>(
  ask: () => MaybePromise<T | null>,
  { everyMs, waitMs }: { readonly everyMs: number; readonly waitMs: number },
): () => Promise<T | null> {
  let known: T | null = null;
  let askedAt = -Infinity;
  let asking: Promise<void> | null = null;

  async function renew(): Promise<void> {
    try {
      known = (await ask()) ?? known;
    } catch {
      // Whoever could not be asked tells so itself.
    }
  }

  return async () => {
    if (asking === null && performance.now() - askedAt >= everyMs) {
      askedAt = performance.now();
      asking = renew().finally(() => {
        asking = null;
      });
    }
    if (asking !== null) await atMost(waitMs, asking);
    return known;
  };
}

async function atMost(waitMs: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, waitMs);
  });
  await Promise.race([work, over]);
  clearTimeout(timer);
}
