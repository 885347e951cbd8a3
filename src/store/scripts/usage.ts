import { groupKeys } from '../group-keys.ts';
import { type Place, randomPlaces, shareOf } from '../random-places.ts';
import type { GroupUsage, Usage } from '../store.ts';
import { createScript, NOW, type RunScript } from './script.ts';

/** What one call is about, at most, since it holds up the server's other clients: tags, places, */
const MAX_TAGS = 100;
const MAX_PLACES = 100;
/** groups, with so many keys beside each base; or so many beside one. */
const MAX_GROUPS = 20;
const BESIDE = 16;
const MAX_BESIDE = 250;
/** Calls that are under way at once. */
const MAX_CALLS = 100;

/**
 *     KEYS   tags
 *     reply  for each, how many groups have it that have not expired
 */
const COUNT = createScript(`${NOW}
local reply = {}
for i, tag in ipairs(KEYS) do
  local count = redis.pcall('ZCOUNT', tag, '(' .. whole(now), '+inf')
  reply[i] = type(count) == 'number' and count or 0
end
return reply
`);

/**
 * Places are counted from the group that lasts longest: what expires meanwhile moves none.
 *
 *     KEYS   tags
 *     ARGV   for each place the number of its tag, and the place
 *     reply  the bases there
 */
const PICK = createScript(`
local reply = {}
for i = 1, #ARGV, 2 do
  local place = '-' .. (tonumber(ARGV[i + 1]) + 1)
  reply[#reply + 1] = redis.call('ZRANGE', KEYS[tonumber(ARGV[i])], place, place)[1]
end
return reply
`);

/**
 * What groups take up: their bases, and of what lies beside them a part, the longest lasting first.
 *
 *     KEYS   for each group its base and, where it has one, its set of keys
 *     ARGV   keys a group (2 or 1); from which place on keys beside the bases are looked at, and how many; 1 where the
 *            server may be asked what a key costs it
 *     reply  1 when it was; then for each group milliseconds left, bytes, number of keys beside the base
 */
const WEIGH = createScript(`
local stride, from, count, asks = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4] == '1'
local reply = {1}

local function cost(key)
  if asks then
    local bytes = redis.pcall('MEMORY', 'USAGE', key)
    if type(bytes) ~= 'table' then return bytes or 0 end
    asks = false
  end
  local length = redis.pcall('STRLEN', key)
  return #key + (type(length) == 'number' and length or 0)
end

for i = 1, #KEYS, stride do
  local longest, bytes, beside = 0, 0, 0
  local function weigh(key)
    local left = redis.call('PTTL', key)
    if left <= 0 then return end
    longest = math.max(longest, left)
    bytes = bytes + cost(key)
  end
  if from == 0 then weigh(KEYS[i]) end
  if stride > 1 then
    local keys = redis.pcall('ZRANGE', KEYS[i + 1], from, from + count - 1, 'REV')
    for _, key in ipairs(keys) do weigh(key) end
    beside = redis.pcall('ZCARD', KEYS[i + 1])
    if type(beside) ~= 'number' then beside = 0 end
    if from == 0 and beside > 0 then bytes = bytes + cost(KEYS[i + 1]) end
  end
  reply[#reply + 1] = longest
  reply[#reply + 1] = bytes
  reply[#reply + 1] = beside
end
reply[1] = asks and 1 or 0
return reply
`);

export interface ScriptedUsageOptions {
  readonly run: RunScript;
  /** One server holds all keys: a call may be about many. Else each is about one tag or group. */
  readonly together: boolean;
  /** Whether the server may know what a key costs it. */
  readonly asksCost: boolean;
  readonly random?: () => number;
}

/** As `Store.usage`, on a server that runs scripts: three round trips, unless it is about very many or large groups. */
export type ScriptedUsage = (
  tags: readonly string[],
  sampleSize: number,
) => Promise<Omit<Usage, 'limitBytes'>>;

/** What a part of a group takes up. */
interface Weight {
  /** 0: nothing of it is there. */
  readonly leftMs: number;
  readonly bytes: number;
  /** Keys beside the base. */
  readonly beside: number;
}

export function createScriptedUsage({
  run,
  together,
  random,
  ...options
}: ScriptedUsageOptions): ScriptedUsage {
  let asksCost = options.asksCost;

  async function sizesOf(tags: readonly string[]): Promise<number[]> {
    const parts = partsOf(tags, MAX_TAGS, () => !together);
    const replies = await eachOf(parts, (keys) => run({ script: COUNT, keys, args: [] }));
    return (replies as unknown[][]).flat().map(Number);
  }

  async function basesAt(tags: readonly string[], places: readonly Place[]): Promise<string[]> {
    const parts = partsOf(places, MAX_PLACES, (one, other) => !together && one.list !== other.list);
    const replies = await eachOf(parts, (part) => {
      const lists = [...new Set(part.map(({ list }) => list))];
      const args = part.flatMap(({ list, at }) => [lists.indexOf(list) + 1, at]);
      return run({ script: PICK, keys: lists.map((list) => tags[list]!), args });
    });
    return (replies as unknown[][]).flat().map(String);
  }

  async function weighGroups(bases: readonly string[]): Promise<Weight[]> {
    const stands = (base: string) => groupKeys(base) === null;
    const parts = partsOf(bases, MAX_GROUPS, (one, other) => !together || stands(one) !== stands(other));
    return (await eachOf(parts, (part) => weighPart(part, 0, BESIDE))).flat();
  }

  /** Groups that all have or all lack companions, with `count` of the keys beside each base from a place on. */
  async function weighPart(bases: readonly string[], from: number, count: number): Promise<Weight[]> {
    const keys = bases.flatMap((base) => {
      const beside = groupKeys(base);
      return beside === null ? [base] : [base, beside.keys];
    });
    const args = [keys.length / bases.length, from, count, asksCost ? 1 : 0];
    const [told, ...flat] = ((await run({ script: WEIGH, keys, args })) as unknown[]).map(Number);
    // A server that lacks the command, or refuses it, is asked once.
    if (told === 0) asksCost = false;
    return bases.map((_, i) => ({ leftMs: flat[i * 3]!, bytes: flat[i * 3 + 1]!, beside: flat[i * 3 + 2]! }));
  }

  /** The whole of a group of which the beginning was looked at. */
  async function whole(base: string, begun: Weight): Promise<Weight> {
    let { leftMs, bytes } = begun;
    for (let from = BESIDE; from < begun.beside; from += MAX_BESIDE) {
      const [more] = await weighPart([base], from, MAX_BESIDE);
      leftMs = Math.max(leftMs, more!.leftMs);
      bytes += more!.bytes;
    }
    return { ...begun, leftMs, bytes };
  }

  return async (tags, sampleSize) => {
    const sizes = await sizesOf(tags);
    const places = randomPlaces(sizes, sampleSize, random);
    const bases = await basesAt(tags, places);
    const begun = await weighGroups(bases);
    const weights = await eachOf(begun, (weight, i) => whole(bases[i]!, weight));
    const sample: GroupUsage[] = weights
      .filter(({ leftMs }) => leftMs > 0)
      .map(({ leftMs, bytes }) => ({ expiresInMs: leftMs, bytes }));
    const total = sizes.reduce((sum, size) => sum + size, 0);
    return { entries: shareOf(total, places.length, sample.length), sample };
  };
}

/** Parts of a list that are not too long, and in which no two neighbours are to be apart. */
function partsOf<T>(list: readonly T[], most: number, areApart: (one: T, other: T) => boolean): T[][] {
  const parts: T[][] = [];
  let last: T[] = [];
  for (const each of list) {
    if (last.length === 0 || last.length === most || areApart(last.at(-1)!, each)) {
      last = [];
      parts.push(last);
    }
    last.push(each);
  }
  return parts;
}

/** Calls for each, a bounded number at once. */
async function eachOf<T, R>(list: readonly T[], call: (each: T, i: number) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let at = 0; at < list.length; at += MAX_CALLS) {
    const some = list.slice(at, at + MAX_CALLS);
    results.push(...(await Promise.all(some.map((each, i) => call(each, at + i)))));
  }
  return results;
}
