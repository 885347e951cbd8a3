import type { Clock } from '../clock.ts';
import type { Log } from './log.ts';
import type { RequestObserver, StoreObserver } from './observer.ts';
import { createThrottle } from './throttle.ts';

/** Log lines on the store's failures and changes of state. */
export function createStoreLog(log: Log, clock: Clock): StoreObserver {
  const failures = createThrottle(clock);
  return {
    storeFailed(part, operation, error, request) {
      const suppressed = failures.admit(`${part} ${operation}`);
      if (suppressed === null) return;
      log.error(
        {
          operation: 'error',
          failedOperation: operation,
          error: error.message,
          errorType: error.code,
          correlationId: request.correlationId(),
          ...(suppressed > 0 && { suppressed }),
        },
        part === 'response cache'
          ? `Response cache check failed (${operation}): ${error.message}`
          : `Rate limit check failed, counting in this process: ${error.message}`,
      );
    },
    storeStateChanged(state, error) {
      if (state === 'available') log.warn({ storeState: state }, 'The store is back');
      else log.error({ storeState: state, errorType: error?.code }, `The store is away: ${error?.message}`);
    },
  };
}

/** Log lines on requests that went wrong. */
export function createRequestLog(log: Log): RequestObserver {
  return {
    originFailed(service, error, request) {
      const fields = { service, err: error, correlationId: request.correlationId() };
      log.error(fields, `Origin failed for ${service}`);
    },
    requestFailed(service, error, request) {
      const fields = { service, err: error, correlationId: request.correlationId() };
      log.error(fields, `Request failed for ${service}`);
    },
  };
}
