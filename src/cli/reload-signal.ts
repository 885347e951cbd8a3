import { ConfigError, formatFault } from '../config/fault.ts';
import type { Config } from '../config/schema.ts';
import type { Log } from '../observe/log.ts';
import type { Reloads } from '../workers/serve-with-workers.ts';

/**
 * At each SIGHUP the configuration is loaded and checked anew, and taken on if it is good. A bad one is refused with its
 * faults named in the log, and all is as before. A signal that comes before there is anything to reload is heeded then:
 * the start may have read what was there before.
 */
export function reloadSignal(load: () => Promise<Config>): Reloads {
  let taking: Taking | null = null;
  let isAsked = false;
  let isUnderWay = false;

  async function reload({ log, takeOn }: Taking): Promise<void> {
    isUnderWay = true;
    while (isAsked) {
      isAsked = false;
      // However many signals come meanwhile, one more time is enough.
      await takeOn(load()).catch((error: unknown) => tell(log, error));
    }
    isUnderWay = false;
  }

  function ask(): void {
    if (taking !== null && isAsked && !isUnderWay) void reload(taking);
  }

  process.on('SIGHUP', () => {
    isAsked = true;
    ask();
  });
  return {
    use(log, takeOn) {
      taking = { log, takeOn };
      ask();
    },
  };
}

interface Taking {
  readonly log: Log;
  readonly takeOn: (loading: Promise<Config>) => Promise<void>;
}

function tell(log: Log, error: unknown): void {
  const faults = error instanceof ConfigError ? error.faults.map(formatFault) : null;
  const message = faults?.join('; ') ?? (error instanceof Error ? error.message : String(error));
  log.error(
    { ...(faults === null ? { err: error } : { faults }) },
    `Reload refused, all is as before: ${message}`,
  );
}
