import { createSlidingWindow, type SlidingWindow, takeFrom } from '../sliding-window.ts';
import type { RateRule, TakeResult } from '../store.ts';
import type { ExpiryIndex } from './expiry-index.ts';
import { type LmdbTree, read } from './lmdb-module.ts';
import { recordKey } from './record-keys.ts';
import { HEADER_BYTES, newRecord, stampOf } from './records.ts';
import type { Turn } from './write-turns.ts';

/** Sliding windows that all processes count in. */
export interface RateWindows {
  take(turn: Turn, key: string, rules: readonly RateRule[], count: number): TakeResult;
}

/** A window is written as limit, width and number of slots, then each slot's end and count: doubles. */
const NUMBER_BYTES = 8;
const HEAD_NUMBERS = 3;

export function createRateWindows(records: LmdbTree, index: ExpiryIndex): RateWindows {
  return {
    take(turn, key, rules, count) {
      const name = recordKey('r', key);
      const before = read(records, name);
      const windows = (before && decode(before, rules)) ?? rules.map(createSlidingWindow);
      const result = takeFrom(windows, turn.now, count);
      const expiresAt = turn.now + Math.max(1, ...result.rules.map((rule) => rule.resetAfterMs));
      const stamp = before === undefined ? turn.stamp() : stampOf(before);
      if (before === undefined) index.add('y', expiresAt, stamp, name);
      records.put(name, encode(windows, expiresAt, stamp));
      return result;
    },
  };
}

function encode(windows: readonly SlidingWindow[], expiresAt: number, stamp: number): Buffer {
  const numbers = windows.flatMap(({ limit, windowMs, size, head, capacity, ends, counts }) => [
    ...[limit, windowMs, size],
    ...Array.from({ length: size }, (_, i) => {
      const at = (head + i) % capacity;
      return [ends[at]!, counts[at]!];
    }).flat(),
  ]);
  const record = newRecord(expiresAt, stamp, numbers.length * NUMBER_BYTES);
  for (const [i, number] of numbers.entries()) record.writeDoubleLE(number, HEADER_BYTES + i * NUMBER_BYTES);
  return record;
}

/** `null` when it was counted by other rules. */
function decode(record: Buffer, rules: readonly RateRule[]): SlidingWindow[] | null {
  const windows: SlidingWindow[] = [];
  let at = HEADER_BYTES;
  const next = () => {
    const number = record.readDoubleLE(at);
    at += NUMBER_BYTES;
    return number;
  };
  for (const rule of rules) {
    if (at + HEAD_NUMBERS * NUMBER_BYTES > record.length) return null;
    if (next() !== rule.limit || next() !== rule.windowMs) return null;
    const window = createSlidingWindow(rule);
    window.size = next();
    for (let i = 0; i < window.size; i++) {
      window.ends.push(next());
      window.counts.push(next());
      window.total += window.counts[i]!;
    }
    windows.push(window);
  }
  return at === record.length ? windows : null;
}
