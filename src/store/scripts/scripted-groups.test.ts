import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { ScriptCall } from './script.ts';
import { createScriptedGroups } from './scripted-groups.ts';

describe('dropping by a tag', () => {
  it('keeps within a bound what it asks for at once, however many expire in one moment', async () => {
    const members = Array.from({ length: 3_000 }, (_, i) => `response:{a:${i}}`);
    let [underWay, most] = [0, 0];
    const dropped: string[] = [];

    /** A server's answers, told apart by the keys and arguments of the calls. */
    function replyOf({ keys, args }: ScriptCall): unknown {
      if (keys[0] === 'drops') return 1;
      if (keys.length === 2) return members.length;
      if (keys.length === 1) return ['', ...members.flatMap((base) => [base, '1000'])];
      dropped.push(keys[0]!);
      return args[0] === 4 ? [1] : [0];
    }

    const groups = createScriptedGroups({
      async run(call) {
        underWay += 1;
        most = Math.max(most, underWay);
        await nextTurn();
        underWay -= 1;
        return replyOf(call);
      },
      dropsKey: 'drops',
      sequence: { current: async () => 0, note: () => {} },
      mark: () => ({ text: '', offset: 3, leastLength: 9 }),
      onDrop: () => {},
    });
    expect(await groups.dropTagged(['tag:{t}'])).toBe(3_000);
    expect(dropped).toEqual(members);
    expect(most).toBeLessThanOrEqual(500);
  });
});
