import { createHmac, generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { type JWTHeaderParameters, type JWTPayload, SignJWT } from 'jose';
import { beforeEach, describe, expect, test } from 'vitest';
import { createManualClock, type ManualClock } from '../../testing/manual-clock.ts';
import type { SessionClaims } from './session-claims.ts';
import { newSessionId } from './session-ids.ts';
import { createSessionSecrets, type SessionSecret } from './session-secrets.ts';
import { createSessionTokens } from './session-token.ts';

const OLD = 'old '.repeat(8);
const NEW = 'new '.repeat(8);
const NOW = 1_700_000_000_000;
const TYPE = 'cachegate-session+jwt';

const secrets = createSessionSecrets([NEW], 'app');
let clock: ManualClock;
beforeEach(() => {
  clock = createManualClock(NOW);
});

/** As another process, which has never seen a token, has them. */
const tokens = (known = secrets, maxRemembered?: number) =>
  createSessionTokens({ secrets: known, clock, ...(maxRemembered === undefined ? {} : { maxRemembered }) });

const claims = (more: Partial<SessionClaims> = {}): SessionClaims => ({
  sid: newSessionId(),
  user: 'ada',
  roles: ['editor', 'admin'],
  issuedAt: NOW,
  expiresAt: NOW + 1_800_000,
  endsAt: NOW + 43_200_000,
  secret: secrets.signing,
  ...more,
});

const PAYLOAD: JWTPayload = {
  sid: newSessionId(),
  sub: 'ada',
  iat: NOW / 1000,
  exp: NOW / 1000 + 1800,
  end: NOW / 1000 + 43_200,
};

/** A token with a valid signature by the right key, whatever it says. */
function signed(payload: JWTPayload, header: Partial<JWTHeaderParameters> = {}, by = secrets.signing) {
  return new SignJWT(payload)
    .setProtectedHeader({ alg: 'HS256', kid: by.kid, typ: TYPE, ...header })
    .sign(by.signingKey);
}

const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** The same by hand, for what jose would not write. */
function forged(header: unknown, payload: unknown, by: SessionSecret = secrets.signing, hash = 'sha256') {
  const input = `${encoded(header)}.${encoded(payload)}`;
  return `${input}.${createHmac(hash, by.signingKey).update(input).digest('base64url')}`;
}

describe('a token', () => {
  test('says in another process what it was signed with, on whole seconds', async () => {
    const made = claims({ issuedAt: NOW + 999, expiresAt: NOW + 1_800_500 });
    const token = await tokens().sign(made);
    const expected = { ...made, issuedAt: NOW, expiresAt: NOW + 1_800_000 };
    expect(await tokens().verify(token)).toEqual(expected);
    const nobody = claims({ user: null, roles: [] });
    const bare = await tokens().sign(nobody);
    expect(await tokens().verify(bare)).toEqual(nobody);
    const payload = JSON.parse(Buffer.from(bare.split('.')[1]!, 'base64url').toString());
    expect(Object.keys(payload)).toEqual(['sid', 'iat', 'exp', 'end']);
  });

  test('that was verified or made here is known at once, until it expires', async () => {
    const maker = tokens();
    const token = await maker.sign(claims());
    const reader = tokens();
    const first = await reader.verify(token);
    expect(reader.verify(token)).toBe(first);
    expect(maker.verify(token)).toEqual(first);
    clock.advance(1_799_999);
    expect(reader.verify(token)).toBe(first);
    clock.advance(1);
    expect(reader.verify(token)).toBeNull();
    expect(maker.verify(token)).toBeNull();
    expect(await reader.verify(token)).toBeNull();
    expect(await tokens().verify(token)).toBeNull();
  });

  test('is verified once for all who ask meanwhile', async () => {
    const token = await tokens().sign(claims());
    const reader = tokens();
    const asked = [reader.verify(token), reader.verify(token)];
    expect(asked[0]).toBeInstanceOf(Promise);
    expect(asked[1]).toBe(asked[0]);
    await Promise.all(asked);
  });

  test('is forgotten for others when there are more than are remembered', async () => {
    const reader = tokens(secrets, 2);
    const all = await Promise.all([1, 2, 3].map(() => tokens().sign(claims())));
    for (const token of all) await reader.verify(token);
    expect(reader.verify(all[2]!)).not.toBeInstanceOf(Promise);
    expect(await reader.verify(all[0]!)).not.toBeNull();
  });

  test('that is not valid is never remembered', async () => {
    const token = await signed({ ...PAYLOAD, iat: NOW / 1000 + 61 });
    const reader = tokens();
    expect(await reader.verify(token)).toBeNull();
    clock.advance(1000);
    expect(await reader.verify(token)).toMatchObject({ user: 'ada' });
  });

  test.each<Partial<SessionClaims>>([
    { user: '' },
    { user: 'u'.repeat(257) },
    { roles: Array.from({ length: 33 }, (_, at) => `role-${at}`) },
    { roles: [''] },
    { roles: ['r'.repeat(257)] },
    { sid: 'short' },
    { issuedAt: Number.NaN },
    { secret: createSessionSecrets([OLD], 'app').signing },
  ])('is not made of %j', async (unfit) => {
    await expect(tokens().sign(claims(unfit))).rejects.toMatchObject({ code: 'ERR_SESSION_VALUE' });
  });

  test('is not made longer than one is read', async () => {
    const roles = Array.from({ length: 32 }, (_, at) => `${at}`.repeat(100));
    await expect(tokens().sign(claims({ roles }))).rejects.toMatchObject({ code: 'ERR_SESSION_TOO_LARGE' });
  });

  test('carries any user and roles within the bounds', async () => {
    const name = fc.string({ unit: 'binary', minLength: 1, maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(name, fc.array(name, { maxLength: 8 }), async (user, roles) => {
        const made = claims({ user, roles });
        expect(await tokens().verify(await tokens().sign(made))).toEqual(made);
      }),
      { numRuns: 200 },
    );
  });
});

describe('keys', () => {
  const both = createSessionSecrets([NEW, OLD], 'app');
  const old = createSessionSecrets([OLD], 'app');

  test('an older secret still verifies; what it made is signed anew and still found', async () => {
    const token = await tokens(old).sign(claims({ secret: old.signing }));
    const read = (await tokens(both).verify(token))!;
    expect(read.secret).toBe(both.all[1]);
    const again = await tokens(both).sign(read);
    expect(again).not.toBe(token);
    const reread = (await tokens(both).verify(again))!;
    expect(reread).toEqual(read);
    expect(reread.secret.digest(reread.sid)).toBe(old.signing.digest(read.sid));
    // The new one does not stand for the old: its sessions go with it.
    expect(await tokens(secrets).verify(again)).toBeNull();
  });

  test('a secret that was taken out verifies nothing', async () => {
    const token = await tokens(old).sign(claims({ secret: old.signing }));
    expect(await tokens(secrets).verify(token)).toBeNull();
  });

  test('a secret that comes with another machine first is known there before it signs', async () => {
    const token = await tokens(both).sign(claims({ secret: both.signing }));
    expect(await tokens(createSessionSecrets([OLD, NEW], 'app')).verify(token)).not.toBeNull();
    expect(await tokens(old).verify(token)).toBeNull();
  });

  test('another namespace with the same secret is another', async () => {
    const other = createSessionSecrets([NEW], 'other');
    const token = await tokens(other).sign(claims({ secret: other.signing }));
    expect(await tokens().verify(token)).toBeNull();
    // Nor with our name on it.
    expect(
      await tokens().verify(await signed(PAYLOAD, { kid: secrets.signing.kid }, other.signing)),
    ).toBeNull();
  });
});

describe('what the right key has signed all the same is refused with', () => {
  test.each<[string, Record<string, unknown>]>([
    ['no id', { sid: undefined }],
    ['an id that is none', { sid: 'x' }],
    ['an id in another spelling', { sid: 'AAAAAAAAAAAAAAAAAAAAAB' }],
    ['an id that is a list', { sid: [PAYLOAD.sid] }],
    ['an empty user', { sub: '' }],
    ['a user that is a number', { sub: 7 }],
    ['a user that is null', { sub: null }],
    ['a long user', { sub: 'u'.repeat(257) }],
    ['roles that are a text', { roles: 'admin' }],
    ['roles that are an object', { roles: { 0: 'admin', length: 1 } }],
    ['a role that is a number', { roles: ['admin', 7] }],
    ['a role that is a list', { roles: [['admin']] }],
    ['many roles', { roles: new Array(33).fill('r') }],
    ['no beginning', { iat: undefined }],
    ['a beginning as text', { iat: String(PAYLOAD.iat) }],
    ['a beginning with a fraction', { iat: PAYLOAD.iat! + 0.5 }],
    ['a beginning before the epoch', { iat: -1 }],
    ['a beginning in the future', { iat: PAYLOAD.iat! + 61 }],
    ['no expiry', { exp: undefined }],
    ['an expiry as text', { exp: String(PAYLOAD.exp) }],
    ['an expiry with a fraction', { exp: PAYLOAD.exp! + 0.5 }],
    ['an expiry that has passed', { exp: NOW / 1000 }],
    ['an expiry after the end', { exp: (PAYLOAD.end as number) + 1 }],
    ['no end', { end: undefined }],
    ['an end as text', { end: String(PAYLOAD.end) }],
    ['an end beyond all instants', { end: 1e300 }],
    ['another secret that is not known', { k: 'AAAAAAAA' }],
    ['another secret that is no text', { k: [secrets.signing.kid] }],
    ['another secret that is null', { k: null }],
    ['a time before which it does not count', { nbf: PAYLOAD.iat! + 10 }],
  ])('%s', async (_, changed) => {
    const token = forged({ alg: 'HS256', kid: secrets.signing.kid, typ: TYPE }, { ...PAYLOAD, ...changed });
    expect(await tokens().verify(token)).toBeNull();
  });

  const kid = secrets.signing.kid;
  test.each<[string, unknown]>([
    ['no algorithm', { kid, typ: TYPE }],
    ['another algorithm', { alg: 'HS384', kid, typ: TYPE }],
    ['the algorithm in other letters', { alg: 'hs256', kid, typ: TYPE }],
    ['an asymmetric algorithm', { alg: 'RS256', kid, typ: TYPE }],
    ['none', { alg: 'none', kid, typ: TYPE }],
    ['None', { alg: 'None', kid, typ: TYPE }],
    ['no key', { alg: 'HS256', typ: TYPE }],
    ['an unknown key', { alg: 'HS256', kid: 'AAAAAAAA', typ: TYPE }],
    ['a key that is a list', { alg: 'HS256', kid: [kid], typ: TYPE }],
    ['a key of its own', { alg: 'HS256', jwk: { kty: 'oct', k: 'AAAA' }, typ: TYPE }],
    ['no type', { alg: 'HS256', kid }],
    ['another type', { alg: 'HS256', kid, typ: 'JWT' }],
    ['an extension that must be understood', { alg: 'HS256', kid, typ: TYPE, crit: ['x'], x: 1 }],
    ['a payload that is not encoded', { alg: 'HS256', kid, typ: TYPE, crit: ['b64'], b64: false }],
    ['a list', ['HS256']],
    ['null', null],
  ])('a header with %s', async (_, header) => {
    expect(await tokens().verify(forged(header, PAYLOAD))).toBeNull();
  });

  test('(while the same by hand, with nothing wrong, is taken)', async () => {
    expect(await tokens().verify(forged({ alg: 'HS256', kid, typ: TYPE }, PAYLOAD))).toMatchObject({
      user: 'ada',
    });
    expect(await tokens().verify(await signed(PAYLOAD))).toMatchObject({ user: 'ada' });
  });

  test('the signatures that its header speaks of', async () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const rs256 = await new SignJWT(PAYLOAD)
      .setProtectedHeader({ alg: 'RS256', kid, typ: TYPE })
      .sign(privateKey);
    const none = `${encoded({ alg: 'none', kid, typ: TYPE })}.${encoded(PAYLOAD)}`;
    const hs384 = forged({ alg: 'HS384', kid, typ: TYPE }, PAYLOAD, secrets.signing, 'sha384');
    for (const token of [rs256, hs384, none, `${none}.`, `${none}.${'A'.repeat(43)}`]) {
      expect(await tokens().verify(token)).toBeNull();
    }
  });
});

describe('what has not the form of a token is refused without a look at its signature', () => {
  test.each([
    '',
    '.',
    '..',
    'a.b',
    'a.b.c',
    'a.b.c.d',
    `${'A'.repeat(5000)}`,
    `\u00a0.\u00a0.${'A'.repeat(43)}`,
  ])('%j', (text) => expect(tokens().verify(text)).toBeNull());

  test('any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(tokens().verify(text)).toBeNull();
      }),
    );
  });

  test('a valid one with more around it, or padding, or in other spellings', async () => {
    const token = await tokens().sign(claims());
    const [header, payload, signature] = token.split('.') as [string, string, string];
    const spellings = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/=']
      .map((last) => `${header}.${payload}.${signature.slice(0, -1)}${last}`)
      .filter((each) => each !== token);
    const others = [
      ` ${token}`,
      `${token} `,
      `${token}\n`,
      `${token}=`,
      `"${token}"`,
      `${token}.`,
      `.${token}`,
    ];
    const reader = tokens();
    for (const text of [...spellings, ...others, token + 'A'.repeat(4096)]) {
      expect(await reader.verify(text), text).toBeNull();
    }
    expect(await reader.verify(token)).not.toBeNull();
  });
});

test('of 10,000 tokens that were changed, none is taken', { timeout: 60_000 }, async () => {
  const [mine, others] = await Promise.all([tokens().sign(claims()), tokens().sign(claims({ user: 'eve' }))]);
  const valid = new Set([mine, others]);
  const parts = (token: string) => token.split('.') as [string, string, string];
  const digit = fc.constantFrom(...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_');
  const at = fc.nat(mine.length - 1);
  const changed = fc.oneof(
    // A bit of the text, or of what it encodes.
    fc.tuple(at, fc.nat(6)).map(([place, bit]) => {
      const code = mine.charCodeAt(place) ^ (1 << bit);
      return mine.slice(0, place) + String.fromCharCode(code) + mine.slice(place + 1);
    }),
    fc.tuple(fc.nat(2), fc.nat(255), fc.nat(7)).map(([part, place, bit]) => {
      const all = parts(mine);
      const bytes = Buffer.from(all[part]!, 'base64url');
      bytes[place % bytes.length]! ^= 1 << bit;
      all[part] = bytes.toString('base64url');
      return all.join('.');
    }),
    fc.tuple(at, digit).map(([place, other]) => mine.slice(0, place) + other + mine.slice(place + 1)),
    fc.tuple(at, digit).map(([place, more]) => mine.slice(0, place) + more + mine.slice(place)),
    fc
      .tuple(at, at)
      .map(([from, to]) => mine.slice(0, Math.min(from, to)) + mine.slice(Math.max(from, to) + 1)),
    at.map((end) => mine.slice(0, end)),
    // Parts of two valid ones, in any order.
    fc
      .array(fc.constantFrom(...parts(mine), ...parts(others)), { minLength: 1, maxLength: 4 })
      .map((all) => all.join('.')),
    // Other claims under a signature of ours.
    fc
      .record({ sub: fc.string(), exp: fc.nat(), end: fc.nat(), roles: fc.array(fc.string()) })
      .map((more) => {
        const [header, payload, signature] = parts(mine);
        const said = { ...JSON.parse(Buffer.from(payload, 'base64url').toString()), ...more };
        return `${header}.${encoded(said)}.${signature}`;
      }),
    // Anybody's signature.
    fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => {
      const [header, payload] = parts(mine);
      return `${header}.${payload}.${Buffer.from(bytes).toString('base64url')}`;
    }),
  );
  // One reader knows the valid ones already, the other nothing: memory must not help either.
  const [knowing, fresh] = [tokens(), tokens()];
  for (const token of valid) expect(await knowing.verify(token)).not.toBeNull();
  let judged = 0;
  await fc.assert(
    fc.asyncProperty(changed, async (token) => {
      if (valid.has(token)) return;
      judged += 1;
      expect(await knowing.verify(token), token).toBeNull();
      expect(await fresh.verify(token), token).toBeNull();
    }),
    { numRuns: 10_500 },
  );
  expect(judged).toBeGreaterThanOrEqual(10_000);
});
