import { createHmac } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'iovalkey';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { newSessionId } from '../../src/session/own/session-ids.ts';
import { createSessionSecrets } from '../../src/session/own/session-secrets.ts';
import { createSessionTokens } from '../../src/session/own/session-token.ts';
import type { SessionsOptions } from '../../src/session/own/sessions.ts';
import {
  ask,
  cookieOf,
  ORIGIN,
  SECRET,
  type SessionApp,
  startSessionApp,
  tokenIn,
} from '../support/session-app.ts';
import { startValkeyServer, type ValkeyServer } from '../support/valkey-server.ts';

// What the table of docs/sessions.md says of each threat, against applications over HTTP that share a real Valkey. Each
// application has its own connection and its own copies, as a process has.

const NAME = '__Host-session';
const MINUTE_MS = 60_000;
/** Until a store that is away, or back, has been noticed, on a slow machine too. */
const NOTICED = { timeout: 15_000, interval: 50 };

let dir: string;
let valkey: ValkeyServer;
let apps: SessionApp[] = [];

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'cachegate-attacks-'));
  valkey = await startValkeyServer({ dir });
});
afterEach(async () => {
  await Promise.all(apps.map((app) => app.close()));
  apps = [];
});
afterAll(async () => {
  await valkey.stop();
  await rm(dir, { recursive: true, force: true });
});

async function start(options: Partial<SessionsOptions> = {}): Promise<SessionApp> {
  const app = await startSessionApp(valkey.url, options);
  apps.push(app);
  return app;
}

const startAll = (count: number, options: Partial<SessionsOptions> = {}) =>
  Promise.all(Array.from({ length: count }, () => start(options)));

const login = async (app: SessionApp, user = 'ada', cookie: string | null = null) =>
  cookieOf(await ask(app, `/login?value=${user}`, cookie));

const userOf = async (app: SessionApp, cookie: string) => (await ask(app, '/', cookie)).shown.user;

/** A session's id or token reached this process for everybody's use; nobody can say so without the secret. */
function forge(claims: { sid?: string; user?: string; secret?: string } = {}) {
  const secrets = createSessionSecrets([claims.secret ?? SECRET], 'app');
  const now = Date.now();
  return createSessionTokens({ secrets, clock: { now: () => now } }).sign({
    ...{ sid: claims.sid ?? newSessionId(), user: claims.user ?? 'root', roles: ['admin'] },
    ...{
      issuedAt: now,
      expiresAt: now + 10 * MINUTE_MS,
      endsAt: now + 10 * MINUTE_MS,
      secret: secrets.signing,
    },
  });
}

const payloadOf = (cookie: string) =>
  JSON.parse(Buffer.from(tokenIn(cookie).split('.')[1]!, 'base64url').toString()) as { sid: string };

async function awayFor(all: readonly SessionApp[], cookie: string): Promise<void> {
  await valkey.kill();
  for (const app of all) {
    await vi.waitFor(async () => expect((await ask(app, '/', cookie)).shown.degraded).toBe(true), NOTICED);
  }
}

async function back(all: readonly SessionApp[]): Promise<void> {
  await valkey.restart();
  for (const app of all) {
    await vi.waitFor(
      () => expect(app.sessions.status()).toMatchObject({ degraded: false, kept: 0 }),
      NOTICED,
    );
  }
}

describe('fixation', () => {
  it('an id that somebody made up is never taken, signed or not', async () => {
    const [app] = await startAll(1);
    const sid = newSessionId();
    const planted = [sid, await forge({ sid, secret: 'of the attacker'.repeat(3) }), await forge({ sid })];
    for (const token of planted) {
      const cookie = `${NAME}=${token}`;
      expect(await userOf(app!, cookie)).toBeNull();
      const given = cookieOf(await ask(app!, '/set?value=book', cookie));
      expect(payloadOf(given).sid).not.toBe(sid);
      expect(await userOf(app!, await login(app!, 'ada', cookie))).toBe('ada');
      expect((await ask(app!, '/', cookie)).shown).toMatchObject({ user: null, basket: null });
    }
  });

  it('the id of before the login, or of before a rotation, is dead on every process', async () => {
    const all = await startAll(3);
    const planted = cookieOf(await ask(all[0]!, '/set?value=book', null));
    for (const app of all) expect((await ask(app, '/', planted)).shown.basket).toBe('book');

    const mine = await login(all[0]!, 'ada', planted);
    const rotated = cookieOf(await ask(all[1]!, '/rotate', mine));
    await Promise.all(all.map((app) => app.store.confirmed()));
    for (const app of all) {
      expect((await ask(app, '/', rotated)).shown).toMatchObject({ user: 'ada', basket: 'book' });
      for (const dead of [planted, mine]) {
        expect((await ask(app, '/', dead)).shown).toMatchObject({ user: null, basket: null });
      }
    }
    const ids = [planted, mine, rotated].map((cookie) => payloadOf(cookie).sid);
    expect(new Set(ids).size).toBe(3);
  });

  it.each(['rotate', 'login?value=eve', 'add?value=poison', 'set?value=poison'])(
    'a request under way with the id of before the login does not reach the session after it: %s',
    async (action) => {
      const [app, other] = await startAll(2);
      const planted = cookieOf(await ask(app!, '/set?value=book,', null));
      const held = other!.hold();
      const attack = ask(other!, `/held/${action}`, planted);
      await held.waiting;
      const mine = await login(app!, 'ada', planted);
      await ask(app!, '/add?value=letter', mine);
      held.release();

      const taken = await attack;
      expect(taken.shown.user ?? null).not.toBe('ada');
      expect(JSON.stringify(taken.shown)).not.toContain('letter');
      if (taken.cookies.length > 0) {
        expect((await ask(app!, '/', cookieOf(taken))).shown).not.toMatchObject({ user: 'ada' });
        expect((await ask(app!, '/', cookieOf(taken))).shown.basket ?? '').not.toContain('letter');
      }
      await Promise.all([app!, other!].map(({ store }) => store.confirmed()));
      expect((await ask(app!, '/', mine)).shown).toMatchObject({ user: 'ada', basket: 'book,letter' });
    },
  );
});

describe('theft', () => {
  it('the cookie keeps its token from scripts, other hosts, plain connections and other sites', async () => {
    const [app] = await startAll(1);
    const answer = await ask(app!, '/login?value=ada', null);
    expect(answer.cookies).toHaveLength(1);
    const [pair, ...attributes] = answer.cookies[0]!.split('; ');
    expect(pair).toMatch(/^__Host-session=/);
    expect(attributes).toEqual(
      expect.arrayContaining(['Path=/', 'Secure', 'HttpOnly', 'SameSite=Lax', 'Max-Age=1800']),
    );
    expect(attributes.join(';')).not.toContain('Domain');
  });

  it('what the store holds, and what the log is told, lets nobody in', async () => {
    const [app] = await startAll(1);
    const planted = cookieOf(await ask(app!, '/set?value=book', null));
    const cookie = await login(app!, 'ada', planted);
    await valkey.kill();
    await ask(app!, '/', cookie);
    await back([app!]);
    const secrets = [cookie, planted].flatMap((each) => [tokenIn(each), payloadOf(each).sid]);

    const everything = [...app!.told, ...(await dump())].join('\n');
    expect(everything).toContain('ownsession:');
    for (const secret of secrets) expect(everything).not.toContain(secret);
    // Nor does what stands there in the place of an id.
    const names = [...everything.matchAll(/ownsession:\{([\w-]{22})\}/g)].map(([, name]) => name!);
    for (const name of names) expect(await userOf(app!, `${NAME}=${await forge({ sid: name })}`)).toBeNull();
  });

  it('a stolen token ends with the session, by its user, by an operator, and by a new id', async () => {
    const all = await startAll(2);
    const [app, other] = all as [SessionApp, SessionApp];
    const ends: readonly ((stolen: string) => Promise<unknown>)[] = [
      () => other.sessions.endAll('ada'),
      async () => other.sessions.end((await other.sessions.list('ada')).sessions[0]!.reference),
      (stolen) => ask(other, '/rotate', stolen),
      (stolen) => ask(other, '/login?value=ada', stolen),
    ];
    for (const end of ends) {
      await app.sessions.endAll('ada');
      const stolen = await login(app);
      for (const each of all) expect(await userOf(each, stolen)).toBe('ada');
      await end(stolen);
      await Promise.all(all.map(({ store }) => store.confirmed()));
      for (const each of all) expect(await userOf(each, stolen)).toBeNull();
    }
  });

  it.each(['rotate', 'login?value=ada'])(
    'a request under way with a stolen token gets no new one: %s',
    async (action) => {
      const [app, other] = await startAll(2);
      const stolen = await login(app!);
      const held = other!.hold();
      const attack = ask(other!, `/held/${action}`, stolen);
      await held.waiting;
      const mine = cookieOf(await ask(app!, '/rotate', stolen));
      await ask(app!, '/set?value=letter', mine);
      held.release();
      const { cookies, shown } = await attack;
      expect(shown.basket ?? '').not.toBe('letter');
      // A login is one of its own, with what the attacker knew to log in with.
      if (action === 'rotate') expect(cookies).toEqual([]);
      await Promise.all([app!, other!].map(({ store }) => store.confirmed()));
      expect((await ask(app!, '/', mine)).shown).toMatchObject({ user: 'ada', basket: 'letter' });
    },
  );

  it('a stolen token is of no use for longer than its lifetimes, however it is used', async () => {
    const [app] = await startAll(1, { idleMs: 30 * MINUTE_MS, absoluteMs: 60 * MINUTE_MS });
    let stolen = await login(app!);
    const first = stolen;
    for (let minutes = 0; minutes < 60; minutes += 10) {
      const answer = await ask(app!, '/', stolen);
      expect(answer.shown.user).toBe('ada');
      if (answer.cookies.length > 0) stolen = cookieOf(answer);
      app!.advance(10 * MINUTE_MS);
    }
    expect(stolen).not.toBe(first);
    expect(await userOf(app!, stolen)).toBeNull();
    // And one that nobody has used for its idle lifetime.
    const unused = await login(app!);
    app!.advance(30 * MINUTE_MS);
    expect(await userOf(app!, unused)).toBeNull();
  });
});

describe('replay after logout', () => {
  it('is refused on every process, with every token that the session ever had', async () => {
    const all = await startAll(3);
    const tokens = [await login(all[0]!)];
    for (const app of all) {
      app.advance(2 * MINUTE_MS);
      const answer = await ask(app, '/', tokens.at(-1)!);
      expect(answer.shown.user).toBe('ada');
      if (answer.cookies.length > 0) tokens.push(cookieOf(answer));
    }
    expect(tokens.length).toBeGreaterThan(1);
    const out = await ask(all[0]!, '/logout', tokens[0]!);
    expect(out.cookies[0]).toMatch(/^__Host-session=; Expires=Thu, 01 Jan 1970 00:00:00 GMT/);
    await Promise.all(all.map(({ store }) => store.confirmed()));
    for (const app of all) for (const token of tokens) expect(await userOf(app, token)).toBeNull();

    // It stays so when the store goes away: each process has heard of it.
    await awayFor(all, await keptLoggedIn(all[0]!));
    for (const app of all) for (const token of tokens) expect(await userOf(app, token)).toBeNull();
    await back(all);
  });

  it('a request under way does not bring it back', async () => {
    const [app, other] = await startAll(2);
    for (const action of ['set?value=x', 'add?value=x', 'rotate']) {
      const cookie = await login(app!, 'lin');
      const held = other!.hold();
      const under = ask(other!, `/held/${action}`, cookie);
      await held.waiting;
      await ask(app!, '/logout', cookie);
      held.release();
      const answer = await under;
      await Promise.all([app!, other!].map(({ store }) => store.confirmed()));
      for (const each of [app!, other!]) {
        expect(await userOf(each, cookie)).toBeNull();
        if (answer.cookies.length > 0) expect(await userOf(each, cookieOf(answer))).toBeNull();
      }
      expect((await app!.sessions.list('lin')).sessions).toEqual([]);
    }
  });
});

describe('CSRF', () => {
  const FOREIGN: readonly Record<string, string>[] = [
    { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site', origin: 'https://blog.app.example' },
    { origin: 'https://evil.example' },
    { origin: 'https://app.example.evil.example' },
    { origin: 'null' },
  ];

  it.each(FOREIGN)('a change that a page of another site sends is refused: %j', async (fields) => {
    const [app] = await startAll(1);
    const cookie = await login(app!);
    for (const target of ['/set?value=evil', '/logout', '/rotate', '/login?value=eve']) {
      expect(await ask(app!, target, cookie, fields)).toMatchObject({ status: 403, cookies: [] });
    }
    expect((await ask(app!, '/', cookie, fields)).shown).toMatchObject({ user: 'ada', basket: null });
  });

  it.each(FOREIGN)('nor can it log a visitor in, as somebody else: %j', async (fields) => {
    const [app] = await startAll(1);
    for (const target of ['/login?value=eve', '/set?value=evil', '/add?value=evil']) {
      const answer = await ask(app!, target, null, fields);
      expect(answer.status).not.toBe(200);
      expect(answer.cookies).toEqual([]);
    }
  });

  it('the own pages, those of the origins that are let in, and links from elsewhere work', async () => {
    const [app] = await startAll(1, { allowedOrigins: ['https://shop.example'] });
    const cookie = await login(app!);
    const own: readonly Record<string, string>[] = [
      { 'sec-fetch-site': 'same-origin', origin: ORIGIN },
      { 'sec-fetch-site': 'same-origin', origin: 'null' },
      { origin: ORIGIN },
      { 'sec-fetch-site': 'cross-site', origin: 'https://shop.example' },
      {},
    ];
    for (const [i, fields] of own.entries()) {
      const answer = await ask(app!, `/set?value=${i}`, cookie, fields);
      expect(answer).toMatchObject({ status: 200, shown: { user: 'ada', basket: String(i) } });
    }
    const link = await ask(app!, '/', cookie, { 'sec-fetch-site': 'cross-site' });
    expect(link.shown.user).toBe('ada');
  });
});

describe('cookie tossing', () => {
  it('two cookies of the name with different values: neither counts', async () => {
    const [app] = await startAll(1);
    const [mine, tossed] = [await login(app!, 'ada'), await login(app!, 'eve')];
    for (const both of [`${mine}; ${tossed}`, `${tossed}; x=1; ${mine}`, `${mine}; ${NAME}=; ${mine}`]) {
      expect(await userOf(app!, both)).toBeNull();
    }
    expect(await userOf(app!, `${mine}; ${mine}`)).toBe('ada');
  });

  it('one without the prefix, which other hosts of the domain can set, is another cookie', async () => {
    const [app] = await startAll(1);
    const [mine, tossed] = [await login(app!, 'ada'), tokenIn(await login(app!, 'eve'))];
    for (const name of [
      'session',
      '__Secure-session',
      '__host-session',
      `\u00a0${NAME}`,
      `=${NAME}`,
      `x;${NAME} `,
    ]) {
      const alone = await userOf(app!, `${name}=${tossed}`);
      expect(alone).toBe(name.startsWith('x;') ? 'eve' : null);
      // White space before the sign is none of the name's: the same cookie twice.
      expect(await userOf(app!, `${name}=${tossed}; ${mine}`)).toBe(name.startsWith('x;') ? null : 'ada');
    }
  });
});

describe('downgrade', () => {
  it('another algorithm, another type or no signature at all is no token', async () => {
    const [app] = await startAll(1);
    const mine = tokenIn(await login(app!));
    const [header, payload] = mine.split('.') as [string, string];
    const { signingKey } = createSessionSecrets([SECRET], 'app').signing;
    const changed = (more: object, hash: string | null) => {
      const said = { ...JSON.parse(Buffer.from(header, 'base64url').toString()), ...more };
      const input = `${Buffer.from(JSON.stringify(said)).toString('base64url')}.${payload}`;
      return `${input}.${hash === null ? '' : createHmac(hash, signingKey).update(input).digest('base64url')}`;
    };
    expect(await userOf(app!, `${NAME}=${changed({}, 'sha256')}`)).toBe('ada');
    const weaker = [
      ...['none', 'None', 'NONE', 'nOnE'].map((alg) => changed({ alg }, null)),
      ...['none', 'HS384', 'HS512', 'RS256', 'ES256'].map((alg) => changed({ alg }, 'sha256')),
      ...[
        changed({ alg: 'HS384' }, 'sha384'),
        changed({ typ: 'JWT' }, 'sha256'),
        changed({ kid: '' }, 'sha256'),
      ],
    ];
    for (const token of weaker) expect(await userOf(app!, `${NAME}=${token}`)).toBeNull();
  });

  it('a token without a record is nothing as long as the store answers', async () => {
    const [app, rollback] = [await start(), await start({ mode: 'jwt' })];
    const alone = await login(rollback!);
    expect(await userOf(rollback!, alone)).toBe('ada');
    expect((await ask(app!, '/', alone)).shown).toMatchObject({ user: null, degraded: false });
  });

  it('while it does not, an old token is not trusted alone, nor lengthened', async () => {
    const [app] = await startAll(1, { jwtOnlyMs: 5 * MINUTE_MS });
    const cookie = await login(app!);
    await awayFor([app!], cookie);
    app!.advance(4 * MINUTE_MS);
    const young = await ask(app!, '/', cookie);
    expect(young).toMatchObject({ shown: { user: 'ada', degraded: true }, cookies: [] });
    app!.advance(MINUTE_MS);
    const old = await ask(app!, '/', cookie);
    expect(old).toMatchObject({ shown: { user: null, unavailable: true }, cookies: [] });
    await back([app!]);
    expect(await userOf(app!, cookie)).toBe('ada');
  });
});

describe('store outage', () => {
  it('logs nobody out, changes nothing, and says so once', async () => {
    const all = await startAll(2);
    const [app] = all as [SessionApp];
    const cookie = await login(app);
    await ask(app, '/set?value=book', cookie);
    await awayFor(all, cookie);
    for (const each of all) {
      expect((await ask(each, '/', cookie)).shown).toMatchObject({
        user: 'ada',
        roles: ['reader'],
        degraded: true,
      });
      for (const target of ['/set?value=lost', '/add?value=lost', '/rotate', '/login?value=eve']) {
        const refused = await ask(each, target, cookie);
        expect(refused).toMatchObject({ status: 503, shown: { code: 'ERR_SESSION_DEGRADED' }, cookies: [] });
      }
    }
    await back(all);
    for (const each of all) {
      expect((await ask(each, '/', cookie)).shown).toMatchObject({
        user: 'ada',
        basket: 'book',
        degraded: false,
      });
      const changes = each.told.filter((line) => line.startsWith('sessionsDegraded'));
      expect(changes.map((line) => line.split(' ')[1])).toEqual(['true', 'false']);
    }
  });

  it('a logout meanwhile counts here at once, and everywhere when the store is back', async () => {
    const all = await startAll(2);
    const cookie = await login(all[0]!);
    await awayFor(all, cookie);
    expect((await ask(all[0]!, '/logout', cookie)).cookies[0]).toContain('Expires=Thu, 01 Jan 1970');
    expect(await userOf(all[0]!, cookie)).toBeNull();
    expect(all[0]!.sessions.status()).toMatchObject({ degraded: true, kept: 1 });
    await back(all);
    await Promise.all(all.map(({ store }) => store.confirmed()));
    for (const app of all) expect(await userOf(app, cookie)).toBeNull();
  });

  it('the mode without the store, and the way back, log nobody out', async () => {
    const [before, rollback] = [await start(), await start({ mode: 'jwt' })];
    const cookie = await login(before);
    await ask(before, '/set?value=book', cookie);
    expect((await ask(rollback, '/', cookie)).shown).toMatchObject({
      user: 'ada',
      basket: null,
      degraded: true,
    });
    expect(await ask(rollback, '/set?value=lost', cookie)).toMatchObject({ status: 503 });
    const renewed = cookieOf(await ask(rollback, '/rotate', cookie));
    expect(await userOf(rollback, renewed)).toBe('ada');
    expect(await userOf(rollback, cookie)).toBeNull();
    // The new id has no record; the old one has.
    expect(await userOf(before, renewed)).toBeNull();
    expect((await ask(before, '/', cookie)).shown).toMatchObject({ user: 'ada', basket: 'book' });
  });

  it('nobody who had no session gets in by it', async () => {
    const [app] = await startAll(1);
    const cookie = await login(app!);
    await awayFor([app!], cookie);
    const forged = await forge({ secret: 'of the attacker'.repeat(3) });
    expect(await userOf(app!, `${NAME}=${forged}`)).toBeNull();
    expect(await userOf(app!, `${NAME}=${newSessionId()}`)).toBeNull();
    await back([app!]);
  });
});

describe('what somebody else has put in the store', () => {
  it('in the place of a session is none, and no reason to do without the store', async () => {
    const all = await startAll(2);
    const client = new Redis(valkey.port, '127.0.0.1');
    const records = [
      ...[
        '',
        '\x01',
        '\x02',
        '\x01{}',
        '\x01[]',
        '\x03{}',
        '\x02.',
        '\x02nobody.{x}',
        `\x01${'['.repeat(50_000)}`,
      ],
      ...[
        { u: '' },
        { u: 'x'.repeat(300) },
        { u: 7 },
        { r: [7] },
        { r: 'admin' },
        { d: [] },
        { t: -1 },
        { e: 1e99 },
      ].map(
        (wrong) =>
          `\x01${JSON.stringify({ n: 1, u: 'eve', r: [], c: 1, t: Date.now(), e: 9e14, d: {}, ...wrong })}`,
      ),
    ];
    try {
      for (const put of [...records.map((value) => (key: string) => client.set(key, value)), putList]) {
        const cookie = await login(all[0]!, 'mallory');
        const [info] = (await all[0]!.sessions.list('mallory')).sessions;
        const key = `app:ownsession:{${info!.reference}}`;
        await client.del(key);
        await put(key);
        await Promise.all(all.map(({ store }) => store.confirmed()));
        for (const app of all) {
          const { shown } = await ask(app, '/', cookie);
          expect(shown.user === null || (shown.degraded && shown.user === 'mallory')).toBe(true);
          expect((await ask(app, '/set?value=x', cookie)).status).toBeLessThan(504);
        }
        await ask(all[1]!, '/logout', cookie);
        await client.del(key);
      }
      for (const app of all) {
        expect(app.told.filter((line) => line.startsWith('sessionsDegraded'))).toEqual([]);
        expect(await userOf(app, await login(app, 'grace'))).toBe('grace');
      }
    } finally {
      client.disconnect();
    }

    function putList(key: string) {
      return client.rpush(key, 'of another application');
    }
  });

  it('as a session that was seen in the future ends with its idle lifetime all the same', async () => {
    const [app] = await startAll(1);
    const cookie = await login(app!, 'ivan');
    const [info] = (await app!.sessions.list('ivan')).sessions;
    const client = new Redis(valkey.port, '127.0.0.1');
    try {
      const key = `app:ownsession:{${info!.reference}}`;
      const text = { n: 1, u: 'ivan', r: [], c: 1, t: 9e15, e: 9e15, d: {} };
      await client.set(key, `\x01${JSON.stringify(text)}`);
      await app!.store.confirmed();
      expect((await ask(app!, '/set?value=x', cookie)).shown).toMatchObject({
        user: 'ivan',
        degraded: false,
      });
      expect(await client.pttl(key)).toBeLessThanOrEqual(30 * MINUTE_MS);
      expect(app!.told.filter((line) => line.startsWith('sessionsDegraded'))).toEqual([]);
    } finally {
      client.disconnect();
    }
  });
});

describe('key leak', () => {
  const LEAKED = 'a leaked secret of enough characters';

  it('a leaked secret alone makes no session, and once it is taken out all that it made is dead', async () => {
    const [before] = await startAll(1, { secrets: [LEAKED] });
    const old = await login(before!);
    const forged = `${NAME}=${await forge({ secret: LEAKED })}`;
    expect(await userOf(before!, forged)).toBeNull();

    const [after] = await startAll(1, { secrets: [SECRET] });
    for (const cookie of [old, forged]) expect(await userOf(after!, cookie)).toBeNull();
    const fresh = await login(after!);
    expect(await userOf(after!, fresh)).toBe('ada');
    // Not even while the token alone vouches.
    await awayFor([after!], fresh);
    for (const cookie of [old, forged]) expect(await userOf(after!, cookie)).toBeNull();
    await back([after!]);
  });

  it('a secret that is only replaced logs nobody out; its sessions are signed by the new one, and go with it', async () => {
    const [before] = await startAll(1, { secrets: [LEAKED] });
    let cookie = await login(before!);
    const [both] = await startAll(1, { secrets: [SECRET, LEAKED] });
    both!.advance(2 * MINUTE_MS);
    const answer = await ask(both!, '/', cookie);
    expect(answer.shown.user).toBe('ada');
    cookie = cookieOf(answer);
    const kid = (each: string) => JSON.parse(Buffer.from(each.split('.')[0]!, 'base64url').toString()).kid;
    expect(kid(tokenIn(cookie))).toBe(createSessionSecrets([SECRET], 'app').signing.kid);
    expect(await userOf(both!, cookie)).toBe('ada');
    expect((await both!.sessions.list('ada')).sessions.length).toBeGreaterThan(0);

    const [after] = await startAll(1, { secrets: [SECRET] });
    expect(await userOf(after!, cookie)).toBeNull();
  });
});

/** One who stays logged in, by whom it is seen whether the store is away. */
async function keptLoggedIn(app: SessionApp): Promise<string> {
  return login(app, 'grace');
}

/** All that the store holds, keys and values. */
async function dump(): Promise<string[]> {
  const client = new Redis(valkey.port, '127.0.0.1');
  try {
    const lines: string[] = [];
    for (const key of await client.keys('*')) {
      const type = await client.type(key);
      if (type === 'string') lines.push(key, (await client.getBuffer(key))!.toString('latin1'));
      else if (type === 'zset') lines.push(key, ...(await client.zrange(key, 0, -1)));
      else if (type === 'hash') lines.push(key, ...Object.entries(await client.hgetall(key)).flat());
      else lines.push(key);
    }
    return lines;
  } finally {
    client.disconnect();
  }
}
