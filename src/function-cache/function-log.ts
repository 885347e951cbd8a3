import type { Clock } from '../clock.ts';
import type { StoreObserver } from '../observe/observer.ts';
import { shownError } from '../observe/shown-error.ts';
import { createThrottle } from '../observe/throttle.ts';
import type { FunctionObserver } from './cached-function.ts';

/** What is used of a log; one of pino is one. */
export interface FunctionLog {
  warn(fields: object, text: string): void;
  error(fields: object, text: string): void;
}

/** What changes of a store's state are told to. */
export type StoreWatcher = Pick<StoreObserver, 'storeStateChanged'>;

/** Lines on what went wrong, a few a second of each kind. What a function's own errors say is not shown. */
export function createFunctionLog(log: FunctionLog, clock: Clock): FunctionObserver & StoreWatcher {
  const lines = createThrottle(clock);

  function tell(level: keyof FunctionLog, kind: string, fields: object, text: string): void {
    const suppressed = lines.admit(kind);
    if (suppressed === null) return;
    log[level]({ ...fields, ...(suppressed > 0 && { suppressed }) }, text);
  }

  return {
    staleAnswered(name, error) {
      const fields = { function: name, errorType: typeOf(error) };
      tell('warn', `stale ${name}`, fields, `Cached function ${name} failed: answered with a stale result`);
    },
    refreshFailed(name, error) {
      const fields = { function: name, errorType: typeOf(error) };
      tell(
        'warn',
        `refresh ${name}`,
        fields,
        `Cached function ${name} failed behind an answer with a stale result`,
      );
    },
    resultRefused(name, { code, message }) {
      tell(
        'error',
        `refused ${name}`,
        { function: name, errorType: code },
        `Cached function ${name}: ${message}`,
      );
    },
    storeFailed(operation, error) {
      // What is not asked while the store is away was told by the change of state.
      if (error.code === 'ERR_STORE_CIRCUIT_OPEN') return;
      const fields = { failedOperation: operation, errorType: error.code };
      tell(
        'error',
        operation,
        fields,
        `The store of cached functions failed (${operation}): ${error.message}`,
      );
    },
    storeStateChanged(storeState, shard, error) {
      const fields = { storeState, ...(shard !== '' && { shard }), ...(error && { errorType: error.code }) };
      const text = storeState === 'available' ? 'is back' : `is ${storeState}: ${error?.message}`;
      log[storeState === 'available' ? 'warn' : 'error'](fields, `The store of cached functions ${text}`);
    },
  };
}

function typeOf(error: unknown): string {
  const { code, type } = shownError(error);
  return String(code ?? type);
}

// By pino's numbers, as the other lines of cachegate have them.
const LEVELS = { warn: 40, error: 50 };

/** On standard error: what a program writes to standard output is its own. */
export const standardErrorLog: FunctionLog = {
  warn: (fields, text) => write('warn', fields, text),
  error: (fields, text) => write('error', fields, text),
};

function write(level: keyof typeof LEVELS, fields: object, msg: string): void {
  const line = { level: LEVELS[level], time: Date.now(), name: 'cachegate', ...fields, msg };
  process.stderr.write(`${JSON.stringify(line)}\n`);
}
