// @ts-check
import { findProgram } from './system-package.mjs';

/** The path of a Chromium that runs, installed where there is none. Stops when none is to be had. */
export function findChromium() {
  return findProgram({
    names: ['chromium'],
    need: 'Chromium',
    advice: 'Install chromium so that it is on the PATH, or name its program in CHROMIUM',
    program: 'usr/lib/chromium/chromium',
  });
}
