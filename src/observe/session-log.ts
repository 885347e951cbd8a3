import type { Clock } from '../clock.ts';
import type { Log, LoggingLevel } from './log.ts';
import type { SessionObserver } from './observer.ts';
import { shownText } from './shown-text.ts';
import { showsDebug } from './shows-debug.ts';
import { createThrottle } from './throttle.ts';

// Never below 0: the clock may have been set back meanwhile.
const wholeMs = (ms: number) => Math.max(0, Math.round(ms));

/**
 * The log lines of session validation. Their texts and fields are fixed: dashboards and log searches depend on them.
 * A hit, a miss and a write are `info` at logging level `detailed`, `debug` at `aggregate`, and left out at `minimal`; errors
 * are always logged.
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
      // An application's own log may be open to more than was asked for here.
      if (level === 'minimal' && verdict !== 'unavailable') return;
      // One that is away is away for every session.
      const suppressed = verdict === 'unavailable' ? failures.admit(`validate ${authority}`) : 0;
      if (suppressed === null) return;
      const duration = wholeMs(durationMs);
      const error = detail === undefined ? undefined : shownText(detail);
      log[verdict === 'unavailable' ? 'error' : 'info'](
        {
          operation: 'validate',
          sessionId: session.shownId,
          duration,
          verdict,
          correlationId,
          ...(error !== undefined && { error }),
          ...(suppressed > 0 && { suppressed }),
        },
        `${authority} validation for session:${session.shownId}: ${verdict} (${duration}ms)`,
      );
    },
  };
  if (level === 'minimal') return always;
  // An application may turn its log to `debug` at any time.
  const isHeard = () => chatter === 'info' || showsDebug(log);

  return {
    ...always,
    sessionHit(session, durationMs, request) {
      if (!isHeard()) return;
      const duration = wholeMs(durationMs);
      log[chatter](
        { operation: 'hit', sessionId: session.shownId, duration, correlationId: request.correlationId() },
        `Session cache hit for session:${session.shownId} (${duration}ms)`,
      );
    },
    sessionMissed(session, authority, request) {
      if (!isHeard()) return;
      log[chatter](
        { operation: 'miss', sessionId: session.shownId, correlationId: request.correlationId() },
        `Session cache miss for session:${session.shownId}, validating with ${authority}`,
      );
    },
    sessionKept(session, durationMs, correlationId) {
      if (!isHeard()) return;
      const duration = wholeMs(durationMs);
      log[chatter](
        { operation: 'write', sessionId: session.shownId, duration, correlationId },
        `Session validation result cached for session:${session.shownId} (${duration}ms)`,
      );
    },
  };
}
