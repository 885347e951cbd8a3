import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Cachegate } from '../app/cachegate.ts';
import { createCachegate } from '../app/create-cachegate.ts';
import { createPlainLog } from '../serverless/plain-log.ts';
import { type WebHandler, withCachegate } from './web.ts';

let cachegate: Cachegate;
const lines: { msg: string; err?: { message: string } }[] = [];
beforeAll(async () => {
  const log = createPlainLog({ level: 'minimal', write: (line) => lines.push(JSON.parse(line)) });
  cachegate = await createCachegate({ store: 'memory:' }, { env: {}, log });
});
afterAll(() => cachegate.close());

it('answers for a handler that has forgotten to', async () => {
  const handler = (() => {}) as unknown as WebHandler;
  const answer = await withCachegate(cachegate, handler)(new Request('https://site.test/'));
  expect([answer.status, await answer.json()]).toEqual([500, { error: 'Internal server error' }]);
  expect(lines).toMatchObject([
    { msg: 'A handler has failed', err: { message: 'The handler has given back no Response' } },
  ]);
});
