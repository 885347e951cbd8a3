// @ts-check

/** @typedef {(fields: Readonly<Record<string, unknown>>) => boolean} Predicate */

/** `{field}='text'`, `{field}="text"` or `LOWER({field})='text'`, with blanks between the parts. */
const EQUALITY =
  /^\s*(?:\{(?<field>[^{}]+)\}|LOWER\(\s*\{(?<lowered>[^{}]+)\}\s*\))\s*=\s*(?<literal>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")\s*$/su;

/**
 * The little of Airtable's formula language that the sample origin understands: one comparison of one field
 * with one text.
 *
 * @param {string} formula
 * @returns {Predicate | null} `null` for any other formula
 */
export function parseFilterFormula(formula) {
  const groups = EQUALITY.exec(formula)?.groups;
  if (groups === undefined) return null;
  const { field, lowered, literal = '' } = groups;
  const wanted = literal.slice(1, -1).replace(/\\(.)/gsu, '$1');
  if (lowered !== undefined) return (fields) => textOf(fields[lowered]).toLowerCase() === wanted;
  return (fields) => textOf(fields[field ?? '']) === wanted;
}

/** An empty field equals the empty text, as in Airtable. @param {unknown} value */
function textOf(value) {
  return value === undefined || value === null ? '' : String(value);
}
