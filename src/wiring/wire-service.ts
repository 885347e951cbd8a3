import type { Background } from '../background.ts';
import type { Clock } from '../clock.ts';
import { DEFAULT_LIMITS, NO_LIMITS } from '../config/default-limits.ts';
import type { Config, ServiceConfig } from '../config/schema.ts';
import type { ClientAddress } from '../gateway/client-address.ts';
import { createCors } from '../gateway/cors.ts';
import type { ForwardingPolicy } from '../gateway/forwarding.ts';
import type { OriginClientOptions } from '../gateway/origin-client.ts';
import type { Outbound } from '../gateway/outbound.ts';
import { createPresentedIn } from '../gateway/presented-in.ts';
import { createService, type Service } from '../gateway/service.ts';
import type { SessionGate } from '../gateway/session-gate.ts';
import { REFUSED_METHODS } from '../gateway/steps/method-step.ts';
import type { GateObserver } from '../observe/observer.ts';
import type { Tracing } from '../observe/tracing.ts';
import type { OriginBudget } from '../origin-budget/origin-budget.ts';
import type { OriginBudgets } from '../origin-budget/origin-budgets.ts';
import { createLimiter, type Limiter } from '../rate-limit/limiter.ts';
import type { ResponseCache } from '../response-cache/response-cache.ts';
import type { Authority } from '../session/authority.ts';
import type { OwnSessions } from '../session/own/sessions.ts';
import type { StoreKeys } from '../store/keys.ts';
import type { LocalWindows } from '../store/local-windows.ts';
import type { Store } from '../store/store.ts';
import { budgetSettings } from './budget-settings.ts';
import { cacheSettings } from './cache-settings.ts';
import { authorityNameOf, identityPassingOf } from './session-settings.ts';
import { wireOwnGate } from './wire-own-gate.ts';
import { wireRemoteGate } from './wire-remote-gate.ts';

/** What all services of a process share. */
export interface SharedParts {
  readonly mode: Config['mode'];
  readonly store: Store | null;
  readonly distant: boolean;
  /** Limits count in the process and settle with the store: it takes longer to ask than memory does. */
  readonly settles: boolean;
  /** Timers run between requests too. */
  readonly lasting: boolean;
  readonly keys: StoreKeys;
  readonly clock: Clock;
  readonly background: Background;
  readonly observer: GateObserver;
  /** `null`: nobody traces requests. */
  readonly tracing: Tracing | null;
  readonly responses: ResponseCache | null;
  readonly localWindows: LocalWindows;
  readonly clientAddress: ClientAddress;
  readonly development: boolean;
  /** Services ask different authorities, so that a verdict's key must say whose it is. */
  readonly severalAuthorities: boolean;
  /** Sessions that applications beside the gate keep; `null`: none are configured. */
  readonly own: OwnSessions | null;
  /** By which origins and authorities are asked. */
  readonly outbound: Outbound;
}

const OF_BROWSERS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];

/** Makes the services of a configuration. */
export async function wireServices(
  services: Config['services'],
  shared: SharedParts,
): Promise<WiredService[]> {
  const isLimited = Object.values(services).some(({ origin_limit: limit }) => limit !== undefined);
  const budgets = isLimited ? await openBudgets(shared) : null;
  return Promise.all(
    Object.entries(services).map(([name, service]) => wireService(name, service, shared, budgets)),
  );
}

/** Loaded only where an origin has a budget. */
async function openBudgets(shared: SharedParts): Promise<OriginBudgets> {
  const { createOriginBudgets } = await import('../origin-budget/origin-budgets.ts');
  return createOriginBudgets({ ...shared, local: shared.localWindows });
}

/** Makes a service of its configuration: the names of the file here, the names of the code there. */
async function wireService(
  name: string,
  config: ServiceConfig,
  shared: SharedParts,
  budgets: OriginBudgets | null,
): Promise<WiredService> {
  const { store, keys, clock, observer, outbound } = shared;
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
      // Instances of a function are many, and what is asked leaves with the reads: it costs no time of its own.
      settles: shared.settles && shared.lasting && !limits.strict,
      ...(observer.limitJudged && {
        onJudged: (allowed: boolean) => observer.limitJudged!(name, kind, allowed),
      }),
      onStoreFailure: (error, request) => observer.storeFailed?.('rate limit', 'write', error, request),
    });
    limiters.push(limiter);
    return limiter;
  };
  const { gate, authority } = await gateOf(name, config, shared);
  const { responses, mode } = shared;
  const cache = config.cache === 'off' || store === null || responses === null ? null : { responses, store };
  const settings = cacheSettings(config.cache, mode);
  // Only a cache that obeys Surrogate-Control may say so.
  const surrogate = cache !== null && settings.policy.targetedFields.includes('surrogate-control');
  const limited = config.origin_limit;
  const budget =
    limited === undefined || budgets === null ? null : budgets(name, budgetSettings(name, limited));
  const service = createService({
    name,
    prefix: config.path,
    stripPrefix: config.strip_path,
    methods: config.methods ?? outbound.methods.filter((method) => !REFUSED_METHODS.has(method)),
    origin: new URL(config.origin),
    client: outbound.origin(clientOptions(config, mode, clock, budget)),
    budget,
    observer,
    tracing: shared.tracing,
    cors: corsOf(config, shared.development),
    gate,
    identityPassing: await identityPassingOf(name, config.session, clock),
    logoutPath: config.session?.logout_path ?? null,
    limiter: gate === null ? limit('address') : limit('session'),
    validationLimiter: gate === null ? null : limit('address'),
    cache,
    ...settings,
    sharedBy: config.cache === 'off' ? 'all' : config.cache.shared_by,
    transformDeadlineMs: config.timeouts.headers_ms + config.timeouts.body_ms,
    stallMs: config.timeouts.stall_ms,
    collapseMs: config.timeouts.collapse_ms,
    upgrade: upgradeOf(config, outbound, budget),
    forwarding: forwardingOf(config, surrogate, shared),
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

function clientOptions(
  { origin, connections, timeouts }: ServiceConfig,
  mode: Config['mode'],
  clock: Clock,
  budget: OriginBudget | null,
): OriginClientOptions {
  return {
    origin: new URL(origin),
    mode,
    budget,
    connections,
    connectMs: timeouts.connect_ms,
    headersMs: timeouts.headers_ms,
    bodyMs: timeouts.body_ms,
    clock,
  };
}

function upgradeOf(
  { origin, upgrade, timeouts }: ServiceConfig,
  outbound: Outbound,
  budget: OriginBudget | null,
) {
  if (upgrade === 'off' || upgrade.length === 0 || outbound.upgrade === undefined) return null;
  const deadlineMs = timeouts.connect_ms + timeouts.headers_ms;
  return { protocols: upgrade, client: outbound.upgrade(new URL(origin), deadlineMs, budget) };
}

export interface WiredService {
  readonly service: Service;
  readonly authority: Authority | null;
  readonly limiters: readonly Limiter[];
}

function codeOf({ request, response }: NonNullable<ServiceConfig['transform']>) {
  return { ...(request && { request }), ...(response && { response }) };
}

/** `null`: nobody has to show a session. */
async function gateOf(
  service: string,
  { session, cors }: ServiceConfig,
  shared: SharedParts,
): Promise<{ readonly gate: SessionGate | null; readonly authority: Authority | null }> {
  if (session === undefined) return { gate: null, authority: null };
  if (session.authority === 'own') {
    const { own, store, keys } = shared;
    const gate = wireOwnGate({ service, sessions: own!, store, keys, hasCors: cors !== undefined });
    return { gate, authority: null };
  }
  const { authority, present, forwarded, store, validations } = await wireRemoteGate(session, {
    ...shared,
    service,
    authorityName: authorityNameOf(session, shared.severalAuthorities),
  });
  const find = createPresentedIn({ config: session, present, forwarded });
  return { gate: { kind: 'remote', find, store, validations }, authority };
}

function corsOf({ cors, session, methods }: ServiceConfig, development: boolean) {
  if (cors === undefined) return null;
  const sessionField = session?.header === undefined ? [] : [session.header];
  const tokenField = carriesToken(session) ? ['Authorization'] : [];
  const allowed = methods ?? OF_BROWSERS;
  const logout = session?.logout_path === undefined || allowed.includes('POST') ? [] : ['POST'];
  return createCors({
    origins: development ? [...cors.origins, ...cors.development_origins] : cors.origins,
    missingOrigin: cors.missing_origin,
    credentials: cors.credentials,
    allowHeaders: [...sessionField, ...tokenField, ...cors.allow_headers],
    exposeHeaders: cors.expose_headers,
    allowMethods: [...allowed, ...logout],
    maxAgeSeconds: cors.max_age_seconds,
  });
}

/**
 * What a service passes on where its file does not say: a plain proxy all that is the client's; a gate no credentials,
 * which it has checked itself; where caching is forced, none either, since the cache key does not cover them; and a
 * transform, which makes requests of its own, nothing.
 */
function forwardingOf(
  config: ServiceConfig,
  surrogate: boolean,
  shared: Pick<SharedParts, 'own'>,
): ForwardingPolicy {
  const { forward, session, cache } = config;
  const forced = cache !== 'off' && cache.force;
  const credentials = session === undefined && !forced;
  const headers = forward.headers ?? (config.transform === undefined ? 'all' : []);
  return {
    fields: headers === 'all' ? 'all' : headers.map((name) => name.toLowerCase()),
    cookies: forward.cookies ?? credentials,
    // A token that was shown to the gate is the gate's, as its cookie is.
    authorization: carriesToken(session) ? false : (forward.authorization ?? credentials),
    webOrigin: config.cors === undefined,
    sessionCookie: session === undefined ? null : (session.cookie ?? shared.own?.vouching.cookieName ?? null),
    sessionField: session?.header ?? null,
    ownFields: config.request_headers,
    requestDirectives: !forced,
    surrogate,
  };
}

function carriesToken(session: ServiceConfig['session']): boolean {
  return session !== undefined && (session.authority === 'token' || session.bearer);
}
