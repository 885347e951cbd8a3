import { describe, expect, it } from 'vitest';
import { gateSchema } from '../config/gate-schema.ts';
import { configSchema } from '../config/schema.ts';
import { createManualClock } from '../testing/manual-clock.ts';
import {
  authorityDigest,
  authorityNameOf,
  hasSeveralAuthorities,
  identityPassingOf,
} from './session-settings.ts';

const URL_OF = 'https://auth.example';
const gate = (more: object = {}) => gateSchema.parse({ authority: 'http', url: URL_OF, ...more });

describe('the word of an authority', () => {
  it('is another’s wherever something else shapes it', () => {
    const gates = [
      gate(),
      gate({ path: '/me' }),
      gate({ cookie: 'sid' }),
      gate({ method: 'HEAD' }),
      gate({ valid: [200] }),
      gate({ invalid: [401] }),
      gate({ bearer: true }),
      gate({ header: 'X-Session' }),
      gate({ forward: { headers: ['Accept-Language'] } }),
      gate({ forward: { cookies: ['lang'] } }),
      gate({ identity: { user: 'json:/u' } }),
      gate({ identity: { user: 'header:u' } }),
      gateSchema.parse({ authority: 'token', jwks_url: URL_OF }),
      gateSchema.parse({ authority: 'token', jwks_url: URL_OF, audience: 'a' }),
    ];
    expect(new Set(gates.map(authorityDigest)).size).toBe(gates.length);
  });

  it('is the same whatever does not shape it, and whoever asks', () => {
    const usual = { url: URL_OF, cache_ttl_seconds: 5 };
    const wagtail = gateSchema.parse({ ...usual, authority: 'wagtail', header: 'X-Session' });
    expect(authorityDigest(wagtail)).toBe(authorityDigest(gate({ name: 'x' })));
  });

  it('has no name where there is one, and else one that its settings make', () => {
    expect([authorityNameOf(gate(), false), authorityNameOf(gate(), true)]).toEqual([
      '',
      authorityDigest(gate()),
    ]);
    const names = ['json:/id', 'json:/email'].map((user) =>
      authorityNameOf(gate({ identity: { user } }), true),
    );
    expect(names).toEqual([expect.stringMatching(/^[\w-]{8}$/), expect.stringMatching(/^[\w-]{8}$/)]);
    expect(names[0]).not.toBe(names[1]);
  });

  it('is told apart only where there are several; own sessions are no authority’s', () => {
    const severalIn = (...sessions: object[]) => {
      const named = sessions.map((session, i) => [
        `s${i}`,
        { path: `/${i}`, origin: URL_OF, session: { url: URL_OF, authority: 'http', ...session } },
      ]);
      return hasSeveralAuthorities(configSchema.parse({ services: Object.fromEntries(named) }).services);
    };
    expect(severalIn({}, { authority: 'django' }, { authority: 'own', url: undefined })).toBe(false);
    expect(severalIn({}, { path: '/other' })).toBe(true);
  });
});

it('an identity is passed on as the service says', async () => {
  const clock = createManualClock();
  const namesOf = async (more: object) => [
    ...((await identityPassingOf('api', gate(more), clock))?.names ?? []),
  ];
  expect(await namesOf({})).toEqual([]);
  expect(await namesOf({ pass_identity: 'trusted' })).toEqual(['x-cachegate-user', 'x-cachegate-roles']);
  const identity_secret = 's'.repeat(32);
  expect(await namesOf({ pass_identity: 'signed', identity_secret })).toEqual(['x-cachegate-identity']);
  expect(await identityPassingOf('api', undefined, clock)).toBeNull();
});
