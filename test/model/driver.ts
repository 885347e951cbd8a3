import { createEpisode, type Fault } from './episode.ts';
import { createRandom, scrambled } from './random.ts';
import type { Mode } from './rfc/keeping.ts';
import type { CreateSubject } from './subject.ts';

export interface RunOptions {
  readonly seed: number;
  readonly steps: number;
  readonly mode: Mode;
  readonly createSubject: CreateSubject;
  /** Where to begin; to run the one episode again that failed. */
  readonly fromEpisode?: number;
}

export interface Report {
  readonly steps: number;
  /** Requests with GET and HEAD, and those of them that were answered without the origin. */
  readonly reads: number;
  readonly hits: number;
  readonly exchanges: number;
  readonly fault: (Fault & { readonly episode: number }) | null;
}

/** After so many steps all begins anew, so that no history grows without end. */
const STEPS_OF_AN_EPISODE = 400;

/** Tries a cache with random requests, origins' answers and moves of the clock, until the model forbids an answer. */
export async function runModel(options: RunOptions): Promise<Report> {
  const { seed, mode, createSubject } = options;
  const sum = { steps: 0, reads: 0, hits: 0, exchanges: 0 };
  for (let number = options.fromEpisode ?? 0; sum.steps < options.steps; number++) {
    const random = createRandom(scrambled(seed) + number);
    const episode = createEpisode(random, mode, createSubject);
    let fault: Fault | null = null;
    const end = Math.min(options.steps, sum.steps + STEPS_OF_AN_EPISODE);
    while (fault === null && sum.steps < end) {
      fault = await episode.step();
      sum.steps += 1;
    }
    const { clients, exchanges } = episode.history;
    const reads = clients.filter(({ method }) => method === 'GET' || method === 'HEAD');
    sum.reads += reads.length;
    sum.hits += reads.filter(({ answer }) => answer?.hit).length;
    sum.exchanges += exchanges.length;
    if (fault !== null) return { ...sum, fault: { ...fault, episode: number } };
  }
  return { ...sum, fault: null };
}
