import { type Report, type RunOptions, runModel } from './driver.ts';
import { buildSubject } from './mutant.ts';
import type { Mutation } from './mutations.ts';
import { describeFault } from './transcript.ts';

/** A run of the model, with its fault in words. */
export interface Trial extends Report {
  readonly seed: number;
  readonly mode: RunOptions['mode'];
  /** The share of GET and HEAD that were answered without the origin. */
  readonly hitShare: number;
  /** `null` when the model allowed all that it saw. */
  readonly described: string | null;
}

// A cache that never answers can do nothing wrong; this one answers so many of the requests of the model itself.
export const LEAST_HIT_SHARE = 0.2;

export async function tryModel(options: RunOptions): Promise<Trial> {
  const report = await runModel(options);
  const { fault, hits, reads } = report;
  return {
    ...report,
    seed: options.seed,
    mode: options.mode,
    hitShare: hits / reads,
    described: fault === null ? null : describeFault(fault, options),
  };
}

export interface MutationTrial {
  readonly name: string;
  /** After how many steps each seed's run has found it; `null` when it was not found. */
  readonly steps: readonly (number | null)[];
  /** What the last of them has found. */
  readonly reason: string | undefined;
}

/** Whether the model sees what a mutation breaks, with each of the seeds, within so many steps. */
export async function tryMutation(
  mutation: Mutation,
  seeds: readonly number[],
  steps: number,
): Promise<MutationTrial> {
  const createSubject = await buildSubject(mutation);
  const reports: Report[] = [];
  for (const seed of seeds) reports.push(await runModel({ seed, steps, mode: 'safe', createSubject }));
  return {
    name: mutation.name,
    steps: reports.map((report) => (report.fault === null ? null : report.steps)),
    reason: reports.findLast(({ fault }) => fault !== null)?.fault?.reason,
  };
}
