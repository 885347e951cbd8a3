import { parseArgs } from 'node:util';

const DEFAULTS = { rounds: 7, seconds: 3 };

const USAGE = `Usage: npm run bench -- [--rounds N] [--seconds S] [--only ROW,…] [--json FILE]
  --rounds N    measured rounds of each row, 1 to 1000 (${DEFAULTS.rounds})
  --seconds S   length of one measured round, 1 to 600 (${DEFAULTS.seconds})
  --only ROWS   the rows to measure, separated by commas (all)
  --json FILE   also write the figures to FILE`;

/**
 * @typedef {object} Options
 * @property {number} rounds
 * @property {number} seconds
 * @property {string[]} only row ids, in the order of the table
 * @property {string | undefined} json
 */

/**
 * @param {string[]} args
 * @param {string[]} rowIds every row there is
 * @returns {Options | null} null when help was asked for and printed
 */
export function parseOptions(args, rowIds) {
  const { values } = parseArgs({
    args,
    options: {
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      only: { type: 'string' },
      json: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) {
    console.log(`${USAGE}\nRows: ${rowIds.join(', ')}`);
    return null;
  }
  return {
    rounds: wholeNumber('--rounds', values.rounds, DEFAULTS.rounds, 1000),
    seconds: wholeNumber('--seconds', values.seconds, DEFAULTS.seconds, 600),
    only: selectRows(values.only, rowIds),
    json: values.json,
  };
}

export function wholeNumber(name, text, fallback, maximum) {
  if (text === undefined) return fallback;
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= maximum) return value;
  throw new Error(`${name}: found "${text}"; accepted: a whole number from 1 to ${maximum}`);
}

export function selectRows(text, rowIds) {
  if (text === undefined) return rowIds;
  const wanted = text.split(',');
  const unknown = wanted.find((id) => !rowIds.includes(id));
  if (unknown !== undefined) {
    throw new Error(`--only: found "${unknown}"; accepted: ${rowIds.join(', ')}, separated by commas`);
  }
  return rowIds.filter((id) => wanted.includes(id));
}
