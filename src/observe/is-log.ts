/** What a log is asked for. */
const METHODS = ['debug', 'info', 'warn', 'error', 'child'];

/** How a fault names it. */
export const LOG_FORM = `a pino logger, or what has its ${METHODS.slice(0, -1).join(', ')} and ${METHODS.at(-1)}`;

/** Whether lines can be written to it. */
export function isLog(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return METHODS.every((name) => typeof (value as Record<string, unknown>)[name] === 'function');
}
