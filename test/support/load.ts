import { Pool } from 'undici';

export interface Load {
  /** How many answers came, by status; `failed` for those that broke off. */
  readonly counts: Map<number | 'failed', number>;
  /** The longest that one answer took, in milliseconds. */
  slowestMs(): number;
  /** Resolves when so many more answers have come. */
  more(answers: number): Promise<void>;
  stop(): Promise<void>;
}

/** Keeps `connections` requests under way until it is stopped, or `limit` have been answered. */
export function startLoad(
  url: string,
  request: { readonly path: string; readonly headers: Record<string, string> },
  connections: number,
  limit = 200_000,
): Load {
  const pool = new Pool(url, { connections });
  const counts = new Map<number | 'failed', number>();
  let total = 0;
  let slowest = 0;
  let stopped = false;

  async function one(): Promise<void> {
    const startedAt = performance.now();
    let outcome: number | 'failed' = 'failed';
    try {
      const response = await pool.request({ method: 'GET', ...request });
      await response.body.dump();
      outcome = response.statusCode;
    } catch {
      // Counted as failed.
    }
    slowest = Math.max(slowest, performance.now() - startedAt);
    counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
    total++;
  }
  const workers = Array.from({ length: connections }, async () => {
    while (!stopped && total < limit) await one();
  });

  return {
    counts,
    slowestMs: () => slowest,
    async more(answers) {
      const until = total + answers;
      while (total < until && total < limit) await new Promise((resolve) => setTimeout(resolve, 5));
    },
    async stop() {
      stopped = true;
      await Promise.all(workers);
      await pool.close();
    },
  };
}
