import { isOpen } from './job-head.ts';
import type { WarmStore } from './warm-store.ts';

export interface JobSearchOptions {
  readonly store: Pick<WarmStore, 'keys' | 'findAll'>;
  /** Goes on with a job if nobody is at it. */
  readonly take: (key: string) => Promise<void>;
  /** Whether this process is at it. */
  readonly isHere: (key: string) => boolean;
  /** 0: nothing is looked for. */
  readonly everyMs: number;
}

export interface JobSearch {
  stop(): void;
}

/** The first look comes behind the start. */
const FIRST_MS = 250;
/** Jobs that others are at are looked at more often than new ones are looked for: so soon one that is left goes on. */
const LOOKS_PER_SEARCH = 5;

/** Looks for jobs that nobody is at: whoever was has died, or has left them. A store that is away is asked the next time. */
export function createJobSearch({ store, take, isHere, everyMs }: JobSearchOptions): JobSearch {
  /** Nothing changes in them any more. */
  let ended = new Set<string>();
  let open: readonly string[] = [];
  let looks = 0;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;

  async function search(): Promise<void> {
    const keys = await store.keys();
    const unknown = keys.filter((key) => !ended.has(key));
    const jobs = await store.findAll(unknown);
    open = jobs.filter(({ head }) => isOpen(head)).map(({ key }) => key);
    const isEnded = new Set(jobs.filter(({ head }) => !isOpen(head)).map(({ key }) => key));
    ended = new Set(keys.filter((key) => ended.has(key) || isEnded.has(key)));
  }

  async function look(): Promise<void> {
    try {
      if (looks % LOOKS_PER_SEARCH === 0) await search();
      looks += 1;
      for (const key of open) if (!stopped && !isHere(key)) await take(key);
    } catch {
      looks = 0;
    }
    later(everyMs / LOOKS_PER_SEARCH);
  }

  function later(ms: number): void {
    if (stopped || everyMs === 0) return;
    timer = setTimeout(() => void look(), ms).unref();
  }

  later(Math.min(FIRST_MS, everyMs));
  return {
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
