import * as z from 'zod';
import { acceptsSecret } from './accepted.ts';
import { path } from './network.ts';
import {
  choice,
  DAY_SECONDS,
  flag,
  formed,
  listOf,
  patterned,
  wholeNumber,
  YEAR_SECONDS,
} from './scalars.ts';
import { DEFAULT_ABSOLUTE_TTL_SECONDS, DEFAULT_IDLE_TTL_SECONDS } from './session-lifetimes.ts';

const MAX_SECRETS = 8;
const SECRET_FORM = 'a secret of 32 to 1024 characters';

/** A key of signatures and hashes. */
export function signingSecret() {
  return acceptsSecret(z.string().min(32).max(1_024), SECRET_FORM);
}

const ownCookieName = () =>
  patterned(
    /^(?!__(?:host|secure)-)[!#$%&'*+\-.^_`|~0-9a-z]{1,256}$/i,
    'a cookie name, without __Host- or __Secure-, which it is given where it may have them',
  );

const cookie = z.strictObject({
  name: ownCookieName().default('session'),
  secure: flag().default(true),
  same_site: choice(['Lax', 'Strict', 'None']).default('Lax'),
  path: path().default('/'),
  domain: patterned(
    /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+$/,
    'a domain name in lower case such as example.com',
  ).optional(),
});

const exactOrigin = () => formed('exact-origin', 'a web origin: scheme://host[:port] in lower case');

/** Own sessions; who serves them beside a gate needs `secrets`, which a single application may leave out. */
export const sessionsSchema = z.strictObject({
  // One that was written where the list should be is a secret too.
  secrets: acceptsSecret(
    z.array(signingSecret()).min(1).max(MAX_SECRETS),
    `a list of 1 to ${MAX_SECRETS} secrets, the newest first`,
  ).optional(),
  mode: choice(['store', 'jwt']).default('store'),
  idle_ttl_seconds: wholeNumber('seconds', 60, YEAR_SECONDS).default(DEFAULT_IDLE_TTL_SECONDS),
  absolute_ttl_seconds: wholeNumber('seconds', 60, YEAR_SECONDS).default(DEFAULT_ABSOLUTE_TTL_SECONDS),
  jwt_only_seconds: wholeNumber('seconds', 0, DAY_SECONDS).default(900),
  degraded_writes: choice(['refuse', 'queue']).default('refuse'),
  max_bytes: wholeNumber('bytes', 1_024, 1_048_576).default(65_536),
  allowed_origins: listOf(exactOrigin(), 'web origins').default([]),
  cookie: cookie.prefault({}),
});

export type SessionsConfig = z.output<typeof sessionsSchema>;
