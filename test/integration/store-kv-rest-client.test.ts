import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { Redis } from '@upstash/redis';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createRestClient } from '../../src/store/kv-rest/rest-client.ts';
import type { RestCommand } from '../../src/store/kv-rest/rest-command.ts';
import { createScript } from '../../src/store/scripts/script.ts';
import { type KvRestFront, startKvRestFront } from '../support/kv-rest-front.ts';
import { startValkeyServer, type ValkeyServer } from '../support/valkey-server.ts';

// The service's own client, and ours in its place: both say and hear the same.

interface Heard {
  readonly method: string | undefined;
  readonly path: string | undefined;
  readonly fields: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** Notes what it is asked, and passes it on; gives out a token by which its servers can be told apart. */
async function startListener(front: KvRestFront) {
  const heard: Heard[] = [];
  let syncs = 0;
  const server = createServer(async (request, response) => {
    const body = await text(request);
    const { method, url: path, headers: fields } = request;
    heard.push({ method, path, fields, body });
    const headers = { authorization: fields.authorization ?? '', 'content-type': 'application/json' };
    const answer = await fetch(front.url + path, { method: method!, headers, body });
    syncs += 1;
    response.writeHead(answer.status, { 'upstash-sync-token': `sync-${syncs}` }).end(await answer.text());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    heard,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const SCRIPT = createScript("return {KEYS[1], ARGV, #ARGV, redis.call('EXISTS', KEYS[1])}");

const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom('OK', 'true', '1', '', 'null'),
);
const anyKey = fc.constantFrom('a', 'b', 'ünïcode:{x}', ' ', '"quoted"');
const anyCommand: fc.Arbitrary<RestCommand> = fc.oneof(
  fc.record({ name: fc.constant('mget' as const), keys: fc.array(anyKey, { minLength: 1, maxLength: 3 }) }),
  fc.record({ name: fc.constantFrom('pttl' as const, 'hgetall' as const), key: fc.constant('never there') }),
  fc.record({
    name: fc.constant('set' as const),
    key: anyKey,
    text: anyText,
    ttlMs: fc.constantFrom(60_000, 90_000),
    onlyIfAbsent: fc.boolean(),
  }),
  fc.record({ name: fc.constant('unlink' as const), keys: fc.array(anyKey, { minLength: 1, maxLength: 3 }) }),
  fc.constant({ name: 'ping' as const }),
  fc.record({
    name: fc.constant('script' as const),
    call: fc.record({
      script: fc.constant(SCRIPT),
      keys: fc.tuple(anyKey),
      args: fc.array(fc.oneof(anyText, fc.nat()), { maxLength: 3 }),
    }),
  }),
);

describe("our client and the service's own", () => {
  let server: ValkeyServer;
  let front: KvRestFront;
  let listener: Awaited<ReturnType<typeof startListener>>;
  let theirs: Redis;
  beforeAll(async () => {
    server = await startValkeyServer();
    front = await startKvRestFront(server.url);
    listener = await startListener(front);
  });
  beforeEach(() => {
    listener.heard.length = 0;
    theirs = new Redis({
      ...{ url: listener.url, token: front.token, retry: { retries: 0 } as const },
      ...{ responseEncoding: false as const, automaticDeserialization: false, enableTelemetry: false },
    });
  });
  afterAll(async () => {
    await Promise.all([listener.close(), front.close()]);
    await server.stop();
  });

  /** What the service's own client hears to the same commands. */
  async function asked(commands: readonly RestCommand[]): Promise<unknown[]> {
    const pipeline = theirs.pipeline();
    for (const command of commands) {
      switch (command.name) {
        case 'mget':
        case 'unlink':
          pipeline[command.name](...command.keys);
          break;
        case 'pttl':
        case 'hgetall':
          pipeline[command.name](command.key);
          break;
        case 'set': {
          const { key, text: value, ttlMs: px, onlyIfAbsent } = command;
          pipeline.set(key, value, onlyIfAbsent ? { px, nx: true } : { px });
          break;
        }
        case 'ping':
          pipeline.ping();
          break;
        case 'script':
          pipeline.evalsha(command.call.script.sha, [...command.call.keys], [...command.call.args]);
      }
    }
    const replies = await pipeline.exec<unknown[]>({ keepErrors: true });
    // It makes an object of a hash.
    return replies.map(({ result }, at) =>
      commands[at]!.name === 'hgetall' ? Object.entries(result ?? {}).flat() : result,
    );
  }

  it('say the same, and hear the same', async () => {
    await theirs.scriptLoad(SCRIPT.source);
    const ours = createRestClient({ url: listener.url, token: front.token }, 10_000);
    await ours.send([{ name: 'ping' }]);
    await fc.assert(
      fc.asyncProperty(fc.array(anyCommand, { minLength: 1, maxLength: 8 }), async (commands) => {
        await theirs.flushall();
        const expected = await asked(commands);
        const said = listener.heard.at(-1)!;
        await theirs.flushall();
        expect(await ours.send(commands)).toEqual(expected.map((reply) => reply ?? null));
        const also = listener.heard.at(-1)!;
        expect(wordsIn(also)).toEqual(wordsIn(said));
        for (const name of ['authorization', 'content-type', 'cache-control', 'upstash-sync-token']) {
          expect([name, typeof also.fields[name]]).toEqual([name, typeof said.fields[name]]);
        }
        expect(also).toMatchObject({ method: 'POST', path: '/pipeline' });
      }),
      { numRuns: 50 },
    );
    ours.close();
  });

  it('read what they have written, wherever that is kept', async () => {
    const ours = createRestClient({ url: listener.url, token: front.token }, 10_000);
    for (let i = 0; i < 2; i += 1) await ours.send([{ name: 'ping' }]);
    await theirs.ping();
    await theirs.ping();
    const [, second, , fourth] = listener.heard.map(({ fields }) => fields['upstash-sync-token']);
    expect([second, fourth]).toEqual([expect.stringMatching(/^sync-/), expect.stringMatching(/^sync-/)]);
    ours.close();
  });
});

/** A command's words, however its name and options are spelled, and in whatever order these come. */
function wordsIn({ body }: Heard): unknown {
  return (JSON.parse(body) as unknown[][]).map(([name, ...words]) => {
    const lower = String(name).toLowerCase();
    const texts = words.map(String);
    if (lower !== 'set') return [lower, ...texts];
    const [key, value, ...options] = texts;
    return [lower, key, value, ...options.map((option) => option.toLowerCase()).sort()];
  });
}
