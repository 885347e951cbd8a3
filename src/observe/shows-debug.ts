import type { Log } from './log.ts';

const DEBUG = 20;

/** Whether a debug line would be shown now. Asked at each hit, so not by name. */
export function showsDebug(log: Pick<Log, 'levelVal'>): boolean {
  return log.levelVal <= DEBUG;
}
