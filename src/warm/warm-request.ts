import { CachegateError } from '../errors.ts';
import {
  checkedTemplateId,
  checkedUrl,
  type DistinctItems,
  distinctItems,
  type WarmItem,
} from './warm-items.ts';
import type { WarmRequest } from './warm-job.ts';

/** A request that was checked. */
export interface WarmOrder extends DistinctItems {
  /** What makes URLs of the items; `null`: they are URLs. */
  readonly template: string | null;
  readonly concurrency: number;
}

export interface WarmDefaults {
  readonly template: string | null;
  readonly concurrency: number;
  readonly hottest: (count: number) => Promise<readonly string[]>;
}

export const MAX_ITEMS = 100_000;
export const MAX_CONCURRENCY = 64;
const MAX_HOT = 10_000;
/** Of all items together, in characters: they lie in the store while the job runs. */
const MAX_TEXT_LENGTH = 32 * 1024 * 1024;

/**
 * Checks what a caller asks for. What is wrong with one item is that item's own failure.
 * @throws CachegateError `ERR_WARM_INVALID`, or what `hottest` throws
 */
export async function checkedWarm(request: WarmRequest, defaults: WarmDefaults): Promise<WarmOrder> {
  const concurrency = checkedConcurrency(request.concurrency ?? defaults.concurrency);
  const { urls, ids, hot } = request;
  const given = [urls, ids, hot].filter((each) => each !== undefined);
  if (given.length !== 1) throw invalidWarm('What is to be warmed is given by one of urls, ids and hot');
  if (ids === undefined && request.template !== undefined) throw invalidWarm('A template goes with ids');
  if (ids !== undefined) {
    const template = checkedTemplate(request.template ?? defaults.template);
    return { ...(await checkedList(ids, checkedTemplateId(template))), template, concurrency };
  }
  const targets = urls ?? (await defaults.hottest(checkedHot(hot)));
  return { ...(await checkedList(targets, checkedUrl)), template: null, concurrency };
}

async function checkedList(
  given: unknown,
  check: Parameters<typeof distinctItems>[1],
): Promise<DistinctItems> {
  if (!Array.isArray(given)) throw invalidWarm('What is to be warmed is a list');
  if (given.length > MAX_ITEMS) throw invalidWarm(`A job warms at most ${MAX_ITEMS} URLs or ids`);
  const distinct = await distinctItems(given, check);
  const length = distinct.items.reduce((sum, item) => sum + lengthOf(item), 0);
  if (length > MAX_TEXT_LENGTH) throw invalidWarm('The URLs or ids are too long together: make several jobs');
  return distinct;
}

function lengthOf(item: WarmItem): number {
  return typeof item === 'string' ? item.length : item.bad.length;
}

function checkedTemplate(template: unknown): string {
  if (template === null) {
    throw invalidWarm('Ids need a template, such as /api/anime/{id}: in the request, or as warm.template');
  }
  const isSound =
    typeof template === 'string' &&
    template.startsWith('/') &&
    template.split('{id}').length === 2 &&
    'item' in checkedTemplateId(template)('x');
  if (!isSound) throw invalidWarm('A template is a path with {id} in it once, such as /api/anime/{id}');
  return template;
}

/** @throws CachegateError `ERR_WARM_INVALID` */
export function checkedConcurrency(concurrency: unknown): number {
  if (isWholeNumber(concurrency, MAX_CONCURRENCY)) return concurrency;
  throw invalidWarm(`The concurrency is a whole number from 1 to ${MAX_CONCURRENCY}`);
}

function checkedHot(hot: unknown): number {
  if (isWholeNumber(hot, MAX_HOT)) return hot;
  throw invalidWarm(`How many of the hottest is a whole number from 1 to ${MAX_HOT}`);
}

function isWholeNumber(value: unknown, most: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= most;
}

export function invalidWarm(message: string): CachegateError {
  return new CachegateError('ERR_WARM_INVALID', message);
}
