import { CachegateError } from '../../errors.ts';

export interface Weight {
  readonly changes: number;
  readonly bytes: number;
}

/** The bound of what is kept while the store is away. */
export interface KeptRoom {
  readonly changes: number;
  has(weight: Weight): boolean;
  /** @throws CachegateError `ERR_SESSION_DEGRADED` when there is none */
  take(weight: Weight): void;
  free(weight: Weight): void;
}

const MAX_CHANGES = 10_000;
const MAX_BYTES = 64 * 1024 * 1024;

/** @param onChange told how many changes there are */
export function createKeptRoom(onChange: (changes: number) => void): KeptRoom {
  let changes = 0;
  let bytes = 0;
  const has = (weight: Weight) =>
    changes + weight.changes <= MAX_CHANGES && bytes + weight.bytes <= MAX_BYTES;

  function add(weight: Weight, sign: 1 | -1): void {
    changes += sign * weight.changes;
    bytes += sign * weight.bytes;
    onChange(changes);
  }

  return {
    get changes() {
      return changes;
    },
    has,
    take(weight) {
      if (has(weight)) return add(weight, 1);
      const message = `${MAX_CHANGES} changes, or ${MAX_BYTES} bytes of them, are kept until the store is back`;
      throw new CachegateError('ERR_SESSION_DEGRADED', `${message}; no more are`);
    },
    free: (weight) => add(weight, -1),
  };
}
