import type { Background } from '../background.ts';
import type { Clock } from '../clock.ts';
import type { GateConfig } from '../config/gate-schema.ts';
import type { Outbound } from '../gateway/outbound.ts';
import type { SessionObserver } from '../observe/observer.ts';
import type { Tracing } from '../observe/tracing.ts';
import { createHttpAuthority } from '../session/authorities/http-authority.ts';
import type { IdentitySource, IdentitySources } from '../session/authorities/identity-sources.ts';
import type { Authority } from '../session/authority.ts';
import { createForwardedFields, type ForwardedFields } from '../session/forwarded-fields.ts';
import { createSessionPresenter, type PresentSession } from '../session/presented-session.ts';
import { createValidationCache, type ValidationCache } from '../session/validation-cache.ts';
import type { StoreKeys } from '../store/keys.ts';
import type { Store, TakeResult } from '../store/store.ts';
import { authorityDigest } from './session-settings.ts';

/** The gate of an authority that knows other systems' sessions. */
export interface WiredRemoteGate {
  readonly authority: Authority;
  readonly present: PresentSession;
  /** What of a request the authority is sent beside the id. */
  readonly forwarded: ForwardedFields;
  readonly validations: ValidationCache<TakeResult>;
  /** Where verdicts are kept. */
  readonly store: Store | null;
}

export interface RemoteGateParts {
  /** Whose rate limits they are. */
  readonly service: string;
  /** What tells the deployment's authorities apart; empty where there is one. */
  readonly authorityName: string;
  readonly store: Store | null;
  readonly keys: StoreKeys;
  readonly clock: Clock;
  readonly background: Background;
  readonly observer: SessionObserver;
  /** `null`: nobody traces requests. */
  readonly tracing: Tracing | null;
  /** By which the authority is asked. */
  readonly outbound: Outbound;
}

/** @throws CachegateError `ERR_CONFIG_INVALID` for what no authority can be made of */
export async function wireRemoteGate(config: GateConfig, parts: RemoteGateParts): Promise<WiredRemoteGate> {
  const { clock, background, observer } = parts;
  const untraced = await createAuthority(config, parts);
  const authority = parts.tracing?.authority(untraced) ?? untraced;
  const isToken = config.authority === 'token';
  const withIdentity = isToken || config.identity !== undefined;
  // What a token says is remembered in the process, and sooner found there.
  const store = config.cache && !isToken ? parts.store : null;
  const { headers, cookies } = config.forward;
  const present = createSessionPresenter({
    service: parts.service,
    authority: parts.authorityName,
    keys: parts.keys,
    idInKey: config.id_in_key,
    secret: isToken || config.bearer ? 'token' : 'id',
    withIdentity,
    forwards: headers.length + cookies.length > 0,
  });
  return {
    authority,
    present,
    forwarded: createForwardedFields(config.forward),
    store,
    validations: createValidationCache<TakeResult>({
      ...{ authority, store, withIdentity, clock, background, observer },
      identityBy: authorityDigest(config),
      ttlMs: config.cache_ttl_seconds * 1000,
    }),
  };
}

async function createAuthority(
  config: GateConfig,
  { clock, outbound }: Pick<RemoteGateParts, 'clock' | 'outbound'>,
): Promise<Authority> {
  const { name, timeout_ms: timeoutMs } = config;
  const openAsker = outbound.asker;
  if (config.authority === 'token') {
    // What knows tokens is loaded only where there are some.
    const { createTokenAuthority } = await import('../session/authorities/token-authority.ts');
    return createTokenAuthority({
      ...{ name, timeoutMs, clock, openAsker },
      jwksUrl: new URL(config.jwks_url!),
      algorithms: config.algorithms,
      ...(config.issuer !== undefined && { issuer: config.issuer }),
      ...(config.audience !== undefined && { audience: config.audience }),
      ...(config.roles_claim !== undefined && { rolesClaim: config.roles_claim }),
    });
  }
  return createHttpAuthority({
    ...{ name, timeoutMs, openAsker },
    url: new URL(config.url!.replace(/\/$/, '') + config.path),
    method: config.method,
    ...(config.cookie !== null && { cookieName: config.cookie }),
    // The others' own field is one that only their clients send here.
    ...(config.authority === 'http' && config.header !== undefined && { fieldName: config.header }),
    bearer: config.bearer,
    valid: config.valid,
    invalid: config.invalid,
    ...(config.identity !== undefined && { identity: sourcesOf(config.identity) }),
  });
}

function sourcesOf({ user, roles }: NonNullable<GateConfig['identity']>): IdentitySources {
  return {
    ...(user !== undefined && { user: sourceOf(user) }),
    ...(roles !== undefined && { roles: sourceOf(roles) }),
  };
}

/** `header:NAME` or `json:/pointer`. */
function sourceOf(text: string): IdentitySource {
  const at = text.indexOf(':');
  const place = text.slice(at + 1);
  return text.startsWith('header:') ? { header: place } : { json: place };
}
