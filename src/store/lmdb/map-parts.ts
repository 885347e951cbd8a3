import type { Clock } from '../../clock.ts';
import { type Counters, createCounters } from './counters.ts';
import { createExpiryIndex, type ExpiryIndex } from './expiry-index.ts';
import { createFills, type Fills } from './fills.ts';
import { createJournal, type Journal } from './journal.ts';
import type { OpenMap } from './open-map.ts';
import { createRateWindows, type RateWindows } from './rate-windows.ts';
import { createSpace, type Space } from './space.ts';
import { createSweep, type Sweep } from './sweep.ts';
import { createTagMembers, type TagMembers } from './tag-members.ts';
import { createValues, type Values } from './values.ts';

/** What a map holds, each kind of record with those who read and write it. */
export interface MapParts {
  readonly index: ExpiryIndex;
  readonly values: Values;
  readonly members: TagMembers;
  readonly fills: Fills;
  readonly windows: RateWindows;
  readonly counters: Counters;
  readonly journal: Journal;
  readonly sweep: Sweep;
  readonly space: Space;
}

export function createMapParts({ records, pieces }: OpenMap, limitBytes: number, clock: Clock): MapParts {
  const index = createExpiryIndex(records);
  const values = createValues(records, pieces, index);
  const members = createTagMembers(records, index);
  const sweep = createSweep(records, index, values, members);
  const space = createSpace(records, [records, pieces], limitBytes, clock, sweep);
  return {
    index,
    values,
    members,
    sweep,
    fills: createFills(records, index, members),
    windows: createRateWindows(records, index),
    journal: createJournal(records),
    space,
    counters: createCounters(records, values, space),
  };
}
