import type { Clock } from '../clock.ts';
import type { SessionsConfig } from '../config/sessions-schema.ts';
import type { OwnSessionObserver } from '../observe/observer.ts';
import { createSessions, type OwnSessions } from '../session/own/sessions.ts';
import type { StoreKeys } from '../store/keys.ts';
import type { Store } from '../store/store.ts';

export type { OwnSessions } from '../session/own/sessions.ts';

export interface SessionParts {
  readonly store: Store;
  readonly keys: StoreKeys;
  readonly namespace: string;
  readonly clock: Clock;
  readonly observer: OwnSessionObserver;
}

/**
 * Own sessions of their configuration: the names of the file here, the names of the code there.
 * @throws CachegateError `ERR_CONFIG_INVALID` for what no sessions can be made of
 */
export function wireSessions(config: SessionsConfig, parts: SessionParts): OwnSessions {
  const { name, secure, same_site: sameSite, path, domain } = config.cookie;
  return createSessions({
    ...parts,
    secrets: config.secrets ?? [],
    mode: config.mode,
    idleMs: config.idle_ttl_seconds * 1000,
    absoluteMs: config.absolute_ttl_seconds * 1000,
    jwtOnlyMs: config.jwt_only_seconds * 1000,
    degradedWrites: config.degraded_writes,
    maxBytes: config.max_bytes,
    allowedOrigins: config.allowed_origins,
    cookie: { name, secure, sameSite, path, domain },
  });
}
