import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { selectRows, wholeNumber } from './options.mjs';

const BUILT = fileURLToPath(new URL('../dist', import.meta.url));
const DEFAULTS = { pairs: 15, seconds: 3, pairsPerStart: 3 };

const USAGE = `Usage: node bench/compare.mjs (--old DIR | --observing) [--new DIR] [--pairs N] [--seconds S] [--only ROW,…] [--json FILE]
  --old DIR            the dist folder of the build that is compared with
  --new DIR            the dist folder of the build in question (this project's)
  --observing          instead of --old: the same build without statistics, metrics and summaries
  --pairs N            pairs of rounds of each row, 1 to 1000 (${DEFAULTS.pairs})
  --seconds S          length of one round, 1 to 600 (${DEFAULTS.seconds})
  --pairs-per-start N  pairs after which both servers are started anew, 1 to 1000 (${DEFAULTS.pairsPerStart})
  --only ROWS          the rows to measure, separated by commas (b,b1000)
  --json FILE          also write the figures to FILE`;

/**
 * @typedef {object} CompareOptions
 * @property {{ old: string, new: string }} builds absolute paths
 * @property {boolean} observing what is told of requests is off in the old one
 * @property {number} pairs
 * @property {number} seconds
 * @property {number} pairsPerStart
 * @property {string[]} rows
 * @property {string | undefined} json
 */

/**
 * @param {string[]} args
 * @param {string[]} rowIds every row there is
 * @returns {CompareOptions | null} null when help was asked for and printed
 */
export function parseCompareOptions(args, rowIds) {
  const text = { type: 'string' };
  const { values } = parseArgs({
    args,
    options: {
      ...{
        old: text,
        new: text,
        pairs: text,
        seconds: text,
        'pairs-per-start': text,
        only: text,
        json: text,
      },
      observing: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) {
    console.log(`${USAGE}\nRows: ${rowIds.join(', ')}`);
    return null;
  }
  const { observing = false } = values;
  const built = resolve(values.new ?? BUILT);
  const old = observing ? built : values.old;
  if (old === undefined) throw new Error('--old: missing; accepted: the dist folder of a build');
  const perStart = values['pairs-per-start'];
  return {
    builds: { old: resolve(old), new: built },
    observing,
    pairs: wholeNumber('--pairs', values.pairs, DEFAULTS.pairs, 1000),
    seconds: wholeNumber('--seconds', values.seconds, DEFAULTS.seconds, 600),
    pairsPerStart: wholeNumber('--pairs-per-start', perStart, DEFAULTS.pairsPerStart, 1000),
    rows: selectRows(values.only ?? 'b,b1000', rowIds),
    json: values.json,
  };
}
