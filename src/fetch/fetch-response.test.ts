import { Readable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { toResponse } from './fetch-response.ts';

async function readOnce(): Promise<WeakRef<Readable>> {
  const body = Readable.from([Buffer.from('content')]);
  const answer = { status: 200, fields: [], body, outcome: { hit: true, ttl: 1 } } as const;
  const response = toResponse(answer, new Request('http://origin.test/'), new AbortController().signal);
  expect(await response.text()).toBe('content');
  return new WeakRef(body);
}

it('holds on to no content that was read, until whatever time its response is finalised', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const bodies: WeakRef<Readable>[] = [];
  for (let i = 0; i < 20; i++) bodies.push(await readOnce());
  await turn();
  collect();
  // A frame of the last may still be there.
  expect(bodies.filter((body) => body.deref() !== undefined).length).toBeLessThan(5);
});
