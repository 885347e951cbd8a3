import { decodeJwt } from 'jose';
import { describe, expect, it } from 'vitest';
import { createManualClock } from '../testing/manual-clock.ts';
import { createTrustedPassing } from './identity-passing.ts';
import { createSignedPassing } from './signed-passing.ts';

const ANN = { user: 'ann', roles: ['a', 'b'] };
const BOTH = { user: true, roles: true };

describe('an identity in plain fields', () => {
  const passing = createTrustedPassing(BOTH);

  it.each([
    ['ann', 'ann'],
    ['a b', 'a%20b'],
    ['100%', '100%25'],
    ['a,b', 'a%2Cb'],
    ['é', '%C3%A9'],
    ['👩', '%F0%9F%91%A9'],
    ['a\r\nX: y', 'a%0D%0AX:%20y'],
    ['!"#$&\'()*+-./0:;<=>?@A[\\]^_`a{|}~', '!"#$&\'()*+-./0:;<=>?@A[\\]^_`a{|}~'],
  ])('%j stands there as %s, from which it can be had back', (user, expected) => {
    expect(passing.fieldsFor({ user, roles: [] })).toEqual(['X-Cachegate-User', expected]);
    expect(decodeURIComponent(expected)).toBe(user);
  });

  it('has its roles as a list, in which no role looks like two', () => {
    expect(passing.fieldsFor({ user: null, roles: ['a,b', 'c'] })).toEqual(['X-Cachegate-Roles', 'a%2Cb,c']);
  });

  it('is of nobody where nobody has said', () => expect(passing.fieldsFor(null)).toEqual([]));

  it('stands for its fields where requests are compared', () => {
    expect(passing.standing(ANN, 'x-cachegate-user')).toBe('ann');
    expect(passing.standing(ANN, 'x-cachegate-roles')).toBe('a,b');
    expect(passing.standing(null, 'x-cachegate-user')).toBeUndefined();
    expect(passing.likeness(ANN)).not.toBe(passing.likeness({ ...ANN, roles: ['a'] }));
  });
});

describe('an identity in a token', () => {
  const secret = 's'.repeat(32);
  const clock = createManualClock();
  const signedBy = (parts = BOTH) => createSignedPassing({ parts, service: 'api', secret, clock });

  it('is signed once for half of the token’s life, however many ask', async () => {
    const passing = signedBy();
    const both = await Promise.all([passing.fieldsFor(ANN), passing.fieldsFor({ ...ANN })]);
    const [first] = both;
    expect(both[1]).toBe(first);
    clock.advance(29_999);
    // At once: nobody waits for it.
    expect(passing.fieldsFor(ANN)).toBe(first);
    clock.advance(1);
    const second = await passing.fieldsFor(ANN);
    expect(decodeJwt(second[1]!).exp! - decodeJwt(first![1]!).exp!).toBe(30);
    expect(passing.standing(ANN, 'x-cachegate-identity')).toBe(passing.standing({ ...ANN }, ''));
  });

  it('says no more than it may', async () => {
    const told = await signedBy({ user: false, roles: true }).fieldsFor(ANN);
    expect(decodeJwt(told[1]!)).toMatchObject({ roles: ['a', 'b'], aud: 'api' });
    expect(decodeJwt(told[1]!)).not.toHaveProperty('sub');
  });
});
