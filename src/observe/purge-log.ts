import type { Clock } from '../clock.ts';
import type { Log } from './log.ts';
import type { PurgedSubject, PurgeObserver } from './observer.ts';
import { createThrottle } from './throttle.ts';

// Of a URL or of tags, so much is told; either may be long.
const SHOWN_LENGTH = 200;

/** Log lines on purges: one for each that was done, a few a second of those that failed or were refused. */
export function createPurgeLog(log: Log, clock: Clock): PurgeObserver {
  const throttle = createThrottle(clock);
  return {
    purged({ by, names, mode, wait, purged, durationMs }, request) {
      const duration = Math.max(0, Math.round(durationMs));
      log.info(
        { operation: 'purge', by, mode, wait, purged, duration, correlationId: request.correlationId() },
        `Purged ${purged} ${purged === 1 ? 'response' : 'responses'} by ${shown(by, names)} (${mode})`,
      );
    },
    purgeFailed({ by, names, mode }, error, request) {
      const suppressed = throttle.admit('failed');
      if (suppressed === null) return;
      const correlationId = request.correlationId();
      log.error(
        { operation: 'purge', by, mode, errorType: error.code, correlationId, ...more(suppressed) },
        `Purge by ${shown(by, names)} (${mode}) failed: ${error.message}`,
      );
    },
    purgeRefused(address, reason, request) {
      const suppressed = throttle.admit('refused');
      if (suppressed === null) return;
      const correlationId = request.correlationId();
      log.warn(
        { operation: 'purge', address, reason, correlationId, ...more(suppressed) },
        `Purge refused: ${reason}, from ${address}`,
      );
    },
  };
}

function more(suppressed: number): { suppressed?: number } {
  return suppressed > 0 ? { suppressed } : {};
}

function shown(by: PurgedSubject['by'], names: readonly string[]): string {
  // A query may hold what is nobody's to read.
  const texts = by === 'url' ? names.map((url) => url.replace(/[?#].*$/s, '')) : names;
  const text = texts.join(', ');
  const word = by === 'url' ? 'URL' : names.length > 1 ? `${by}s` : by;
  return `${word} ${text.length > SHOWN_LENGTH ? `${text.slice(0, SHOWN_LENGTH)}…` : text}`;
}
