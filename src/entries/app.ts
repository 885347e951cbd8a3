export type { Admission, Cachegate, Guard, PartsRequest } from '../app/cachegate.ts';
export {
  type CachegateOptions,
  type CachegateSetup,
  createCachegate,
  type ValkeyClient,
} from '../app/create-cachegate.ts';
export { CachegateError, type ErrorCode, hasCode } from '../errors.ts';
export type { AsyncFunction, CachedFunction, CachedOptions } from '../function-cache/cached-function.ts';
export type { Log } from '../observe/log.ts';
export type { Identity } from '../session/identity.ts';
export type { MiddlewareSessions, MiddlewareSessionsOptions } from '../session/middleware-sessions.ts';
export type { Estimate, HitCounts, HotTarget, Statistics, Stats, StatsOff } from '../statistics/stats.ts';
export type { Store } from '../store/store.ts';
export type { ValueCache, ValueOptions } from '../value-cache/value-cache.ts';
export type { WarmAllOptions, WarmCounts } from '../warm/warm-all.ts';
// Brings `cachegate/session` into every application's program: without it, TypeScript finds no module to declare `SessionData` in.
export type { Session, SessionData, Sessions } from './session.ts';
