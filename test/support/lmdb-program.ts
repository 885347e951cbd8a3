import { createLmdbStore } from '../../src/store/lmdb/lmdb-store.ts';
import type { Store } from '../../src/store/store.ts';

// What test/support/lmdb-process.ts starts: a store's folder in another process.

interface Asked {
  readonly id: number;
  readonly kind: string;
  readonly times: number;
  readonly args: unknown[];
}

const store = createLmdbStore({ path: process.argv[2]! });
const dropped: string[] = [];
store.then(
  (opened) => opened.listen({ dropped: (base) => void dropped.push(base) }),
  () => {},
);

process.on('disconnect', () => process.exit());
process.on('message', ({ id, kind, times, args }: Asked) => {
  carryOut(kind, times, args.map(asBuffer)).then(
    (value) => process.send!({ id, value }),
    (error: { code?: string; message: string }) => process.send!({ id, code: error.code ?? error.message }),
  );
});

async function carryOut(kind: string, times: number, args: unknown[]): Promise<unknown> {
  const opened = await store;
  if (kind === 'heard') return dropped.splice(0);
  if (kind === 'writeForEver') return void writeForEver(args[0] as string);
  if (kind === 'stopReading') return void stopReading(opened, args[0] as string);
  const method = opened[kind as 'get'] as unknown as (...args: unknown[]) => unknown;
  const answers = Promise.all(Array.from({ length: times }, async () => method(...args)));
  return (await answers).map(plain);
}

/** Numbered values, each under two keys that are written in two calls of one turn, so in one transaction. */
function writeForEver(prefix: string): void {
  let number = 0;
  const next = async (): Promise<never> => {
    for (;;) {
      number += 1;
      const bytes = Buffer.alloc(3_000 + (number % 7) * 4_000, String(number % 10));
      const one = (await store).set(`${prefix}:a:${number % 50}`, bytes, 60_000, { group: `${prefix}:a` });
      const two = (await store).set(`${prefix}:b:${number % 50}`, bytes, 60_000, { tags: [], group: 'b' });
      await Promise.all([one, two]);
      process.send!({ id: -1, value: number });
    }
  };
  void next();
}

/** In the turn in which it reads, so that what it reads from stays open; after the answer, which goes in this turn. */
function stopReading(opened: Store, key: string): void {
  setImmediate(() => {
    void opened.get([key]);
    process.kill(process.pid, 'SIGSTOP');
  });
}

/** Buffers arrive as plain arrays of bytes. */
function asBuffer(value: unknown): unknown {
  return value instanceof Uint8Array ? Buffer.from(value) : value;
}

/** Without what can't be sent: the function that a lease which is taken has. */
function plain(value: unknown): unknown {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? JSON.parse(JSON.stringify(value))
    : value;
}
