export type { CacheTest, Operations, ServiceSummary } from './admin/operations.ts';
export type { Clock } from './clock.ts';
export { defineConfig } from './config/define-config.ts';
export { ConfigError, type Fault } from './config/fault.ts';
export { type LoadOptions, loadConfig } from './config/load-config.ts';
export type { Config, ConfigInput } from './config/schema.ts';
export { CachegateError, type ErrorCode, hasCode } from './errors.ts';
export type { ExplainRequest, Explanation } from './explain/explanation.ts';
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
export type { Estimate, HitCounts, HotTarget, Statistics, Stats, StatsOff } from './statistics/stats.ts';
export type {
  Begun,
  CountBatch,
  DropOptions,
  Fence,
  GroupUsage,
  Lease,
  LeaseState,
  MaybePromise,
  Members,
  RateRule,
  ReplaceOptions,
  RuleState,
  SetOptions,
  Store,
  StoredValue,
  StoreKind,
  StoreListener,
  TakeResult,
  Usage,
} from './store/store.ts';
export type { WarmJobs, WarmReport, WarmRequest } from './warm/warm-job.ts';
