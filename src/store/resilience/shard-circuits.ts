import type { Clock } from '../../clock.ts';
import { CachegateError, type ErrorCode, hasCode } from '../../errors.ts';
import { isOfOneKey } from '../store-errors.ts';
import { type Circuit, createCircuit } from './circuit.ts';
import type { CircuitBreakerOptions } from './circuit-breaker.ts';

/** What a shard can do: `unwritable`: it is read, and takes no writes (its memory is full, say). */
export type ShardState = 'available' | 'unwritable' | 'away';

/** The circuits of one shard. */
export interface ShardCircuits {
  readonly calls: Circuit;
  /** For calls that need room or a primary. */
  readonly writes: Circuit;
  readonly state: ShardState;
}

export interface ShardCircuitsOptions {
  readonly breaker: CircuitBreakerOptions;
  readonly silentMs: number | null;
  readonly clock: Clock;
  readonly random: () => number;
  /** How it is asked between calls whether it is back; `null`: it is not, calls find out. */
  readonly probes: {
    /** Asks the shard anything; rejects when it does not answer. */
    readonly any: () => Promise<unknown>;
    /** Writes something brief there. */
    readonly write: () => Promise<unknown>;
  } | null;
  readonly onChange: (shard: string, state: ShardState, error: unknown) => void;
}

/** Errors that say nothing about whether the store answers. */
const NO_FAILURE: ReadonlySet<ErrorCode> = new Set([
  'ERR_STORE_VALUE_TOO_LARGE',
  'ERR_STORE_OVERLOADED',
  'ERR_STORE_CLOSED',
  'ERR_STORE_UNWRITABLE',
]);

function isFailure(error: unknown): boolean {
  return !(error instanceof CachegateError && (NO_FAILURE.has(error.code) || isOfOneKey(error)));
}

/** One refusal is enough: it says that others will follow. */
const WRITES: CircuitBreakerOptions = { failures: 1, timeouts: 1 };

export function createShardCircuits(shard: string, options: ShardCircuitsOptions): ShardCircuits {
  const { probes, onChange } = options;
  const { silentMs, clock, random } = options;
  const state = (): ShardState => {
    if (calls.refusal !== null) return 'away';
    return writes.refusal === null ? 'available' : 'unwritable';
  };
  const calls = createCircuit({
    breaker: options.breaker,
    refusal: 'Store unavailable',
    isFailure,
    // Where too many wait already, nobody was asked.
    isAnswer: (error) => !isFailure(error) && !hasCode(error, 'ERR_STORE_OVERLOADED'),
    ...{ probe: probes?.any ?? null, silentMs, clock, random },
    onChange: (error) => onChange(shard, state(), error),
  });
  const writes = createCircuit({
    breaker: WRITES,
    refusal: 'Store takes no writes',
    isFailure: (error) => hasCode(error, 'ERR_STORE_UNWRITABLE'),
    // A refusal for another reason: the next write will tell. No answer at all tells nothing.
    isAnswer: (error) => hasCode(error, 'ERR_STORE_REFUSED'),
    ...{ probe: probes?.write ?? null, silentMs: null, clock, random },
    onChange: (error) => {
      // While nothing is answered at all, that is what counts.
      if (calls.refusal === null) onChange(shard, state(), error);
    },
  });
  return {
    calls,
    writes,
    get state() {
      return state();
    },
  };
}
