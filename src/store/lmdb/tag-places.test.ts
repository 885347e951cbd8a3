import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createManualClock } from '../../testing/manual-clock.ts';
import { createMapParts, type MapParts } from './map-parts.ts';
import { type OpenMap, openMap } from './open-map.ts';
import { createWriteTurns, type Turn, type WriteTurns } from './write-turns.ts';

const MINUTE = 60_000;
const MIB = 1024 * 1024;

describe('the places of members', () => {
  let folder: string;
  let map: OpenMap;
  let parts: MapParts;
  let turns: WriteTurns;
  const clock = createManualClock();
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'cachegate-places-'));
    map = await openMap(folder, 64 * MIB);
    parts = createMapParts(map, 64 * MIB, clock);
    turns = createWriteTurns(map.records, clock, () => {});
  });
  afterAll(async () => {
    turns.close();
    await map.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** What the list says, after a look at what is committed. */
  function listed(tag: string): (string | null)[] {
    map.records.resetReadTxn();
    const { members } = parts;
    return Array.from({ length: members.count(tag) }, (_, place) => members.at(tag, place, clock.now()));
  }

  const TAGS = ['tag:{a}', 'tag:{a}:b', 'tag:{b}'];
  const LONG = 'x'.repeat(600);
  const step = fc.record({
    tag: fc.constantFrom(...TAGS),
    base: fc.constantFrom('a', 'b', 'c', 'd', 'é', `${LONG}1`, `${LONG}2`),
    does: fc.constantFrom('add', 'add', 'add', 'remove', 'add briefly'),
  });

  it('are those of all members, and of no others, whatever is added, removed and expires', async () => {
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        run += 1;
        const model = new Map(TAGS.map((tag) => [tag, new Set<string>()]));
        const carryOut = (turn: Turn) => {
          for (const { tag, base, does } of steps) {
            const name = `${run}:${tag}`;
            if (does === 'add') {
              parts.members.add(turn, name, base, turn.now + MINUTE);
              model.get(tag)!.add(base);
            } else if (does === 'add briefly') {
              parts.members.add(turn, name, base, turn.now + 1);
              model.get(tag)!.add(base);
            } else if (does === 'remove') {
              parts.members.remove(name, base);
              model.get(tag)!.delete(base);
            }
          }
        };
        await turns.run(carryOut);
        for (const tag of TAGS) expect(listed(`${run}:${tag}`).sort()).toEqual([...model.get(tag)!].sort());
        clock.advance(2);
        while (await turns.run((turn) => parts.sweep.expired(turn, 10)));
        const left = TAGS.map((tag) => listed(`${run}:${tag}`));
        expect(left.flat()).not.toContain(null);
        clock.advance(MINUTE);
        while (await turns.run((turn) => parts.sweep.expired(turn, 10)));
        for (const tag of TAGS) expect(listed(`${run}:${tag}`)).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });

  it('leave nothing behind', async () => {
    while (await turns.run((turn) => parts.sweep.expired(turn, 100)));
    map.records.resetReadTxn();
    const kinds = Array.from(map.records.getKeys({}), (key) => String.fromCharCode(key[0]!));
    expect(kinds.filter((kind) => kind === 'n' || kind === 't')).toEqual([]);
  });
});
