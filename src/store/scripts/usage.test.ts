import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { hashTag } from '../group-keys.ts';
import type { ScriptCall } from './script.ts';
import { createScriptedUsage } from './usage.ts';

/** A server with one group of 1,000 keys under the first tag, and so many of two keys under each. */
function setUp({ together, perTag }: { together: boolean; perTag: number }) {
  const calls: ScriptCall[] = [];
  let [underWay, most, rounds] = [0, 0, 0];

  /** Told apart by the keys and arguments of the calls. */
  function replyOf({ keys, args }: ScriptCall): unknown {
    if (args.length === 0) return keys.map((tag) => (tag === 'tag:{0}' ? perTag + 1 : perTag));
    if (keys[0]!.startsWith('tag:')) {
      const places = Array.from({ length: args.length / 2 }, (_, i) => [args[i * 2], args[i * 2 + 1]]);
      return places.map(([list, at]) => `response:{${hashTag(keys[Number(list) - 1]!)}:${at}}`);
    }
    const [stride, from, count] = args.map(Number) as [number, number, number];
    const groups = keys.filter((_, i) => i % stride === 0);
    return [1, ...groups.flatMap((base) => weigh(base === `response:{0:${perTag}}` ? 999 : 1, from, count))];
  }

  /** A key costs a byte, and lasts for as long as its place from the end. */
  function weigh(beside: number, from: number, count: number): number[] {
    const seen = Math.max(0, Math.min(beside - from, count));
    return [beside - from + 1, seen + (from === 0 ? 1 : 0), beside];
  }

  const usage = createScriptedUsage({
    async run(call) {
      calls.push(call);
      if (underWay === 0) rounds += 1;
      underWay += 1;
      most = Math.max(most, underWay);
      await nextTurn();
      underWay -= 1;
      return replyOf(call);
    },
    together,
    asksCost: true,
  });
  return { usage, calls, seen: () => ({ most, rounds }) };
}

const TAGS = Array.from({ length: 64 }, (_, i) => `tag:{${i}}`);

describe('a sample of what a server holds', () => {
  it('takes three round trips, each call about few', async () => {
    const { usage, calls, seen } = setUp({ together: true, perTag: 10 });
    const { entries, sample } = await usage(TAGS.slice(1), 400);
    expect([entries, sample.length]).toEqual([630, 400]);
    expect(seen()).toMatchObject({ rounds: 3 });
    expect(calls.map(({ keys }) => Math.floor(keys.length / 2))).toSatisfy((all: number[]) =>
      all.every((size) => size <= 100),
    );
    expect(calls.length).toBeLessThanOrEqual(1 + 4 + 20);
  });

  it('asks for the whole of a large group', async () => {
    const { usage } = setUp({ together: true, perTag: 2 });
    const { entries, sample } = await usage(['tag:{0}'], 10);
    expect(entries).toBe(3);
    expect(sample.map(({ bytes }) => bytes).sort((a, b) => a - b)).toEqual([2, 2, 1_000]);
    expect(Math.max(...sample.map(({ expiresInMs }) => expiresInMs))).toBe(1_000);
  });

  it('keeps each call to one slot, and few under way, where servers share the keys', async () => {
    const { usage, calls, seen } = setUp({ together: false, perTag: 1_000 });
    const { entries, sample } = await usage(TAGS, 1_500);
    expect([entries, sample.length]).toEqual([64_001, 1_500]);
    for (const { keys } of calls) expect(new Set(keys.map(hashTag)).size).toBe(1);
    expect(seen().most).toBeLessThanOrEqual(100);
  });
});
