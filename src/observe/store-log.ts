import type { Clock } from '../clock.ts';
import type { Log } from './log.ts';
import type { RequestObserver, StoreObserver } from './observer.ts';
import { createThrottle } from './throttle.ts';

type StorePart = Parameters<NonNullable<StoreObserver['storeFailed']>>[0];

/** Log lines on the store's failures and changes of state. */
export function createStoreLog(log: Log, clock: Clock): StoreObserver {
  const failures = createThrottle(clock);
  return {
    storeFailed(part, operation, error, request) {
      // What is not asked while the store is away was told by the change of state.
      if (error.code === 'ERR_STORE_CIRCUIT_OPEN') return;
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
        failureText(part, operation, error.message),
      );
    },
    storeTrackingChanged(tracking, error) {
      if (tracking) return log.info('Keeping copies of what the store holds');
      log.warn(
        `No copies of what the store holds are kept: its changes are not heard (${error?.message ?? 'not connected'})`,
      );
    },
    storeStateChanged(storeState, shard, error) {
      const at = shard === '' ? '' : ` at ${shard}`;
      const fields = { storeState, ...(shard !== '' && { shard }), ...(error && { errorType: error.code }) };
      switch (storeState) {
        case 'available':
          return log.warn(fields, `The store${at} is back`);
        case 'unwritable':
          return log.error(fields, `The store${at} takes no writes: ${error?.message}`);
        case 'away':
          return log.error(fields, `The store${at} is away: ${error?.message}`);
      }
    },
  };
}

function failureText(part: StorePart, operation: string, message: string): string {
  switch (part) {
    case 'response cache':
      return `Response cache check failed (${operation}): ${message}`;
    case 'value cache':
      return `Value cache check failed (${operation}): ${message}`;
    case 'rate limit':
      return `Rate limit check failed, counting in this process: ${message}`;
  }
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
