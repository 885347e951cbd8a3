import { createHmac } from 'node:crypto';
import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { createSessionSecrets } from './session-secrets.ts';

const OLD = 'old '.repeat(8);
const NEW = 'new '.repeat(8);

describe('the secrets of sessions', () => {
  test('the first signs, all are known by their names', () => {
    const secrets = createSessionSecrets([NEW, OLD], '');
    expect(secrets.all).toHaveLength(2);
    expect(secrets.signing).toBe(secrets.all[0]);
    for (const secret of secrets.all) expect(secrets.byKid(secret.kid)).toBe(secret);
    expect(secrets.byKid('')).toBeUndefined();
    expect(secrets.byKid('__proto__')).toBeUndefined();
    expect(secrets.signing.kid).toBe(createSessionSecrets([NEW], '').signing.kid);
  });

  test('one that stands there twice counts once, as the newer', () => {
    const secrets = createSessionSecrets([NEW, OLD, NEW], '');
    expect(secrets.all.map(({ kid }) => kid)).toEqual(
      createSessionSecrets([NEW, OLD], '').all.map(({ kid }) => kid),
    );
  });

  test.each([
    ['none', []],
    ['a short one', [NEW, 'x'.repeat(31)]],
    ['a long one', ['x'.repeat(1025)]],
    ['nine', Array.from({ length: 9 }, (_, i) => `${i}${NEW}`)],
    // Else its first letter would be the key.
    ['a text in the place of the list', NEW],
    ['an unset variable', [undefined]],
    ['nothing', undefined],
  ])('%s is a fault', (_, secrets) => {
    expect(() => createSessionSecrets(secrets as string[], '')).toThrow(
      expect.objectContaining({ code: 'ERR_CONFIG_INVALID' }),
    );
  });

  test('name, signing key and hashes have nothing in common, with each other or over secrets and namespaces', () => {
    const all = [createSessionSecrets([NEW, OLD], 'a'), createSessionSecrets([NEW, OLD], 'b')].flatMap(
      (secrets) => secrets.all,
    );
    expect(new Set(all.map(({ kid }) => kid)).size).toBe(4);
    expect(new Set(all.map(({ signingKey }) => Buffer.from(signingKey).toString('hex'))).size).toBe(4);
    expect(new Set(all.map((secret) => secret.digest('x'))).size).toBe(4);
    for (const { kid, signingKey, digest } of all) {
      expect(kid).toMatch(/^[\w-]{8}$/);
      expect(signingKey).toHaveLength(32);
      expect(Buffer.from(signingKey).toString('base64url')).not.toContain(kid);
      const withSigningKey = createHmac('sha256', signingKey).update('x').digest().subarray(0, 16);
      expect(digest('x')).not.toBe(withSigningKey.toString('base64url'));
    }
  });

  test('keys are not seen where a secret is shown', () => {
    const { signing } = createSessionSecrets([NEW], '');
    expect(signing.signingKey).toHaveLength(32);
    expect(inspect({ signing }, { depth: 9 })).not.toContain('signingKey');
    expect(Object.keys(JSON.parse(JSON.stringify(signing)))).toEqual(['kid']);
  });

  test('a digest is 128 bits of base64url, the same in every process', () => {
    const [first, second] = [
      createSessionSecrets([NEW], 'a').signing,
      createSessionSecrets([NEW, OLD], 'a').signing,
    ];
    expect(first.digest('x')).toMatch(/^[\w-]{21}[AQgw]$/);
    expect(first.digest('x')).toBe(second.digest('x'));
    expect(first.digest('x')).not.toBe(first.digest('y'));
  });
});
