import { setImmediate as breathe } from 'node:timers/promises';
import { parseRequestTarget, type TargetRefusal } from '../http/request-target.ts';
import { refusedId, refusedUrl } from './refused-url.ts';

/** What a job is asked for once: a text, or what can't be asked for. */
export type WarmItem = string | BadItem;

export interface BadItem {
  /** As it is shown: cut, without control characters. */
  readonly bad: string;
  readonly reason: string;
}

/** A value that was asked for: as it is fetched, or why it can't be. */
export type Checked = { readonly item: string } | { readonly reason: string };

export interface DistinctItems {
  /** Bad ones too. */
  readonly items: readonly WarmItem[];
  readonly duplicates: number;
}

/** Checked in one go; requests wait meanwhile. */
const AT_ONCE = 1_000;

export const MAX_ID_LENGTH = 256;
export const MAX_URL_LENGTH = 4_096;
const MAX_SHOWN_LENGTH = 256;
// Half a pair of surrogates has no percent-encoding.
const CONTROL = /[\p{Cc}\p{Cs}]/u;

/** Each value once, by what is asked for: 7 and "7" are one. A bad one is one of them, and spoils none but itself. */
export async function distinctItems(
  given: Iterable<unknown>,
  check: (value: unknown) => Checked,
): Promise<DistinctItems> {
  const good = new Set<string>();
  const bad = new Set<string>();
  const items: WarmItem[] = [];
  let count = 0;
  for (const value of given) {
    count += 1;
    if (count % AT_ONCE === 0) await breathe();
    const checked = check(value);
    const isGood = 'item' in checked;
    const known = isGood ? good : bad;
    const name = isGood ? checked.item : `${typeof value} ${textOf(value)}`;
    if (known.has(name)) continue;
    known.add(name);
    items.push(isGood ? checked.item : { bad: shown(value), reason: checked.reason });
  }
  return { items, duplicates: count - items.length };
}

/** An id: a text of 1 to 256 characters without control characters, or a whole number. */
export function checkedId(value: unknown): Checked {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return { item: String(value) };
  if (typeof value !== 'string') return { reason: 'an id is a text or a whole number' };
  if (value === '') return { reason: 'the id is empty' };
  if (value.length > MAX_ID_LENGTH) return { reason: `an id has at most ${MAX_ID_LENGTH} characters` };
  if (CONTROL.test(value)) return { reason: 'the id has a control character, or half of one character' };
  if (value === '.' || value === '..') return { reason: 'the id is a dot segment' };
  return { item: value };
}

/** An id of which the template makes a URL that requests can have. */
export function checkedTemplateId(template: string): (value: unknown) => Checked {
  return (value) => {
    const checked = checkedId(value);
    if (!('item' in checked)) return checked;
    const refusal = refusalOf(urlFor(template, checked.item), refusedId);
    return refusal === null ? checked : { reason: refusal };
  };
}

/** Path and query of a URL; its host says nothing. */
export function checkedUrl(value: unknown): Checked {
  if (typeof value !== 'string') return { reason: 'a URL is a text' };
  if (value.length > MAX_URL_LENGTH) return { reason: TOO_LONG };
  const parsed = parseRequestTarget(value);
  if (!parsed.ok) return { reason: refusedUrl(parsed.reason) };
  return { item: parsed.query === undefined ? parsed.path : `${parsed.path}?${parsed.query}` };
}

function refusalOf(url: string, inWords: (reason: TargetRefusal) => string): string | null {
  if (url.length > MAX_URL_LENGTH) return TOO_LONG;
  const parsed = parseRequestTarget(url);
  return parsed.ok ? null : inWords(parsed.reason);
}

const TOO_LONG = `a URL has at most ${MAX_URL_LENGTH} characters`;

/** The URL of an id, which stands in it percent-encoded. */
export function urlFor(template: string, id: string): string {
  return template.replace('{id}', () => encodeURIComponent(id));
}

function shown(value: unknown): string {
  const isPlain = typeof value === 'string' && value !== '' && !CONTROL.test(value);
  const text = isPlain ? value : textOf(value);
  return text.length <= MAX_SHOWN_LENGTH ? text : `${text.slice(0, MAX_SHOWN_LENGTH)}…`;
}

function textOf(value: unknown): string {
  try {
    return JSON.stringify(value) ?? typeof value;
  } catch {
    return typeof value;
  }
}
