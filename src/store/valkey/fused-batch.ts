import type { CachegateError } from '../../errors.ts';
import type { RateRule, RuleState, StoredValue, TakeResult } from '../store.ts';

interface Waiting<T> {
  resolve(value: T): void;
  reject(error: CachegateError): void;
}

interface Read extends Waiting<(StoredValue | null)[]> {
  /** Where in the batch's keys those of this read are. */
  readonly places: readonly number[];
}

interface Takes {
  readonly key: string;
  readonly rulesText: string;
  readonly ruleCount: number;
  readonly waiting: (Waiting<TakeResult> & { readonly count: number })[];
}

/** What is asked for in one call of the fused script. Equal keys are asked for once. */
export interface FusedBatch {
  /** Keys and requests asked for, equal ones counted each. */
  size: number;
  readonly readKeys: string[];
  readonly placeByKey: Map<string, number>;
  readonly reads: Read[];
  readonly takes: Takes[];
  readonly takesByKey: Map<string, Takes>;
}

export function createFusedBatch(): FusedBatch {
  return { size: 0, readKeys: [], placeByKey: new Map(), reads: [], takes: [], takesByKey: new Map() };
}

export function addRead(batch: FusedBatch, keys: readonly string[]): Promise<(StoredValue | null)[]> {
  batch.size += keys.length;
  const places = keys.map((key) => placeOf(batch, key));
  return new Promise((resolve, reject) => batch.reads.push({ places, resolve, reject }));
}

function placeOf(batch: FusedBatch, key: string): number {
  const known = batch.placeByKey.get(key);
  if (known !== undefined) return known;
  const place = batch.readKeys.push(key) - 1;
  batch.placeByKey.set(key, place);
  return place;
}

export function addTake(
  batch: FusedBatch,
  key: string,
  rules: readonly RateRule[],
  count: number,
): Promise<TakeResult> {
  batch.size += 1;
  const takes = takesOf(batch, key, rules);
  return new Promise((resolve, reject) => takes.waiting.push({ count, resolve, reject }));
}

function takesOf(batch: FusedBatch, key: string, rules: readonly RateRule[]): Takes {
  const rulesText = textOf(rules);
  const known = batch.takesByKey.get(key);
  if (known !== undefined && known.rulesText === rulesText) return known;
  const takes: Takes = { key, rulesText, ruleCount: rules.length, waiting: [] };
  batch.takes.push(takes);
  batch.takesByKey.set(key, takes);
  return takes;
}

const rulesTexts = new WeakMap<readonly RateRule[], string>();

function textOf(rules: readonly RateRule[]): string {
  let text = rulesTexts.get(rules);
  if (text === undefined) {
    text = rules.map(({ limit, windowMs }) => `${limit}/${windowMs}`).join(',');
    rulesTexts.set(rules, text);
  }
  return text;
}

/** The number of keys, the KEYS and the ARGV of the fused script. */
export function scriptArguments(batch: FusedBatch): (string | number)[] {
  const args: (string | number)[] = [batch.readKeys.length + batch.takes.length];
  for (const key of batch.readKeys) args.push(key);
  for (const { key } of batch.takes) args.push(key);
  args.push(batch.readKeys.length);
  for (const { rulesText, waiting } of batch.takes) {
    args.push(
      rulesText,
      waiting.reduce((sum, { count }) => sum + count, 0),
    );
  }
  return args;
}

type ToError = (error: unknown) => CachegateError;

/** Gives each caller its part of the fused script's reply. */
export function resolveBatch(batch: FusedBatch, reply: readonly unknown[], toError: ToError): void {
  const values = batch.readKeys.map((_, place) =>
    storedValue(reply[place * 2], reply[place * 2 + 1], toError),
  );
  for (const read of batch.reads) resolveRead(read, values);
  let at = batch.readKeys.length * 2;
  for (const takes of batch.takes) at = resolveTakes(takes, reply, at, toError);
}

export function rejectBatch(batch: FusedBatch, error: CachegateError): void {
  for (const read of batch.reads) read.reject(error);
  for (const { waiting } of batch.takes) for (const take of waiting) take.reject(error);
}

/** A key without an expiry (-1), which is none of ours, is held to last for ever. */
function storedValue(bytes: unknown, ttlMs: unknown, toError: ToError): StoredValue | null | CachegateError {
  if (bytes instanceof Error) return toError(bytes);
  if (bytes === null || ttlMs === 0) return null;
  return { bytes: bytes as Buffer, expiresInMs: ttlMs === -1 ? Number.MAX_SAFE_INTEGER : (ttlMs as number) };
}

function resolveRead(read: Read, values: readonly (StoredValue | null | CachegateError)[]): void {
  const found: (StoredValue | null)[] = [];
  for (const place of read.places) {
    const value = values[place]!;
    if (value instanceof Error) {
      read.reject(value);
      return;
    }
    found.push(value);
  }
  read.resolve(found);
}

/** Answers where the next part of the reply begins. */
function resolveTakes(
  { waiting, ruleCount }: Takes,
  reply: readonly unknown[],
  at: number,
  toError: ToError,
): number {
  const first = reply[at];
  if (first instanceof Error) {
    const error = toError(first);
    for (const take of waiting) take.reject(error);
    return at + 1;
  }
  const retryAfterMs = reply[at + 1] as number;
  const end = at + 2 + ruleCount * 2;
  let left = first as number;
  for (const { count, resolve } of waiting) {
    const taken = Math.min(count, left);
    left -= taken;
    const allowed = taken === count;
    resolve({
      allowed,
      retryAfterMs: allowed ? 0 : retryAfterMs,
      rules: rulesFrom(reply, at + 2, end, left),
    });
  }
  return end;
}

/** The rules' states as they were when `later` of the allowed requests were still to be counted. */
function rulesFrom(reply: readonly unknown[], start: number, end: number, later: number): RuleState[] {
  const rules: RuleState[] = [];
  for (let at = start; at < end; at += 2) {
    rules.push({ remaining: (reply[at] as number) + later, resetAfterMs: reply[at + 1] as number });
  }
  return rules;
}
