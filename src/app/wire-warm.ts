import { randomUUID } from 'node:crypto';
import type { WarmObserver } from '../observe/observer.ts';
import { warmAll } from '../warm/warm-all.ts';

/** Warming by an application's own function, told as a server's jobs are. */
export interface AppWarm {
  readonly warm: typeof warmAll;
  /** Ends what is under way: it answers with its counts, and takes no more ids. */
  close(): void;
}

export function wireWarm(observer: WarmObserver): AppWarm {
  const closing = new AbortController();

  const warm: typeof warmAll = async (ids, one, options = {}) => {
    const job = randomUUID();
    const ending = endingWith(closing.signal, options.signal);
    const told: typeof one = async (id, signal) => {
      await one(id, signal);
      observer.warmed?.(job, id, null);
    };
    const onFailure = (id: string, reason: string) => {
      observer.warmed?.(job, id, reason);
      options.onFailure?.(id, reason);
    };
    observer.warmJobChanged?.(job, 'running');
    try {
      const counts = await warmAll(ids, told, { ...options, signal: ending.signal, onFailure });
      const isDone = counts.warmed_count + counts.failed_count === counts.total_requested;
      observer.warmJobChanged?.(job, isDone ? 'done' : 'cancelled');
      return counts;
    } catch (error) {
      observer.warmJobChanged?.(job, 'cancelled');
      throw error;
    } finally {
      ending.release();
    }
  };

  return { warm, close: () => closing.abort() };
}

/** Aborted with the first of two; lets go of both when it is released. */
function endingWith(closing: AbortSignal, own: AbortSignal | undefined) {
  const controller = new AbortController();
  const sources = own === undefined ? [closing] : [closing, own];
  const end = (source: AbortSignal) => controller.abort(source.reason);
  const listeners = sources.map((source) => [source, () => end(source)] as const);
  for (const [source, listener] of listeners) {
    if (source.aborted) listener();
    else source.addEventListener('abort', listener, { once: true });
  }
  const release = () => {
    for (const [source, listener] of listeners) source.removeEventListener('abort', listener);
  };
  return { signal: controller.signal, release };
}
