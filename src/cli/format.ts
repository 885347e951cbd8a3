/** Figures for people, as their locale writes them. */
export interface Format {
  number(value: number, digits?: number): string;
  /** @param share 1 is all */
  percent(share: number): string;
  perSecond(value: number): string;
  bytes(count: number): string;
  /** The two largest units of a span; @param seconds 0 or more */
  duration(seconds: number): string;
  /** A span of at most some seconds, in the unit that suits it. */
  latency(seconds: number): string;
  /** @param instant RFC 3339; what is none is answered as it is */
  instant(instant: string): string;
  time(at: Date): string;
}

const UNITS = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
] as const;
const SIZES = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

/** By default in the locale and the time zone of the environment. */
export function createFormat(locale = systemLocale(), timeZone?: string): Format {
  const zone = timeZone === undefined ? {} : { timeZone };
  const instants = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'medium', ...zone });
  const times = new Intl.DateTimeFormat(locale, { timeStyle: 'medium', ...zone });
  const percents = new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 1 });
  const number = (value: number, digits = 0) =>
    new Intl.NumberFormat(locale, { maximumFractionDigits: digits }).format(value);
  const inUnit = (value: number, unit: string, digits: number) => {
    const style = { style: 'unit', unit, unitDisplay: 'short', maximumFractionDigits: digits } as const;
    return new Intl.NumberFormat(locale, style).format(value);
  };
  const shortSpan = (seconds: number) => inUnit(seconds, 'second', seconds < 1 ? 3 : 1);

  return {
    number,
    percent: (share) => percents.format(share),
    perSecond: (value) => `${number(value, digitsOf(value))}/s`,
    bytes(count) {
      let [value, size] = [count, 0];
      for (; value >= 1024 && size < SIZES.length - 1; size += 1) value /= 1024;
      return `${number(value, size === 0 ? 0 : 1)} ${SIZES[size]}`;
    },
    duration(seconds) {
      if (seconds < 10) return shortSpan(seconds);
      const whole = Math.round(seconds);
      const first = UNITS.findIndex(([, size]) => whole >= size);
      const [unit, size] = UNITS[first]!;
      const parts = [inUnit(Math.floor(whole / size), unit, 0)];
      const [smaller, smallerSize] = UNITS[first + 1] ?? [unit, size];
      const rest = Math.floor((whole % size) / smallerSize);
      if (rest > 0) parts.push(inUnit(rest, smaller, 0));
      return parts.join(' ');
    },
    latency(seconds) {
      const milliseconds = seconds * 1_000;
      if (milliseconds >= 999.5) return inUnit(seconds, 'second', 1);
      return inUnit(milliseconds, 'millisecond', milliseconds < 1 ? 2 : digitsOf(milliseconds));
    },
    instant(instant) {
      const at = Date.parse(instant);
      return Number.isNaN(at) ? instant : spaced(instants.format(at));
    },
    time: (at) => spaced(times.format(at)),
  };
}

/** Small figures with a decimal: 2.5, 12.3, 123. */
function digitsOf(value: number): number {
  return value < 99.95 ? 1 : 0;
}

/** Some locales use spaces that not every terminal's font has. */
function spaced(text: string): string {
  return text.replace(/[\u00a0\u202f]/g, ' ');
}

function systemLocale(): string {
  const { locale } = new Intl.NumberFormat().resolvedOptions();
  // An environment without a locale has names of no language.
  return locale === 'und' ? 'en' : locale;
}
