import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createMemoryStore } from '../memory/memory-store.ts';
import type { StoredValue, StoreListener } from '../store.ts';
import { createNearStore } from './near-store.ts';

// A server, the connection that reads and writes, and the one that tells of changes, a step at a time and in any order
// that a network allows.

const KEYS = ['a', 'b'];
const STEPS = [
  'read',
  'write',
  'serve',
  'answer',
  'write elsewhere',
  'tell',
  'cut',
  'connect',
  'fall silent',
  'speak again',
] as const;
type Step = readonly [(typeof STEPS)[number], string];

/** For what is not asked for here. */
const UNUSED = createMemoryStore({ maxBytes: 1_000 });

interface Call {
  serve(): void;
  answer(): void;
  served: boolean;
}

function simulate() {
  const values = new Map(KEYS.map((key) => [key, 1]));
  /** The newest version that this process has been told to be no more. */
  const told = new Map(KEYS.map((key) => [key, 0]));
  const calls: Call[] = [];
  let changes: { key: string; version: number }[] = [];
  let connected = true;
  let silent = false;
  let listener: StoreListener = {};

  function call<T>(serve: () => T): Promise<T> {
    return new Promise((resolve) => {
      let result!: T;
      calls.push({
        served: false,
        serve() {
          result = serve();
          this.served = true;
        },
        answer: () => resolve(result),
      });
    });
  }
  function write(key: string): void {
    const version = values.get(key)!;
    values.set(key, version + 1);
    if (connected) changes.push({ key, version });
  }
  const read = (key: string): StoredValue => ({
    bytes: Buffer.from(String(values.get(key))),
    expiresInMs: 1_000_000,
  });
  const near = createNearStore(
    {
      ...UNUSED,
      get: (keys) => call(() => keys.map(read)),
      set: (key) =>
        call(() => {
          write(key);
          return true;
        }),
      listen: (each) => {
        listener = each;
        return () => {};
      },
      coherentUntil: () => (connected && !silent ? 2_000 : 0),
    },
    { maxBytes: 100_000, maxAgeMs: 1, isNear: () => true, now: () => 1_000 },
  );

  function look(key: string): void {
    const answer = near.get([key]);
    if (answer instanceof Promise) return;
    const version = Number(answer[0]!.bytes.toString());
    expect(connected && !silent).toBe(true);
    expect(version).toBeGreaterThan(told.get(key)!);
    if (changes.length === 0) expect(version).toBe(values.get(key));
  }

  function tell({ key, version }: { key: string; version: number }): void {
    told.set(key, version);
    listener.changed?.(key);
  }

  const actions: Record<(typeof STEPS)[number], (key: string) => void> = {
    read: look,
    write: (key) => void near.set(key, Buffer.from('own'), 1_000),
    serve: () => calls.find(({ served }) => !served)?.serve(),
    answer: () => {
      if (calls[0]?.served === true) calls.shift()!.answer();
    },
    'write elsewhere': write,
    tell: () => {
      if (!silent && changes.length > 0) tell(changes.shift()!);
    },
    cut: () => {
      connected = false;
      silent = false;
      changes = [];
      listener.lost?.();
    },
    connect: () => {
      connected = true;
    },
    'fall silent': () => {
      silent = connected;
    },
    'speak again': () => {
      // A beat is answered after all that was said before it.
      for (const change of silent ? changes.splice(0) : []) tell(change);
      silent = false;
    },
  };
  return actions;
}

test('answers with nothing that it was told to be old, and with nothing old once all is told', async () => {
  const step = fc.tuple(
    fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom('read', 'serve', 'answer', 'write elsewhere', 'tell') },
      { weight: 1, arbitrary: fc.constantFrom(...STEPS) },
    ),
    fc.constantFrom(...KEYS),
  ) as fc.Arbitrary<Step>;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 60 }), async (steps) => {
      const actions = simulate();
      for (const [step, key] of steps) {
        actions[step](key);
        // What was answered is taken in.
        for (let turn = 0; turn < 4; turn += 1) await null;
      }
    }),
    { numRuns: 500, endOnFailure: true },
  );
});
