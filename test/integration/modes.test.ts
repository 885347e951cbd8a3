import type { RequestListener } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import type { Config } from '../../src/config/schema.ts';
import { type RunningProxy, startProxy, withCache } from '../support/proxy.ts';
import { ask, type Seen } from '../support/ranged-origin.ts';
import { startValkeyServer } from '../support/valkey-server.ts';

// Where the standard and safety pull apart, the mode decides; where they do not, both do the same.

type Mode = Config['mode'];
const MODES: Mode[] = ['safe', 'rfc'];

let proxy: RunningProxy;
afterEach(() => proxy.close());

const withMode = (mode: Mode) => (config: Config) => ({ ...config, mode });

async function start(mode: Mode, fields: Record<string, string>, store?: string): Promise<void> {
  proxy = await startProxy(
    (_request, response) => response.writeHead(200, fields).end('x'),
    (config) => withMode(mode)(store === undefined ? config : { ...config, store }),
  );
}

/** The answer to a second request of somebody else, once what can be stored is. */
async function second(headers: Record<string, string> = {}, first = headers): Promise<Seen> {
  await ask(proxy.url, first);
  // Whatever is stored behind the answer is so by the next ones.
  for (let i = 0; i < 3; i++) await ask(`${proxy.url}/other`, { 'Cache-Control': 'only-if-cached' });
  return ask(proxy.url, headers);
}

const FRESH = { 'Cache-Control': 'max-age=60' };
const WITH_COOKIE = { ...FRESH, 'Set-Cookie': 'id=1' };
const GUESSED = { 'Last-Modified': 'Sat, 01 Jan 2022 00:00:00 GMT' };
const COOKIE = { Cookie: 'a=1' };

describe('a response with Set-Cookie (RFC 9111 §7.3)', () => {
  it('is in safe mode its client’s alone, and in rfc mode stored with its cookie', async () => {
    await start('safe', WITH_COOKIE);
    expect((await second()).by).toBe('fwd=uri-miss');
    await proxy.close();
    await start('rfc', WITH_COOKIE);
    const answer = await second();
    expect([answer.by, answer.headers['set-cookie']]).toEqual(['hit', 'id=1']);
  });

  it.each(['no-cache', 'private'])(
    'is stored without its cookie in both where %s names it',
    async (directive) => {
      for (const mode of MODES) {
        await start(mode, { ...WITH_COOKIE, 'Cache-Control': `max-age=60, ${directive}="set-cookie"` });
        const answer = await second();
        expect([answer.by, answer.body, answer.headers['set-cookie']]).toEqual(['hit', 'x', undefined]);
        if (mode === 'safe') await proxy.close();
      }
    },
  );

  it('that was stored in rfc mode is nobody’s in safe mode', async () => {
    const valkey = await startValkeyServer();
    try {
      await start('rfc', WITH_COOKIE, valkey.url);
      expect((await second()).by).toBe('hit');
      await proxy.close();
      await start('safe', WITH_COOKIE, valkey.url);
      expect((await ask(proxy.url)).by).toBe('fwd=uri-miss');
      expect((await ask(proxy.url, { 'Cache-Control': 'only-if-cached' })).status).toBe(504);
    } finally {
      await valkey.stop();
    }
  });
});

describe('a guessed lifetime (RFC 9111 §4.2.2)', () => {
  it.each<[Mode, string, Record<string, string>, Record<string, string>]>([
    ['safe', 'hit', {}, {}],
    ['safe', 'fwd=stale', {}, COOKIE],
    ['safe', 'fwd=uri-miss', COOKIE, {}],
    ['rfc', 'hit', {}, COOKIE],
    ['rfc', 'hit', COOKIE, {}],
  ])('in %s mode: %s after a client with %j for one with %j', async (mode, by, first, then) => {
    await start(mode, GUESSED);
    expect((await second(then, first)).by).toBe(by);
  });

  it('that does not count for one with cookies still does for others, whatever that one brought', async () => {
    let known = 0;
    proxy = await startProxy((request, response) => {
      const isKnown = request.headers['if-modified-since'] !== undefined;
      if (isKnown) known++;
      response.writeHead(isKnown ? 304 : 200, GUESSED).end(isKnown ? '' : 'x');
    });
    expect((await second()).by).toBe('hit');
    for (let i = 0; i < 2; i++)
      expect(await ask(proxy.url, COOKIE)).toMatchObject({ body: 'x', by: 'fwd=stale' });
    expect(known).toBe(2);
    for (let i = 0; i < 3; i++) expect((await ask(proxy.url)).by).toBe('hit');
  });

  it('does not stand in for an origin that is away for one with cookies', async () => {
    let away = false;
    proxy = await startProxy((request, response) => {
      if (away) request.socket.destroy();
      else response.writeHead(200, GUESSED).end('x');
    });
    expect((await second()).by).toBe('hit');
    away = true;
    expect((await ask(proxy.url, COOKIE)).status).toBe(502);
    expect((await ask(proxy.url)).by).toBe('hit');
  });
});

describe.each(MODES)('in %s mode', (mode) => {
  const AUTHORIZED = { Authorization: 'Bearer a' };

  it.each<[string, Record<string, string>, Record<string, string>]>([
    ['private', { 'Cache-Control': 'private, max-age=60' }, {}],
    ['no-store', { 'Cache-Control': 'no-store, max-age=60' }, {}],
    ['Vary: *', { ...FRESH, Vary: '*' }, {}],
    ['answers credentials', FRESH, AUTHORIZED],
    [
      'answers credentials, and names a private field',
      { 'Cache-Control': 'max-age=60, private="x"' },
      AUTHORIZED,
    ],
    [
      'is to be private but for a field that the rest needs',
      { 'Cache-Control': 'max-age=60, private="Vary"', Vary: 'A' },
      {},
    ],
  ])('nothing is shared that %s', async (_name, fields, headers) => {
    await start(mode, fields);
    expect((await second(headers)).by).toBe('fwd=uri-miss');
    expect((await second({}, headers)).by).toBe('fwd=uri-miss');
  });

  it.each(['public, max-age=60', 's-maxage=60', 'must-revalidate, max-age=60'])(
    'answers to credentials are shared with %s (RFC 9111 §3.5)',
    async (value) => {
      await start(mode, { 'Cache-Control': value });
      expect((await second({}, AUTHORIZED)).by).toBe('hit');
    },
  );

  it('fields that are named private or no-cache are their client’s alone', async () => {
    const fields = {
      'Cache-Control': 'max-age=60, private="X-User", no-cache="x-other"',
      'X-User': 'a',
      'X-Other': 'b',
    };
    await start(mode, { ...fields, 'X-All': 'c' });
    const own = await ask(proxy.url);
    expect([own.headers['x-user'], own.headers['x-other'], own.headers['x-all']]).toEqual(['a', 'b', 'c']);
    const others = await second();
    expect([others.by, others.headers['x-user'], others.headers['x-other'], others.headers['x-all']]).toEqual(
      [...['hit', undefined, undefined, 'c']],
    );
  });
});

it('what was stored because a file forced it is not given when it no longer does', async () => {
  const valkey = await startValkeyServer();
  try {
    const fields = { 'Cache-Control': 'private, max-age=60' };
    const listener: RequestListener = (_request, response) => response.writeHead(200, fields).end('x');
    const forced = withCache({ force: true, ttl_seconds: 60 });
    proxy = await startProxy(listener, (config) => forced({ ...config, store: valkey.url }));
    expect((await second()).by).toBe('hit');
    await proxy.close();
    await start('safe', fields, valkey.url);
    expect((await ask(proxy.url)).by).toBe('fwd=uri-miss');
  } finally {
    await valkey.stop();
  }
});
