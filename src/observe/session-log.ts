import type { Clock } from '../clock.ts';
import type { Log, LoggingLevel } from './log.ts';
import type { SessionObserver } from './observer.ts';
import { createThrottle } from './throttle.ts';

const wholeMs = (ms: number) => Math.round(ms);

/**
 * The log lines of session validation. Their texts and fields are fixed: dashboards and log searches depend on them.
 * A hit, a miss and a write are `info` at logging level `detailed` and `debug` otherwise; errors are always logged.
 */
export function createSessionLog(log: Log, level: LoggingLevel, clock: Clock): SessionObserver {
  const chatter = level === 'detailed' ? 'info' : 'debug';
  const failures = createThrottle(clock);

  const always: SessionObserver = {
    sessionCacheFailed(session, operation, error, correlationId) {
      // What is not asked while the store is away was told by the change of state.
      if (error.code === 'ERR_STORE_CIRCUIT_OPEN') return;
      const suppressed = failures.admit(operation);
      if (suppressed === null) return;
      log.error(
        {
          operation: 'error',
          sessionId: session.shownId,
          error: error.message,
          errorType: error.code,
          failedOperation: operation,
          correlationId,
          ...(suppressed > 0 && { suppressed }),
        },
        `Session cache error: ${error.message}`,
      );
    },
    sessionValidated(session, authority, { verdict, detail }, durationMs, correlationId) {
      const duration = wholeMs(durationMs);
      log[verdict === 'unavailable' ? 'error' : 'info'](
        {
          operation: 'validate',
          sessionId: session.shownId,
          duration,
          verdict,
          correlationId,
          ...(detail !== undefined && { error: detail }),
        },
        `${authority} validation for session:${session.shownId}: ${verdict} (${duration}ms)`,
      );
    },
  };
  if (!log.isLevelEnabled(chatter)) return always;

  return {
    ...always,
    sessionHit(session, durationMs, request) {
      const duration = wholeMs(durationMs);
      log[chatter](
        { operation: 'hit', sessionId: session.shownId, duration, correlationId: request.correlationId() },
        `Session cache hit for session:${session.shownId} (${duration}ms)`,
      );
    },
    sessionMissed(session, authority, request) {
      log[chatter](
        { operation: 'miss', sessionId: session.shownId, correlationId: request.correlationId() },
        `Session cache miss for session:${session.shownId}, validating with ${authority}`,
      );
    },
    sessionKept(session, durationMs, correlationId) {
      const duration = wholeMs(durationMs);
      log[chatter](
        { operation: 'write', sessionId: session.shownId, duration, correlationId },
        `Session validation result cached for session:${session.shownId} (${duration}ms)`,
      );
    },
  };
}
