const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

const DAY = '(?:mon|tue|wed|thu|fri|sat|sun)';
const LONG_DAY = '(?:mon|tues|wednes|thurs|fri|satur|sun)day';
const MONTH = `(?<month>${MONTHS.join('|')})`;
const TIME = '(?<hour>\\d\\d):(?<minute>\\d\\d):(?<second>\\d\\d)';

// The names match in any case, as RFC 9111 §4.2 asks of caches; a zone other than GMT is no date.
const IMF_FIXDATE = new RegExp(`^${DAY}, (?<day>\\d\\d) ${MONTH} (?<year>\\d{4}) ${TIME} GMT$`, 'i');
const RFC850_DATE = new RegExp(`^${LONG_DAY}, (?<day>\\d\\d)-${MONTH}-(?<year>\\d\\d) ${TIME} GMT$`, 'i');
const ASCTIME_DATE = new RegExp(`^${DAY} ${MONTH} (?<day>\\d\\d| \\d) ${TIME} (?<year>\\d{4})$`, 'i');

/**
 * The instant of an HTTP-date, in milliseconds since the epoch, or `undefined` for anything else
 * (RFC 9110 §5.6.7, all three formats).
 *
 * @param now decides the century of a year of two digits: it is at most 50 years ahead.
 */
export function parseHttpDate(value: string, now: number): number | undefined {
  const fixed = (IMF_FIXDATE.exec(value) ?? ASCTIME_DATE.exec(value))?.groups;
  if (fixed !== undefined) return toInstant(fixed, Number(fixed.year));
  const short = RFC850_DATE.exec(value)?.groups;
  return short === undefined ? undefined : withCentury(short, now);
}

export function formatHttpDate(ms: number): string {
  return new Date(ms).toUTCString();
}

function withCentury(parts: DateParts, now: number): number | undefined {
  const latest = new Date(now);
  latest.setUTCFullYear(latest.getUTCFullYear() + 50);
  const inCentury = Math.floor(latest.getUTCFullYear() / 100) * 100 + Number(parts.year);
  const instant = toInstant(parts, inCentury);
  const isAhead = instant === undefined ? inCentury > latest.getUTCFullYear() : instant > latest.getTime();
  return isAhead ? toInstant(parts, inCentury - 100) : instant;
}

type DateParts = Readonly<Record<string, string>>;

function toInstant(parts: DateParts, year: number): number | undefined {
  const month = MONTHS.indexOf(parts.month!.toLowerCase());
  const [day, hour, minute, second] = [parts.day, parts.hour, parts.minute, parts.second].map(Number);
  // 60 is a leap second (RFC 9110 §5.6.7).
  if (hour! > 23 || minute! > 59 || second! > 60) return undefined;
  const date = new Date(0);
  date.setUTCFullYear(year, month, day);
  const isInCalendar = date.getUTCMonth() === month && date.getUTCDate() === day;
  return isInCalendar ? date.setUTCHours(hour!, minute!, second) : undefined;
}
