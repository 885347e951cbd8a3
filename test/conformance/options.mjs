import { parseArgs } from 'node:util';
import { Stop } from '../../scripts/prepare.mjs';
import { combinations } from './combinations.mjs';

/**
 * @typedef {object} Options
 * @property {readonly import('./combinations.mjs').Combination[]} wanted
 * @property {number} runs of each
 * @property {boolean} retry a failing case may pass at a second try, for machines that do other work meanwhile
 * @property {boolean} json
 * @property {boolean} writeDocs
 * @property {string | undefined} report a file that gets the outcome in the end
 */

/**
 * @param {readonly string[]} args
 * @returns {Options}
 */
export function readOptions(args) {
  const { only, runs, retry, json, report, 'write-docs': writeDocs } = parse(args);
  const names = only?.split(',') ?? combinations.map(({ name }) => name);
  const wanted = combinations.filter(({ name }) => names.includes(name));
  if (wanted.length < names.length)
    throw new Stop(
      `--only takes ${combinations.map(({ name }) => name).join(', ')}, or several with commas`,
      2,
    );
  if (!/^[1-9]\d{0,2}$/.test(runs)) throw new Stop('--runs takes a number from 1 to 999', 2);
  if (writeDocs && only !== undefined) throw new Stop('--write-docs is for all runs, without --only', 2);
  return { wanted, runs: Number(runs), retry, json, writeDocs, report };
}

function parse(args) {
  const flag = /** @type {const} */ ({ type: 'boolean', default: false });
  try {
    return parseArgs({
      args: [...args],
      options: {
        only: { type: 'string' },
        runs: { type: 'string', default: '1' },
        retry: flag,
        json: flag,
        'write-docs': flag,
        report: { type: 'string' },
      },
    }).values;
  } catch (error) {
    throw new Stop(error.message, 2);
  }
}
