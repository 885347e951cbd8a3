import { createHash } from 'node:crypto';
import { METHODS } from 'node:http';
import type { Background } from '../background.ts';
import type { Clock } from '../clock.ts';
import type { Config, ServiceConfig } from '../config/schema.ts';
import { DEFAULT_LIMITS, NO_LIMITS } from '../config/service-schema.ts';
import type { ClientAddress } from '../gateway/client-address.ts';
import { createCors } from '../gateway/cors.ts';
import type { ForwardingPolicy } from '../gateway/forwarding.ts';
import { createOriginClient } from '../gateway/origin-client.ts';
import { createService, type Service, type SessionGate } from '../gateway/service.ts';
import { REFUSED_METHODS } from '../gateway/steps/method-step.ts';
import type { GateObserver } from '../observe/observer.ts';
import { createLimiter, type Limiter } from '../rate-limit/limiter.ts';
import type { ResponseCache } from '../response-cache/response-cache.ts';
import type { Authority } from '../session/authority.ts';
import { createHttpAuthority } from '../session/http-authority.ts';
import { createSessionPresenter } from '../session/presented-session.ts';
import { createValidationCache } from '../session/validation-cache.ts';
import type { StoreKeys } from '../store/keys.ts';
import type { LocalWindows } from '../store/local-windows.ts';
import type { Store, TakeResult } from '../store/store.ts';
import { cacheSettings } from './cache-settings.ts';

/** What all services of a process share. */
export interface SharedParts {
  readonly mode: Config['mode'];
  readonly store: Store | null;
  readonly distant: boolean;
  /** Limits count in the process and settle with the store: it takes longer to ask than memory does. */
  readonly settles: boolean;
  readonly keys: StoreKeys;
  readonly clock: Clock;
  readonly background: Background;
  readonly observer: GateObserver;
  readonly responses: ResponseCache | null;
  readonly localWindows: LocalWindows;
  readonly clientAddress: ClientAddress;
  readonly development: boolean;
  /** Services ask different authorities, so that a verdict's key must say whose it is. */
  readonly severalAuthorities: boolean;
}

const PASSED_ON = METHODS.filter((method) => !REFUSED_METHODS.has(method));
const OF_BROWSERS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];

/** Makes a service of its configuration: the names of the file here, the names of the code there. */
export function wireService(name: string, config: ServiceConfig, shared: SharedParts): WiredService {
  const { store, keys, clock, observer } = shared;
  // A gate is limited unless it says otherwise; a plain proxy is not.
  const limits = config.rate_limit ?? (config.session === undefined ? NO_LIMITS : DEFAULT_LIMITS);
  const limiters: Limiter[] = [];
  const limit = (kind: 'session' | 'address'): Limiter | null => {
    const rule = limits[kind];
    if (rule === 'off') return null;
    const limiter = createLimiter({
      limit: { name: kind, rule: { limit: rule.limit, windowMs: rule.window_seconds * 1000 } },
      store,
      local: shared.localWindows,
      clock,
      settles: shared.settles && !limits.strict,
      onStoreFailure: (error, request) => observer.storeFailed?.('rate limit', 'write', error, request),
    });
    limiters.push(limiter);
    return limiter;
  };
  const authority = config.session === undefined ? null : createAuthority(config.session);
  const gate = authority === null ? null : createGate(name, config.session!, authority, shared);
  const { responses, mode } = shared;
  const cache = config.cache === 'off' || store === null || responses === null ? null : { responses, store };
  const settings = cacheSettings(config.cache, mode);
  // Only a cache that obeys Surrogate-Control may say so.
  const surrogate = cache !== null && settings.policy.targetedFields.includes('surrogate-control');
  const service = createService({
    name,
    prefix: config.path,
    stripPrefix: config.strip_path,
    methods: config.methods ?? PASSED_ON,
    origin: new URL(config.origin),
    client: createClient(config, mode, clock),
    cors: corsOf(config, shared.development),
    gate,
    limiter: gate === null ? limit('address') : limit('session'),
    validationLimiter: gate === null ? null : limit('address'),
    cache,
    ...settings,
    transformDeadlineMs: config.timeouts.headers_ms + config.timeouts.body_ms,
    stallMs: config.timeouts.stall_ms,
    collapseMs: config.timeouts.collapse_ms,
    upgrades: config.upgrade === 'off' ? [] : config.upgrade,
    upgradeDeadlineMs: config.timeouts.connect_ms + config.timeouts.headers_ms,
    forwarding: forwardingOf(config, surrogate),
    responseFields: config.response_headers,
    transform:
      config.transform === undefined
        ? null
        : { code: codeOf(config.transform), options: config.transform.options },
    keys,
    addressOf: ({ request }) => shared.clientAddress(request.peer, request.field('x-forwarded-for')),
    distantStore: shared.distant ? store : null,
  });
  return { service, authority, limiters };
}

function createClient({ origin, connections, timeouts }: ServiceConfig, mode: Config['mode'], clock: Clock) {
  return createOriginClient({
    origin: new URL(origin),
    mode,
    connections,
    connectMs: timeouts.connect_ms,
    headersMs: timeouts.headers_ms,
    bodyMs: timeouts.body_ms,
    clock,
  });
}

export interface WiredService {
  readonly service: Service;
  readonly authority: Authority | null;
  readonly limiters: readonly Limiter[];
}

function codeOf({ request, response }: NonNullable<ServiceConfig['transform']>) {
  return { ...(request && { request }), ...(response && { response }) };
}

type SessionConfig = NonNullable<ServiceConfig['session']>;

/** Whether services ask different authorities: what one calls valid is nothing to another. */
export function hasSeveralAuthorities(services: Config['services']): boolean {
  const sessions = Object.values(services).flatMap(({ session }) => (session === undefined ? [] : [session]));
  return new Set(sessions.map(authorityDigest)).size > 1;
}

const DIGEST_LENGTH = 8;

function authorityDigest({ url, path, cookie }: SessionConfig): string {
  const text = JSON.stringify([url, path, cookie]);
  return createHash('sha256').update(text).digest('base64url').slice(0, DIGEST_LENGTH);
}

function createAuthority(config: SessionConfig): Authority {
  return createHttpAuthority({
    name: config.name,
    url: new URL(config.url.replace(/\/$/, '') + config.path),
    cookieName: config.cookie,
    timeoutMs: config.timeout_ms,
  });
}

function createGate(
  service: string,
  config: SessionConfig,
  authority: Authority,
  shared: SharedParts,
): SessionGate {
  const store = config.cache ? shared.store : null;
  return {
    cookieName: config.cookie,
    fieldName: config.header?.toLowerCase() ?? null,
    present: createSessionPresenter({
      service,
      authority: shared.severalAuthorities ? authorityDigest(config) : '',
      keys: shared.keys,
      idInKey: config.id_in_key,
    }),
    store,
    validations: createValidationCache<TakeResult>({
      authority,
      store,
      ttlMs: config.cache_ttl_seconds * 1000,
      clock: shared.clock,
      background: shared.background,
      observer: shared.observer,
    }),
  };
}

function corsOf({ cors, session, methods }: ServiceConfig, development: boolean) {
  if (cors === undefined) return null;
  const sessionField = session?.header === undefined ? [] : [session.header];
  return createCors({
    origins: development ? [...cors.origins, ...cors.development_origins] : cors.origins,
    missingOrigin: cors.missing_origin,
    credentials: cors.credentials,
    allowHeaders: [...sessionField, ...cors.allow_headers],
    allowMethods: methods ?? OF_BROWSERS,
    maxAgeSeconds: cors.max_age_seconds,
  });
}

/**
 * What a service passes on where its file does not say: a plain proxy all that is the client's; a gate no credentials,
 * which it has checked itself; where caching is forced, none either, since the cache key does not cover them; and a
 * transform, which makes requests of its own, nothing.
 */
function forwardingOf(config: ServiceConfig, surrogate: boolean): ForwardingPolicy {
  const { forward, session, cache } = config;
  const forced = cache !== 'off' && cache.force;
  const credentials = session === undefined && !forced;
  const headers = forward.headers ?? (config.transform === undefined ? 'all' : []);
  return {
    fields: headers === 'all' ? 'all' : headers.map((name) => name.toLowerCase()),
    cookies: forward.cookies ?? credentials,
    authorization: forward.authorization ?? credentials,
    webOrigin: config.cors === undefined,
    sessionCookie: session?.cookie ?? null,
    sessionField: session?.header ?? null,
    ownFields: config.request_headers,
    requestDirectives: !forced,
    surrogate,
  };
}
