import { type Clock, systemClock } from '../clock.ts';
import { hasCode } from '../errors.ts';
import { type Log, logThrough } from './known-logs.ts';
import type { Correlated, RequestObserver, StoreObserver } from './observer.ts';
import { shownText } from './shown-text.ts';
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
        `No copies of what the store holds are kept: its changes are not heard (${shownText(error?.message ?? 'not connected')})`,
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
export function createRequestLog(log: Log, clock: Clock = systemClock): RequestObserver {
  const failures = createThrottle(clock);

  function tell(text: string, service: string, error: unknown, request: Correlated): void {
    // An outage is told of by a few lines a second; so many stacks would say nothing more.
    const suppressed = failures.admit(`${text} ${service}`);
    if (suppressed === null) return;
    const correlationId = request.correlationId();
    const fields = { service, err: error, correlationId, ...(suppressed > 0 && { suppressed }) };
    logThrough(log).error(fields, `${text} for ${service}`);
  }

  return {
    originFailed(service, error, request) {
      // It was not asked at all, as the next line says.
      if (!hasCode(error, 'ERR_ORIGIN_BUDGET')) tell('Origin failed', service, error, request);
    },
    originHeldBack(service, admitted, waitedMs) {
      if (admitted) return;
      const suppressed = failures.admit(`budget ${service}`);
      if (suppressed === null) return;
      const waited = Math.round(waitedMs);
      log.warn(
        { operation: 'origin_budget', service, waited, ...(suppressed > 0 && { suppressed }) },
        `The budget of the origin is used up for ${service}: not asked after waiting ${waited}ms`,
      );
    },
    requestFailed: (service, error, request) => tell('Request failed', service, error, request),
  };
}
