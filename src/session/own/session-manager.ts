import { type Clock, systemClock } from '../../clock.ts';
import { CachegateError } from '../../errors.ts';
import type { OwnSessionObserver } from '../../observe/observer.ts';
import { createStoreKeys } from '../../store/keys.ts';
import type { Store } from '../../store/store.ts';
import { optionMs } from './lifetimes.ts';
import type { Sessions } from './session.ts';
import type { SessionCookieOptions } from './session-cookie.ts';
import { createSessions } from './sessions.ts';

export interface SessionManagerOptions {
  readonly store: Store;
  /** Newest first: the first signs, all verify. 32 characters or more each. */
  readonly secrets: readonly string[];
  /** Goes before every key, and is part of what the secrets sign. */
  readonly namespace?: string;
  /** `jwt`: the store is not used, and the token is all there is of a session. Default `store`. */
  readonly mode?: 'store' | 'jwt';
  /** Seconds without a request after which a session ends; 1800 by default. */
  readonly idleTtlSeconds?: number;
  /** Seconds after its login at which a session ends; 43200 by default. */
  readonly absoluteTtlSeconds?: number;
  /** Seconds after its issue for which a token is trusted alone while the store is away; 900 by default. */
  readonly jwtOnlySeconds?: number;
  /** What becomes of writes while the store is away; `refuse` by default. */
  readonly degradedWrites?: 'refuse' | 'queue';
  /** Bound of a record in bytes; 65536 by default. */
  readonly maxBytes?: number;
  /** Web origins whose pages may send unsafe requests, beside the application's own. */
  readonly allowedOrigins?: readonly string[];
  /** By default `__Host-session`, `Secure`, `HttpOnly`, `SameSite=Lax`, `Path=/`. */
  readonly cookie?: Partial<SessionCookieOptions>;
  readonly clock?: Clock;
  readonly observer?: OwnSessionObserver;
}

const COOKIE: SessionCookieOptions = { name: 'session', secure: true, sameSite: 'Lax', path: '/' };

/**
 * The sessions of an application, on any store: finds them by the cookie's token, and stores what changed.
 * @throws CachegateError `ERR_CONFIG_INVALID` for invalid options: secrets, seconds, a mode, a cookie, origins
 */
export function createSessionManager(options: SessionManagerOptions): Sessions {
  const { namespace = '', cookie = {} } = options;
  return createSessions({
    store: options.store,
    // Every key of a session is made by the secrets; the hashes of `keys` are not used.
    keys: createStoreKeys(namespace, ''),
    secrets: options.secrets,
    namespace,
    mode: modeOf(options),
    idleMs: optionMs('idleTtlSeconds', options.idleTtlSeconds ?? 1_800, 1),
    absoluteMs: optionMs('absoluteTtlSeconds', options.absoluteTtlSeconds ?? 43_200, 1),
    jwtOnlyMs: optionMs('jwtOnlySeconds', options.jwtOnlySeconds ?? 900, 0),
    degradedWrites: options.degradedWrites ?? 'refuse',
    maxBytes: options.maxBytes ?? 65_536,
    allowedOrigins: options.allowedOrigins ?? [],
    cookie: { ...COOKIE, ...cookie },
    clock: options.clock ?? systemClock,
    observer: options.observer ?? {},
  });
}

function modeOf({ mode = 'store' }: SessionManagerOptions): 'store' | 'jwt' {
  if (mode === 'store' || mode === 'jwt') return mode;
  throw new CachegateError('ERR_CONFIG_INVALID', 'mode: store or jwt is accepted');
}
