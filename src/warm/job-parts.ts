import type { WarmItem } from './warm-items.ts';

// The items of a job lie in parts of this many, and beside each part what became of them, a byte an item: what is
// written for every item that is done has to be small.

export const PART_SIZE = 250;

const FORMAT_VERSION = 1;
const HEADER_BYTES = 1;
const TO_DO = 0;
const WARMED = 1;
const FAILED = 2;

/** How many parts so many items make. */
export function partCount(total: number): number {
  return Math.ceil(total / PART_SIZE);
}

/** How many items each of them has. */
export function partLengths(total: number): number[] {
  return Array.from({ length: partCount(total) }, (_, part) => Math.min(PART_SIZE, total - part * PART_SIZE));
}

export function encodeItems(items: readonly WarmItem[]): Buffer {
  return Buffer.from(JSON.stringify({ v: FORMAT_VERSION, items }));
}

/** `null` for what another release has written in another form. */
export function decodeItems(bytes: Buffer): readonly WarmItem[] | null {
  try {
    const { v, items } = JSON.parse(bytes.toString()) as { v: number; items: WarmItem[] };
    return v === FORMAT_VERSION ? items : null;
  } catch {
    return null;
  }
}

/** Of a part of which nothing is done. */
export function newProgress(length: number): Buffer {
  const bytes = Buffer.alloc(HEADER_BYTES + length);
  bytes[0] = FORMAT_VERSION;
  return bytes;
}

/** Whether these bytes are of this form, for so many items. */
export function isProgress(bytes: Buffer, length: number): boolean {
  return bytes.length === HEADER_BYTES + length && bytes[0] === FORMAT_VERSION;
}

export function isToDo(progress: Buffer, offset: number): boolean {
  return progress[HEADER_BYTES + offset] === TO_DO;
}

/** Whether it was done in this way. */
export function isDone(progress: Buffer, offset: number, warmed: boolean): boolean {
  return progress[HEADER_BYTES + offset] === (warmed ? WARMED : FAILED);
}

/** A copy in which these items are done too (`true`: warmed). What was done before stays as it was. */
export function withDone(progress: Buffer, done: ReadonlyMap<number, boolean>): Buffer {
  const copy = Buffer.from(progress);
  for (const [offset, warmed] of done) {
    if (isToDo(copy, offset)) copy[HEADER_BYTES + offset] = warmed ? WARMED : FAILED;
  }
  return copy;
}

export interface Counts {
  readonly warmed: number;
  readonly failed: number;
}

export function countsOf(progress: Buffer): Counts {
  let warmed = 0;
  let failed = 0;
  for (let i = HEADER_BYTES; i < progress.length; i++) {
    if (progress[i] === WARMED) warmed += 1;
    else if (progress[i] === FAILED) failed += 1;
  }
  return { warmed, failed };
}
