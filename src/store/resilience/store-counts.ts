import { hasCode } from '../../errors.ts';
import type { Store } from '../store.ts';

/** What a store is asked for, by the name of the method. */
export type StoreOperation =
  | 'get'
  | 'set'
  | 'replace'
  | 'delete'
  | 'take'
  | 'begin'
  | 'renew'
  | 'end'
  | 'drop'
  | 'dropTagged'
  | 'members'
  | 'confirmed'
  | 'add'
  | 'counters'
  | 'usage'
  | 'ping';

/** How calls went since the start. */
export interface CallCounts {
  timeouts: number;
  /** Answered with an error, or not at all for want of a connection. */
  failures: number;
  /** Not made, since a circuit was open. */
  refused: number;
}

export interface OperationCounts extends CallCounts {
  /** All that were asked for, those that failed or were refused included. */
  calls: number;
}

export interface StoreCounts extends CallCounts {
  /** Changes of state to `unwritable` and `away`. */
  outages: number;
  /** What is dropped on several shards is a call for each group, and counters there for each key. */
  readonly operations: Readonly<Record<StoreOperation, OperationCounts>>;
}

const OPERATIONS = [
  ...(['get', 'set', 'replace', 'delete', 'take', 'begin', 'renew', 'end', 'drop', 'dropTagged'] as const),
  ...(['members', 'confirmed', 'add', 'counters', 'usage', 'ping'] as const),
] satisfies readonly (StoreOperation & keyof Store)[];

export function createStoreCounts(): StoreCounts {
  const none = () => ({ calls: 0, timeouts: 0, failures: 0, refused: 0 });
  const operations = Object.fromEntries(OPERATIONS.map((name) => [name, none()]));
  const byName = operations as Record<StoreOperation, OperationCounts>;
  return { timeouts: 0, failures: 0, refused: 0, outages: 0, operations: byName };
}

export function countRefusal(counts: StoreCounts, operation: StoreOperation): void {
  counts.refused += 1;
  counts.operations[operation].refused += 1;
}

export function countFailure(counts: StoreCounts, operation: StoreOperation, error: unknown): void {
  const kind = hasCode(error, 'ERR_STORE_TIMEOUT') ? 'timeouts' : 'failures';
  counts[kind] += 1;
  counts.operations[operation][kind] += 1;
}
