import type { Clock } from '../clock.ts';
import type { Log } from './log.ts';
import { createThrottle } from './throttle.ts';

/** What the admin address tells of requests that it did not answer as they wished. */
export interface AdminObserver {
  refused(reason: string, address: string | undefined): void;
  /** A bug. */
  failed(error: unknown, route: string): void;
}

/** Log lines on the admin address: a few a second. */
export function createAdminLog(log: Log, clock: Clock): AdminObserver {
  const throttle = createThrottle(clock);
  const more = (suppressed: number) => (suppressed > 0 ? { suppressed } : {});
  return {
    refused(reason, address) {
      const suppressed = throttle.admit('refused');
      if (suppressed === null) return;
      log.warn(
        { operation: 'admin', address, reason, ...more(suppressed) },
        `Admin request refused: ${reason}`,
      );
    },
    failed(error, route) {
      const suppressed = throttle.admit('failed');
      if (suppressed === null) return;
      log.error({ err: error, route, ...more(suppressed) }, 'An admin request failed');
    },
  };
}
