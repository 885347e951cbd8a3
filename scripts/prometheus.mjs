// @ts-check
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Stop } from './prepare.mjs';
import { findProgram } from './system-package.mjs';

/**
 * The paths of a Prometheus and of its promtool that run, taken apart in `.cache` where there are none: installed, the
 * package would start a server of its own at once and at each start of the machine. Stops when none are to be had.
 */
export function findPrometheus() {
  const prometheus = findProgram({
    names: ['prometheus'],
    need: 'Prometheus',
    advice:
      'Install prometheus with its promtool so that both are on the PATH, or name them in PROMETHEUS and PROMTOOL',
    isService: true,
  });
  return { prometheus, promtool: toolBeside(prometheus) };
}

/** @param {string} prometheus the program, or the script that leads to the one in an unpacked package */
function toolBeside(prometheus) {
  const folder = dirname(prometheus);
  const places = [join(folder, 'promtool'), join(folder, 'root', 'usr', 'bin', 'promtool')];
  const promtool = places.find((file) => existsSync(file) && spawnSync(file, ['--version']).status === 0);
  if (promtool === undefined)
    throw new Stop(`There is no promtool beside ${prometheus}; name one in PROMTOOL.`);
  return promtool;
}
