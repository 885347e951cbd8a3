import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createUndiciAsker } from '../../gateway/undici-asker.ts';
import { createFetchAsker } from '../../serverless/fetch-asker.ts';
import { createStoreKeys } from '../../store/keys.ts';
import { createManualClock, type ManualClock } from '../../testing/manual-clock.ts';
import type { Authority } from '../authority.ts';
import { createSessionPresenter } from '../presented-session.ts';
import { createTokenAuthority, type TokenAuthorityOptions } from './token-authority.ts';

const present = createSessionPresenter({
  ...{
    service: 'api',
    authority: '',
    keys: createStoreKeys('', 'secret'),
    idInKey: 'hashed',
    secret: 'token',
  },
});
const ASKED = { openAsker: createUndiciAsker };
const ASKERS = [
  ['undici', createUndiciAsker],
  ['fetch', createFetchAsker(fetch).open],
] as const;
const HOUR_MS = 3_600_000;

/** With `undefined` for a claim that is left out. */
type Claims = Record<string, unknown>;

interface Signer {
  readonly jwk: JWK;
  sign(claims: Claims, header?: { alg?: string; kid?: string; crit?: string[] }): Promise<string>;
}

let clock: ManualClock;
const nowSeconds = () => Math.floor(clock.now() / 1000);

async function createSigner(alg: string, kid: string | undefined): Promise<Signer> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  return {
    jwk: { ...(await exportJWK(publicKey)), ...(kid !== undefined && { kid }), alg, use: 'sig' },
    sign: (claims, header = {}) =>
      new SignJWT({ sub: 'ada', exp: nowSeconds() + 3_600, iss: 'https://id.test', aud: 'api', ...claims })
        .setProtectedHeader({ alg, ...(kid !== undefined && { kid }), ...header })
        .sign(privateKey),
  };
}

let server: Server | undefined;
let authority: Authority;
let one: Signer;
let two: Signer;
let rsa: Signer;
let published: unknown;
let asked = 0;

beforeAll(async () => {
  [one, two, rsa] = await Promise.all([
    createSigner('ES256', 'one'),
    createSigner('EdDSA', 'two'),
    createSigner('RS256', 'rsa'),
  ]);
});

async function start(
  options: Partial<TokenAuthorityOptions> = {},
  listener?: RequestListener,
): Promise<void> {
  asked = 0;
  clock = createManualClock();
  published = { keys: [one.jwk, rsa.jwk] };
  server = createServer((request, response) => {
    asked++;
    if (listener !== undefined) listener(request, response);
    else response.end(JSON.stringify(published));
  });
  await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve));
  const jwksUrl = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`);
  authority = createTokenAuthority({
    ...ASKED,
    ...{ name: 'the issuer', jwksUrl, timeoutMs: 1_000, clock, issuer: 'https://id.test', audience: ['api'] },
    ...options,
  });
}

async function stopServer(): Promise<void> {
  server?.closeAllConnections();
  await new Promise((resolve) => server?.close(resolve));
}

afterEach(async () => {
  await stopServer();
  await authority.close();
});

const validate = (token: string) => authority.validate(present(token)!, 'r1');
const verdict = async (token: string) => (await validate(token)).verdict;

describe('a token', () => {
  it.each([['ES256'], ['RS256']])(
    'of a published key is valid (%s), and says whose it is and until when',
    async (alg) => {
      await start({ rolesClaim: '/realm/roles' });
      const token = await (alg === 'ES256' ? one : rsa).sign({ realm: { roles: ['b', 'a'] } });
      expect(await validate(token)).toEqual({
        verdict: 'valid',
        identity: { user: 'ada', roles: ['a', 'b'] },
        expiresAt: (nowSeconds() + 3_600) * 1000,
      });
    },
  );

  it('names its user and roles where it is told to look', async () => {
    await start({ userClaim: 'https://id.test/uid', rolesClaim: 'scope' });
    const token = await one.sign({ 'https://id.test/uid': 7, scope: 'write read' });
    expect((await validate(token)).identity).toEqual({ user: '7', roles: ['read', 'write'] });
  });

  it('says nothing where its user or roles can’t be found', async () => {
    await start({ rolesClaim: 'roles' });
    const detail = async (claims: Claims) => (await validate(await one.sign(claims))).detail;
    expect(await detail({ sub: '' })).toBe('no user in the claim sub');
    expect(await detail({ roles: 7 })).toBe('no usable roles in the claim roles');
  });

  it.each<[string, Claims, string]>([
    ['that has expired', { exp: 1_699_999_994 }, 'ERR_JWT_EXPIRED'],
    ['that never expires', { exp: undefined }, 'ERR_JWT_CLAIM_VALIDATION_FAILED (exp)'],
    ['of later', { nbf: 1_700_000_100 }, 'ERR_JWT_CLAIM_VALIDATION_FAILED (nbf)'],
    ['of another issuer', { iss: 'https://other.test' }, 'ERR_JWT_CLAIM_VALIDATION_FAILED (iss)'],
    ['of none', { iss: undefined }, 'ERR_JWT_CLAIM_VALIDATION_FAILED (iss)'],
    ['for another audience', { aud: ['web'] }, 'ERR_JWT_CLAIM_VALIDATION_FAILED (aud)'],
    ['for none', { aud: undefined }, 'ERR_JWT_CLAIM_VALIDATION_FAILED (aud)'],
  ])('%s is invalid', async (_, claims, detail) => {
    await start();
    expect(await validate(await one.sign(claims))).toEqual({ verdict: 'invalid', detail });
  });

  it('may be five seconds late', async () => {
    await start();
    expect(await verdict(await one.sign({ exp: nowSeconds() - 4 }))).toBe('valid');
  });

  it('of an algorithm that is not allowed is invalid, whatever key it names', async () => {
    await start({ algorithms: ['ES256'] });
    expect(await validate(await rsa.sign({}))).toEqual({
      ...{ verdict: 'invalid', detail: 'ERR_JOSE_ALG_NOT_ALLOWED' },
    });
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const claims = part({ sub: 'ada', exp: nowSeconds() + 60, iss: 'https://id.test', aud: 'api' });
    expect(await verdict(`${part({ alg: 'none' })}.${claims}.`)).toBe('invalid');
    // The public key as the secret of an HMAC.
    const secret = new TextEncoder().encode(JSON.stringify(one.jwk));
    const forged = new SignJWT({ sub: 'ada', exp: nowSeconds() + 60, iss: 'https://id.test', aud: 'api' });
    expect(await verdict(await forged.setProtectedHeader({ alg: 'HS256', kid: 'one' }).sign(secret))).toBe(
      'invalid',
    );
    expect(asked).toBe(0);
  });

  it('that is none costs nobody a question', async () => {
    await start();
    for (const text of ['abc', 'a.b', 'a.b.c.d.e', '..', 'a.b.', 'a.b.c!'])
      expect(await verdict(text)).toBe('invalid');
    expect(asked).toBe(0);
  });

  it('that was changed anywhere is invalid', async () => {
    await start();
    const token = await one.sign({});
    expect(await verdict(token)).toBe('valid');
    // The last digit of a signature has bits that stand for nothing.
    for (let at = 0; at < token.length - 1; at++) {
      if (token[at] === '.') continue;
      const changed = token.slice(0, at) + (token[at] === 'A' ? 'B' : 'A') + token.slice(at + 1);
      expect(await verdict(changed), changed).toBe('invalid');
    }
  });

  it('is remembered until it expires, and no longer', async () => {
    await start({ timeoutMs: 300 });
    const session = present(await one.sign({ exp: nowSeconds() + 60 }))!;
    expect(authority.recall!(session)).toBeNull();
    await authority.validate(session, 'r1');
    expect(authority.recall!(session)).toEqual({ kind: 'valid', identity: { user: 'ada', roles: [] } });
    expect(authority.recall!(session)).toBe(authority.recall!(session));
    clock.advance(60_000);
    expect(authority.recall!(session)).toBeNull();
  });

  it('is forgotten when that is asked for', async () => {
    await start();
    const session = present(await one.sign({}))!;
    await authority.validate(session, 'r1');
    authority.forget!(session);
    expect(authority.recall!(session)).toBeNull();
  });
});

describe.each(ASKERS)('asked by %s:', (_, openAsker) => {
  beforeAll(() => void Object.assign(ASKED, { openAsker }));

  describe('the keys of an issuer', () => {
    it('are fetched once for all who need them', async () => {
      await start();
      const tokens = await Promise.all(Array.from({ length: 20 }, (_, i) => one.sign({ sub: `user ${i}` })));
      expect(new Set(await Promise.all(tokens.map(verdict)))).toEqual(new Set(['valid']));
      expect(asked).toBe(1);
    });

    it('are fetched again for a key that is not known, every 30 seconds at most', async () => {
      await start();
      expect(await verdict(await one.sign({}))).toBe('valid');
      published = { keys: [one.jwk, two.jwk] };
      const token = await two.sign({});
      expect(await validate(token)).toEqual({ verdict: 'invalid', detail: 'ERR_JWKS_NO_MATCHING_KEY' });
      expect(asked).toBe(1);
      clock.advance(30_000);
      expect(await Promise.all([token, await one.sign({}), token].map(verdict))).toEqual([
        'valid',
        'valid',
        'valid',
      ]);
      const invented = await Promise.all(
        Array.from({ length: 20 }, (_, i) => two.sign({}, { kid: `invented ${i}` })),
      );
      expect(new Set(await Promise.all(invented.map(verdict)))).toEqual(new Set(['invalid']));
      expect(asked).toBe(2);
    });

    it('let in nobody once they were taken back, not even who is remembered', async () => {
      await start();
      const session = present(await one.sign({}))!;
      await authority.validate(session, 'r1');
      published = { keys: [two.jwk] };
      clock.advance(600_000);
      // Old keys serve while new ones are on their way.
      expect(authority.recall!(session)).not.toBeNull();
      await expect.poll(() => authority.recall!(session)).toBeNull();
      expect((await authority.validate(session, 'r1')).verdict).toBe('invalid');
      expect(asked).toBe(2);
    });

    it('that have not changed leave what is remembered', async () => {
      await start();
      const session = present(await one.sign({}))!;
      await authority.validate(session, 'r1');
      clock.advance(600_000);
      expect(authority.recall!(session)).not.toBeNull();
      await expect.poll(() => asked).toBe(2);
      expect(await verdict(await one.sign({ sub: 'eve' }))).toBe('valid');
      expect(authority.recall!(session)).not.toBeNull();
    });

    it('serve for a day while the issuer is away', async () => {
      await start();
      const token = await one.sign({ exp: nowSeconds() + 100 * 3_600 });
      const session = present(token)!;
      expect(await verdict(token)).toBe('valid');
      await stopServer();
      clock.advance(23 * HOUR_MS);
      expect(await verdict(token)).toBe('valid');
      expect(authority.recall!(session)).not.toBeNull();
      // Whether a key is new can't be known now.
      expect(await validate(await two.sign({}))).toMatchObject({
        verdict: 'unavailable',
        detail: expect.stringMatching(/^keys not fetched: ./),
      });
      clock.advance(HOUR_MS);
      expect(authority.recall!(session)).toBeNull();
      expect(await validate(token)).toMatchObject({ verdict: 'unavailable' });
    });

    it('that can’t be fetched are asked for again after five seconds', async () => {
      let status = 503;
      await start({}, (_, response) => response.writeHead(status).end(JSON.stringify(published)));
      const token = await one.sign({});
      const down = { verdict: 'unavailable', detail: 'keys not fetched: status 503' };
      expect([await validate(token), await validate(token), asked]).toEqual([down, down, 1]);
      status = 200;
      clock.advance(5_000);
      expect(await verdict(token)).toBe('valid');
    });

    it.each<[string, RequestListener, string]>([
      ['silence', () => {}, 'no answer within 300 ms'],
      ['half an answer', (_, response) => response.write('{"keys":['), 'no answer within 300 ms'],
      ['a page', (_, response) => response.end('<html>'), 'a body that is no JSON'],
      ['another document', (_, response) => response.end('{"keys":{}}'), 'no usable list of keys'],
      ['nothing', (_, response) => response.end('null'), 'no usable list of keys'],
      [
        'a flood',
        (_, response) => response.end(Buffer.alloc(2_000_000, ' ')),
        'a body of more than 262144 bytes',
      ],
      ['a redirect', (_, response) => response.writeHead(302, { Location: '/' }).end(), 'status 302'],
      ['a broken connection', (request) => request.socket.destroy(), 'UND_ERR_SOCKET'],
      [
        'secrets',
        (_, response) => response.end('{"keys":[{"kty":"oct","k":"AAAA","kid":"one"}]}'),
        'no usable list of keys',
      ],
    ])('are not there with %s', async (_, listener, detail) => {
      await start({ timeoutMs: 300 }, listener);
      expect(await validate(await one.sign({}))).toEqual({
        ...{ verdict: 'unavailable', detail: `keys not fetched: ${detail}` },
      });
    });

    it('that are of no use are the issuer’s fault', async () => {
      await start();
      published = { keys: [{ ...one.jwk, x: 'AAAA' }, null, 7, { ...rsa.jwk, n: 'sXchkQ' }] };
      const useless = { verdict: 'unavailable', detail: 'the token’s key is of no use' };
      expect([await validate(await one.sign({})), await validate(await rsa.sign({}))]).toEqual([
        useless,
        useless,
      ]);
    });

    it('need no name while there is one', async () => {
      await start();
      const nameless = await createSigner('PS256', undefined);
      published = { keys: [nameless.jwk, one.jwk] };
      expect(await verdict(await nameless.sign({}))).toBe('valid');
    });
  });
});

it.each([['none'], ['HS256'], ['hs512']])('refuses %s as an algorithm', (algorithm) => {
  const jwksUrl = new URL('http://127.0.0.1/');
  const make = () =>
    createTokenAuthority({
      ...ASKED,
      name: 'x',
      jwksUrl,
      timeoutMs: 1,
      clock: { now: () => 0 },
      algorithms: [algorithm],
    });
  expect(make).toThrow(/proves nothing/);
});
