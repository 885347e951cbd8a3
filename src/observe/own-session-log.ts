import type { Clock } from '../clock.ts';
import type { Log } from './log.ts';
import type { OwnSessionObserver } from './observer.ts';
import { createThrottle } from './throttle.ts';

/** Log lines on an application's own sessions: the begin and the end of JWT-only mode, and what went wrong. */
export function createOwnSessionLog(log: Log, clock: Clock): OwnSessionObserver {
  const failures = createThrottle(clock);
  let away = false;
  return {
    sessionsDegraded(degraded, kept, error) {
      away = degraded;
      if (degraded) {
        const fields = { sessionMode: 'jwt', ...(error && { errorType: error.code }) };
        const how =
          error?.code === 'ERR_STORE_UNWRITABLE'
            ? 'Sessions cannot be changed'
            : 'Sessions are judged by their tokens alone';
        log.error(fields, `${how}: ${error?.message ?? 'no store'}`);
      } else {
        const told =
          kept === 0 ? '' : `; ${kept} kept ${kept === 1 ? 'change was' : 'changes were'} made up for`;
        log.warn({ sessionMode: 'store', kept }, `Sessions are kept in the store again${told}`);
      }
    },
    ownSessionFailed(operation, error) {
      // While the store is away, the change of mode has said so; so many lines would say nothing more.
      if (away || operation === 'read' || error.code === 'ERR_STORE_CIRCUIT_OPEN') return;
      const suppressed = failures.admit(operation);
      if (suppressed === null) return;
      log.error(
        {
          operation: 'error',
          failedOperation: operation,
          error: error.message,
          errorType: error.code,
          ...(suppressed > 0 && { suppressed }),
        },
        `Own session could not be ${operation === 'end' ? 'ended' : 'written'} in the store: ${error.message}`,
      );
    },
    sessionChangesLost(lost, error) {
      const suppressed = failures.admit('lost');
      if (suppressed === null) return;
      log.error(
        { lost, errorType: error.code, ...(suppressed > 0 && { suppressed }) },
        `${lost} kept ${lost === 1 ? 'change of a session was' : 'changes of sessions were'} lost: ${error.message}`,
      );
    },
  };
}
