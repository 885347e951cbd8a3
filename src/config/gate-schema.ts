import * as z from 'zod';
import { isConnectionField } from '../http/fields.ts';
import { accepts } from './accepted.ts';
import { cookieName, fieldName } from './fields.ts';
import { httpUrl, path } from './network.ts';
import { choice, DAY_SECONDS, flag, formed, listOf, patterned, text, wholeNumber } from './scalars.ts';
import { signingSecret } from './sessions-schema.ts';

const AUTHORITY_NAMES = {
  wagtail: 'Wagtail',
  django: 'Django',
  http: 'the authority',
  token: 'the token',
  own: 'the session',
} as const;

const STATUS_FORM = 'a status code from 100 to 599, or a range such as 200-299';

const status = () =>
  accepts(z.union([z.int().min(100).max(599), formed('statuses', STATUS_FORM)]), STATUS_FORM);

const statuses = () => listOf(status(), 'status codes and ranges such as 200-299');

// RFC 6901, with at least one step: a whole answer is nobody's name.
const POINTER = '(?:/(?:[^~/]|~[01])*)+';
const SOURCE = new RegExp(`^(?:header:[!#$%&'*+\\-.^_\`|~0-9A-Za-z]{1,256}|json:${POINTER})$`, 'u');

// Each would make of every request another session, belongs to one hop, or says another thing to the authority.
const NOT_FORWARDED: ReadonlySet<string> = new Set(['cookie', 'expect', 'host', 'x-request-id']);

function forwardedField() {
  const isForwarded = (name: string) => !NOT_FORWARDED.has(name) && !isConnectionField(name);
  return text(
    (found) => fieldName().safeParse(found).success && isForwarded(found.toLowerCase()),
    'a header field name, not Cookie (see cookies), Host, Expect, X-Request-Id or one of the connection',
  );
}

/** Where in an authority's answer something stands. */
const source = () => patterned(SOURCE, 'header:NAME, or json: and a JSON pointer such as json:/user/id');

const ALGORITHMS = [
  ...(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'] as const),
  ...(['ES256', 'ES384', 'ES512', 'EdDSA'] as const),
] as const;

const line = (accepted: string) => patterned(/^\P{C}{1,1024}$/u, accepted);

/** Who a service lets in: the sessions of one authority. */
export const gateSchema = z
  .strictObject({
    authority: choice(['wagtail', 'django', 'http', 'token', 'own']),
    name: patterned(/^\P{C}{1,64}$/u, '1 to 64 printable characters').optional(),
    url: httpUrl().optional(),
    path: path().default('/'),
    cookie: cookieName().optional(),
    header: fieldName().optional(),
    timeout_ms: wholeNumber('milliseconds', 100, 60_000).default(5_000),
    cache: flag().default(true),
    cache_ttl_seconds: wholeNumber('seconds', 1, DAY_SECONDS).default(300),
    id_in_key: choice(['plain', 'hashed']).default('plain'),
    method: choice(['GET', 'HEAD', 'POST']).default('GET'),
    valid: statuses().default(['200-299']),
    invalid: statuses().default([401, 403, '300-399']),
    bearer: flag().default(false),
    forward: z
      .strictObject({
        headers: listOf(forwardedField(), 'header field names').default([]),
        cookies: listOf(cookieName(), 'cookie names').default([]),
      })
      .prefault({}),
    identity: z.strictObject({ user: source().optional(), roles: source().optional() }).optional(),
    jwks_url: formed('jwks-url', 'an http or https URL without credentials or fragment').optional(),
    issuer: line('the issuer, as the claim iss has it').optional(),
    audience: line('one of the audiences that the claim aud has').optional(),
    algorithms: accepts(
      z.array(choice(ALGORITHMS)).min(1),
      `a list of at least one of ${ALGORITHMS.join(', ')}`,
    ).default(['RS256', 'ES256', 'PS256', 'EdDSA']),
    roles_claim: patterned(
      new RegExp(`^(?:[^/].{0,255}|${POINTER})$`, 'u'),
      'the name of a claim, or a JSON pointer such as /realm_access/roles',
    ).optional(),
    pass_identity: choice(['off', 'trusted', 'signed']).default('off'),
    passed: accepts(z.array(choice(['user', 'roles'])).min(1), 'a list of user, roles or both').default([
      'user',
      'roles',
    ]),
    identity_secret: signingSecret().optional(),
    logout_path: path().optional(),
  })
  .transform((found) => ({
    ...found,
    name: found.name ?? AUTHORITY_NAMES[found.authority],
    cookie: found.cookie ?? defaultCookie(found),
  }));

export type GateConfig = z.output<typeof gateSchema>;

/** Who presents a bearer token has no cookie, unless one is named. */
function defaultCookie({ authority, bearer }: { authority: string; bearer: boolean }): string | null {
  return authority === 'token' || authority === 'own' || bearer ? null : 'sessionid';
}
