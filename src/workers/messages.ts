import type { StoreStatus } from '../admin/admin-server.ts';
import type { LoadOptions } from '../config/load-config.ts';
import type { Config } from '../config/schema.ts';
import type { SessionsStatus } from '../session/own/session.ts';
import type { SentError } from './sent-error.ts';
import type { Call, CallAnswer } from './worker-calls.ts';

/** What a worker is to serve. */
export interface Assignment {
  /** Its number, from 1; its successor has the same one. */
  readonly worker: number;
  /** Checked, and without its code (`withoutCode`). */
  readonly config: Config;
  /** Where the code is loaded from. */
  readonly source: Omit<LoadOptions, 'env'>;
}

/** What a worker tells when it is asked. */
export interface WorkerReport {
  readonly store: StoreStatus;
  /** `null` where no own sessions are configured. */
  readonly sessions: SessionsStatus | null;
  /** As prom-client has them in JSON. */
  readonly metrics: readonly object[];
}

/** From the primary to a worker. */
export type ToWorker =
  | { readonly type: 'serve'; readonly assignment: Assignment }
  | { readonly type: 'report'; readonly id: number }
  | { readonly type: 'call'; readonly id: number; readonly call: Call }
  /** Another configuration is in force. */
  | { readonly type: 'reload'; readonly id: number; readonly assignment: Assignment }
  /** Requests under way may finish, for `deadlineMs` at most. */
  | { readonly type: 'stop'; readonly deadlineMs: number };

/** From a worker to the primary, in the order in which the first ones come. */
export type FromWorker =
  /** It hears messages; what is sent before is lost. */
  | { readonly type: 'hearing' }
  | { readonly type: 'ready'; readonly url: string }
  /** It could not start, and ends. */
  | { readonly type: 'failed'; readonly error: SentError }
  | { readonly type: 'report'; readonly id: number; readonly report: WorkerReport }
  | { readonly type: 'call'; readonly id: number; readonly answer: CallAnswer }
  /** `error`: it goes on as before. */
  | { readonly type: 'reloaded'; readonly id: number; readonly error: SentError | null }
  /** It has stopped as it was told, and ends. */
  | { readonly type: 'stopped'; readonly finished: boolean };
