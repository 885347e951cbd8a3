// @ts-check

const FIRST_ID = 10_001;
const UNKNOWN_ID = 99_999_999;
const EVERY = 25;

/**
 * The list of a night: as lists are, some ids stand in it twice, and one is of a series that no longer exists.
 *
 * @param {number} entries
 */
export function idsOf(entries) {
  const ids = Array.from({ length: entries }, (_, index) => FIRST_ID + index);
  const again = ids.filter((_, index) => index % EVERY === 0).map(String);
  return [...ids, ...again, UNKNOWN_ID];
}
