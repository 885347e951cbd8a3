const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

const DAY = '(?:mon|tue|wed|thu|fri|sat|sun)';
const LONG_DAY = '(?:mon|tues|wednes|thurs|fri|satur|sun)day';
const MONTH = `(${MONTHS.join('|')})`;
const TIME = '(\\d\\d):(\\d\\d):(\\d\\d)';

// The names match in any case, as RFC 9111 §4.2 asks of caches; a zone other than GMT makes it no date.
const IMF_FIXDATE = new RegExp(`^${DAY}, (\\d\\d) ${MONTH} (\\d{4}) ${TIME} GMT$`, 'i');
const RFC850_DATE = new RegExp(`^${LONG_DAY}, (\\d\\d)-${MONTH}-(\\d\\d) ${TIME} GMT$`, 'i');
const ASCTIME_DATE = new RegExp(`^${DAY} ${MONTH} (\\d\\d| \\d) ${TIME} (\\d{4})$`, 'i');

/** Month by name, the rest in digits. */
type DateParts = readonly [day: string, month: string, hour: string, minute: string, second: string];

/**
 * The instant of an HTTP-date, in milliseconds since the epoch, or `undefined` for anything else
 * (RFC 9110 §5.6.7, all three formats).
 *
 * @param now decides the century of a year of two digits: it is at most 50 years ahead.
 */
export function parseHttpDate(value: string, now: number): number | undefined {
  const fixed = IMF_FIXDATE.exec(value);
  if (fixed !== null) {
    return toInstant(Number(fixed[3]), [fixed[1]!, fixed[2]!, fixed[4]!, fixed[5]!, fixed[6]!]);
  }
  const rfc850 = RFC850_DATE.exec(value);
  if (rfc850 !== null) {
    return inNearestCentury(
      Number(rfc850[3]),
      [rfc850[1]!, rfc850[2]!, rfc850[4]!, rfc850[5]!, rfc850[6]!],
      now,
    );
  }
  const asctime = ASCTIME_DATE.exec(value);
  if (asctime === null) return undefined;
  return toInstant(Number(asctime[6]), [asctime[2]!, asctime[1]!, asctime[3]!, asctime[4]!, asctime[5]!]);
}

export function formatHttpDate(ms: number): string {
  return new Date(ms).toUTCString();
}

function inNearestCentury(shortYear: number, parts: DateParts, now: number): number | undefined {
  const latest = new Date(now);
  latest.setUTCFullYear(latest.getUTCFullYear() + 50);
  const year = Math.floor(latest.getUTCFullYear() / 100) * 100 + shortYear;
  const instant = toInstant(year, parts);
  const isAhead = instant === undefined ? year > latest.getUTCFullYear() : instant > latest.getTime();
  return isAhead ? toInstant(year - 100, parts) : instant;
}

function toInstant(year: number, [dayText, monthName, ...time]: DateParts): number | undefined {
  const day = Number(dayText);
  const month = MONTHS.indexOf(monthName.toLowerCase());
  const hour = Number(time[0]);
  const minute = Number(time[1]);
  const second = Number(time[2]);
  // 60 is a leap second (RFC 9110 §5.6.7).
  if (hour > 23 || minute > 59 || second > 60) return undefined;
  const date = new Date(0);
  // Date.UTC would take the years 0 to 99 for others.
  date.setUTCFullYear(year, month, day);
  const isInCalendar = date.getUTCMonth() === month && date.getUTCDate() === day;
  return isInCalendar ? date.setUTCHours(hour, minute, second) : undefined;
}
