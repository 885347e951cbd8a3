import { createHash } from 'node:crypto';
import type { Clock } from '../clock.ts';
import type { GateConfig } from '../config/gate-schema.ts';
import type { ServiceConfig } from '../config/schema.ts';
import { createTrustedPassing, type IdentityPassing } from '../gateway/identity-passing.ts';

/** Whether services ask different authorities: what one calls valid is nothing to another. */
export function hasSeveralAuthorities(services: Readonly<Record<string, ServiceConfig>>): boolean {
  const gates = Object.values(services).flatMap(({ session }) => (session === undefined ? [] : [session]));
  return new Set(gates.filter(({ authority }) => authority !== 'own').map(authorityDigest)).size > 1;
}

const DIGEST_LENGTH = 8;

/** What tells the word of one authority from that of others: all that shapes it. */
export function authorityDigest(config: GateConfig): string {
  const text = JSON.stringify([config.url, config.path, config.cookie, ...more(config)]);
  return createHash('sha256').update(text).digest('base64url').slice(0, DIGEST_LENGTH);
}

/** Whose word a verdict is, for its key; left out where the services of a file ask one, in one way: then it is the id alone. */
export function authorityNameOf(config: GateConfig, areSeveral: boolean): string {
  return areSeveral ? authorityDigest(config) : '';
}

/** Nothing for an authority that is asked as Wagtail's and Django's are. */
function more(config: GateConfig): unknown[] {
  const { authority, method, valid, invalid, bearer, forward, identity } = config;
  if (authority === 'token') {
    const { jwks_url, issuer, audience, algorithms, roles_claim } = config;
    return [jwks_url, issuer, audience, algorithms, roles_claim];
  }
  // The others' own field is one that only their clients send here.
  const header = authority === 'http' ? config.header : undefined;
  const asked = JSON.stringify([method, valid, invalid, bearer, forward, identity, header]);
  return asked === AS_USUAL ? [] : [asked];
}

const AS_USUAL = JSON.stringify([
  ...['GET', ['200-299'], [401, 403, '300-399'], false, { headers: [], cookies: [] }],
  ...[undefined, undefined],
]);

/** What a service's origin is told of whose a session is; `null`: nothing. */
export async function identityPassingOf(
  service: string,
  config: GateConfig | undefined,
  clock: Clock,
): Promise<IdentityPassing | null> {
  if (config === undefined || config.pass_identity === 'off') return null;
  const parts = { user: config.passed.includes('user'), roles: config.passed.includes('roles') };
  if (config.pass_identity === 'trusted') return createTrustedPassing(parts);
  // What signs is loaded only where something is to be signed.
  const { createSignedPassing } = await import('../gateway/signed-passing.ts');
  return createSignedPassing({ parts, service, secret: config.identity_secret!, clock });
}
