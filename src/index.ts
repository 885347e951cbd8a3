export type { Clock } from './clock.ts';
export { defineConfig } from './config/define-config.ts';
export { ConfigError, type Fault } from './config/fault.ts';
export { type LoadOptions, loadConfig } from './config/load-config.ts';
export type { Config, ConfigInput } from './config/schema.ts';
export { CachegateError, type ErrorCode, hasCode } from './errors.ts';
export type {
  Transform,
  TransformContext,
  TransformedResponse,
  TransformRequest,
  TransformResponse,
} from './gateway/transform.ts';
export { createLog, type Log, type LoggingLevel, type LogOptions } from './observe/log.ts';
export type { PurgeMode, PurgeRequest, PurgeResult, PurgeSubject } from './purge/purge-request.ts';
export { type RunningServer, type StartOptions, startServer, type ValkeyClient } from './server.ts';
export type {
  Begun,
  DropOptions,
  Fence,
  Lease,
  LeaseState,
  MaybePromise,
  Members,
  RateRule,
  RuleState,
  SetOptions,
  Store,
  StoredValue,
  StoreKind,
  StoreListener,
  TakeResult,
} from './store/store.ts';
