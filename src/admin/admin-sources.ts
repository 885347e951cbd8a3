import type { Operations } from './operations.ts';
import type { AdminSessions } from './session-routes.ts';

export interface StoreStatus {
  /** The kind of store; `none` where none is configured. */
  readonly type: string;
  /** `unwritable`: it is read and takes no writes. */
  readonly state: 'available' | 'unwritable' | 'away' | 'none';
}

/** What the admin address tells of the process, or of it and its workers, and what it lets an operator do. */
export interface AdminSources {
  /** Whether requests can be served; not at the start and at the stop. */
  isReady(): boolean;
  storeStatus(): StoreStatus | Promise<StoreStatus>;
  /** Where there are several: how many serve now, of how many there should be. */
  workers?(): { readonly ready: number; readonly configured: number };
  /** Where own sessions are configured. */
  readonly sessions?: AdminSessions | null;
  /** In the text format of Prometheus; left out where metrics are off. */
  metrics?(): Promise<{ readonly contentType: string; readonly text: string }>;
  /** What can be asked for and done; left out, there are probes, metrics and sessions alone. */
  readonly operations?: Operations;
  /** `admin_token`; left out or `null`, whoever reaches the address may. */
  readonly token?: string | null;
  /** Told of a request that was refused, and of an error that is a bug. Not more than a few a second need to be logged. */
  refused?(reason: string, address: string | undefined): void;
  failed?(error: unknown, route: string): void;
}
