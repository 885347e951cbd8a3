import fc from 'fast-check';
import { type BareItem, type Item, parseList, Token } from 'structured-headers';
import { describe, expect, test } from 'vitest';
import {
  type CacheControl,
  MAX_DELTA_SECONDS,
  parseCacheControl,
  parseDeltaSeconds,
} from './cache-control.ts';
import { type CacheStatus, formatCacheStatus } from './cache-status.ts';
import { responseTags } from './cache-tags.ts';
import { cookieValue, withoutCookies } from './cookie.ts';
import { scanDirectives } from './directives.ts';
import { parseEntityTag, parseEntityTags } from './entity-tag.ts';
import { connectionOptions } from './fields.ts';
import { formatHttpDate, parseHttpDate } from './http-date.ts';
import { normalisedPreference } from './preferences.ts';
import { parseContentRange, parseRange } from './range.ts';
import { parseRequestTarget } from './request-target.ts';
import { parseRetryAfter } from './retry-after.ts';
import { parseTargeted } from './targeted-cache-control.ts';
import { isToken } from './token.ts';
import { nominatedFields } from './vary.ts';
import { parseWebOrigin } from './web-origin.ts';

// What holds for every parser of this folder; what one of them means is in its own test.

const NOW = Date.UTC(2026, 0, 1);

const PARSERS: Readonly<Record<string, (text: string) => unknown>> = {
  connectionOptions,
  cookieValue: (text) => cookieValue(text, 'a'),
  isToken,
  nominatedFields,
  'normalisedPreference, Accept': (text) => normalisedPreference('accept', text),
  'normalisedPreference, Accept-Encoding': (text) => normalisedPreference('accept-encoding', text),
  parseCacheControl,
  parseContentRange,
  parseDeltaSeconds,
  parseEntityTag,
  parseEntityTags,
  parseHttpDate: (text) => parseHttpDate(text, NOW),
  parseRange,
  parseRequestTarget,
  parseRetryAfter: (text) => parseRetryAfter(text, NOW),
  'parseTargeted, Surrogate-Control': (text) => parseTargeted('surrogate-control', text),
  'parseTargeted, CDN-Cache-Control': (text) => parseTargeted('cdn-cache-control', text),
  parseWebOrigin: (text) => parseWebOrigin(text, true),
  responseTags: (text) => responseTags(['Cache-Tag', text, 'Surrogate-Key', text]),
  scanDirectives: directivesOf,
  withoutCookies: (text) => withoutCookies(text, ['a']),
  'as a key of formatCacheStatus': (key) => formatCacheStatus('gate', { hit: true, key }),
};

type Directive = readonly [name: string, argument: string | undefined];

function directivesOf(text: string): Directive[] {
  const found: Directive[] = [];
  scanDirectives(text, (name, argument) => found.push([name, argument]));
  return found;
}

/** Text of the characters that mean something to some parser, so that most of it nearly is a value. */
const nearlyValue = fc
  .array(
    fc.oneof(
      fc.constantFrom(...'",;=\\ \t*/:-+.%?()@[]#\0\n\x7f\xe9\u{1f600}'),
      fc.constantFrom('a', 'no-cache', 'max-age', 'bytes=', 'bytes ', 'W/"', 'q=0.5', 'http://', ' GMT'),
      fc.nat().map(String),
      fc.integer({ min: -1e12, max: 1e12 }).map(formatHttpDate),
    ),
    { maxLength: 40 },
  )
  .map((pieces) => pieces.join(''));

describe.each(Object.entries(PARSERS))('%s', (_, parse) => {
  test('throws on no text, and gives the same again', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), nearlyValue), (text) => {
        expect(parse(text)).toEqual(parse(text));
      }),
      { numRuns: 300 },
    );
  });

  test('gives no more than it was given', () => {
    fc.assert(
      fc.property(nearlyValue, (text) => {
        const result = parse(text);
        const size = result instanceof Set ? result.size : Array.isArray(result) ? result.length : 0;
        expect(size).toBeLessThanOrEqual(text.length + 1);
      }),
    );
  });

  // Quadratic time would be many minutes here, and fail by the test's own deadline.
  test('takes linear time', () => {
    for (const unit of HOSTILE_UNITS) {
      const text = unit.repeat(500_000 / unit.length);
      parse(text);
      parse(`a=${text}\0`);
    }
  }, 60_000);
});

const HOSTILE_UNITS = [
  ' ',
  '"',
  '\\"',
  '"\\',
  ',',
  ';',
  'a',
  'a=',
  '=,',
  '" ,',
  '0',
  '0-',
  '/',
  '%2',
  ':',
  '\xe9',
];

const token = fc.stringMatching(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,12}$/);
const lowerToken = token.map((text) => text.toLowerCase());

describe('scanDirectives (RFC 9111 §5.2)', () => {
  const quotable = fc.stringMatching(/^[\t\x20-\x7e\x80-\xff]{0,12}$/);
  const directive = fc.tuple(lowerToken, fc.option(quotable, { nil: undefined }));
  const space = fc.constantFrom('', ' ', '\t ');

  test('gives what was written, whatever is quoted', () => {
    fc.assert(
      fc.property(fc.array(directive), space, (directives, gap) => {
        const written = directives.map(([name, argument]) =>
          argument === undefined ? name : `${name}="${argument.replace(/["\\]/g, '\\$&')}"`,
        );
        expect(directivesOf(written.join(`${gap},${gap}`))).toEqual(directives);
      }),
    );
  });
});

describe('parseCacheControl (RFC 9111 §5.2)', () => {
  const seconds = fc.option(fc.nat({ max: MAX_DELTA_SECONDS }), { nil: undefined });
  const names = fc.oneof(fc.boolean(), fc.array(lowerToken, { minLength: 1 }));
  const cacheControl: fc.Arbitrary<CacheControl> = fc.record({
    maxAgeSeconds: seconds,
    sMaxageSeconds: seconds,
    noCache: names,
    private: names,
    noStore: fc.boolean(),
    mustRevalidate: fc.boolean(),
    proxyRevalidate: fc.boolean(),
    public: fc.boolean(),
    mustUnderstand: fc.boolean(),
    noTransform: fc.boolean(),
    onlyIfCached: fc.boolean(),
    maxStaleSeconds: fc.oneof(seconds, fc.constant(Number.POSITIVE_INFINITY)),
    minFreshSeconds: seconds,
    staleWhileRevalidateSeconds: seconds,
    staleIfErrorSeconds: seconds,
    immutable: fc.boolean(),
  });

  test('gives what was written', () => {
    fc.assert(
      fc.property(cacheControl, (directives) => {
        const text = Object.entries(directives).flatMap(([property, value]) => written(property, value));
        expect(parseCacheControl(text.join(', '))).toEqual(directives);
      }),
    );
  });

  function written(property: string, value: boolean | number | readonly string[] | undefined): string[] {
    const name = property
      .replace('Seconds', '')
      .replace('sMaxage', 's-maxage')
      .replace(/[A-Z]/g, (capital) => `-${capital.toLowerCase()}`);
    if (value === undefined || value === false) return [];
    if (value === true || value === Number.POSITIVE_INFINITY) return [name];
    return [typeof value === 'number' ? `${name}=${value}` : `${name}="${value.join(', ')}"`];
  }
});

describe('nominatedFields (RFC 9110 §12.5.5)', () => {
  const fieldName = lowerToken.filter((name) => name !== '*');

  test('names in order are given as they are', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fieldName), (names) => {
        expect(nominatedFields(names.join(', '))).toEqual(names.sort());
      }),
    );
  });

  test('an asterisk anywhere is all there is', () => {
    fc.assert(
      fc.property(fc.array(fieldName), fc.array(fieldName), (before, after) => {
        expect(nominatedFields([...before, '*', ...after].join(','))).toBe('*');
      }),
    );
  });
});

describe('parseHttpDate (RFC 9110 §5.6.7)', () => {
  const NAMES = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
  // Years of two digits are at most 50 years ahead.
  const [min, max] = [Date.UTC(1977, 0, 1) / 1000, Date.UTC(2075, 0, 1) / 1000];

  test('an instant is the same in all three formats', () => {
    fc.assert(
      fc.property(fc.integer({ min, max }), (second) => {
        const fixed = formatHttpDate(second * 1000);
        const [weekday, day, month, year, time] = fixed.split(' ') as [
          string,
          string,
          string,
          string,
          string,
        ];
        const longDay = NAMES[new Date(second * 1000).getUTCDay()];
        const formats = [
          fixed,
          `${longDay}, ${day}-${month}-${year.slice(2)} ${time} GMT`,
          `${weekday.slice(0, 3)} ${month} ${String(Number(day)).padStart(2)} ${time} ${year}`,
        ];
        for (const format of formats) expect(parseHttpDate(format, NOW), format).toBe(second * 1000);
      }),
    );
  });
});

describe('formatCacheStatus (RFC 9211 §2, RFC 8941 §4.2)', () => {
  const details = {
    ttl: fc.integer(),
    key: fc.stringMatching(/^[\x20-\x7e]*$/),
    detail: fc.stringMatching(/^[\x20-\x7e]*$/),
  };
  const hit = fc.record({ hit: fc.constant(true as const), ...details }, { requiredKeys: ['hit'] });
  const forwarded = fc.record(
    {
      hit: fc.constant(false as const),
      fwd: fc.constantFrom(
        'bypass',
        'method',
        'uri-miss',
        'vary-miss',
        'miss',
        'request',
        'stale',
        'partial',
      ),
      fwdStatus: fc.integer({ min: 100, max: 599 }),
      stored: fc.constant(true),
      collapsed: fc.constant(true),
      ...details,
    },
    { requiredKeys: ['hit', 'fwd'] },
  );
  const status: fc.Arbitrary<CacheStatus> = fc.oneof(hit, forwarded);
  const cacheName = fc.stringMatching(/^[\x20-\x7e]*$/);

  test('a parser of structured fields reads what was said, also beside another cache', () => {
    fc.assert(
      fc.property(cacheName, status, (name, said) => {
        const members = parseList(`Other; hit, ${formatCacheStatus(name, said)}`);
        expect(members).toHaveLength(2);
        const [found, parameters] = members[1] as Item;
        expect(plain(found)).toBe(name);
        const { fwdStatus, hit: isHit, ...others } = said as CacheStatus & { fwdStatus?: number };
        const expected = new Map<string, unknown>(Object.entries(others));
        if (isHit) expected.set('hit', true);
        if (fwdStatus !== undefined) expected.set('fwd-status', fwdStatus);
        const read = [...parameters].map(([key, value]) => [key, plain(value)] as const);
        expect(new Map(read)).toEqual(expected);
      }),
    );
  });

  test('whatever the texts hold, it is one member', () => {
    const text = fc.string({ unit: 'binary' });
    fc.assert(
      fc.property(text, text, text, (name, key, detail) => {
        expect(parseList(formatCacheStatus(name, { hit: true, key, detail }))).toHaveLength(1);
      }),
    );
  });

  function plain(value: BareItem | readonly Item[]): unknown {
    return value instanceof Token ? value.toString() : value;
  }
});

describe('cookieValue and withoutCookies (RFC 6265 §4.2)', () => {
  test('what is left holds none of the names, and the other cookies as they were', () => {
    const names = fc.constantFrom('a', 'max-age', 'no-cache');
    fc.assert(
      fc.property(nearlyValue, names, (text, name) => {
        const left = withoutCookies(text, [name]);
        expect(cookieValue(left ?? '', name)).toBeUndefined();
        expect(withoutCookies(left ?? '', [name])).toBe(left);
        if (name !== 'a') expect(cookieValue(left ?? '', 'a')).toBe(cookieValue(text, 'a'));
      }),
      { numRuns: 500 },
    );
  });
});

describe('parseWebOrigin (RFC 6454 §6.2)', () => {
  const origin = fc.record({
    scheme: fc.stringMatching(/^[a-z][a-z0-9+.-]{0,8}$/),
    host: fc.stringMatching(/^([a-z0-9._-]{1,20}|\[[0-9a-f:.]{1,20}\]|\*)$/),
    port: fc.oneof(fc.constantFrom('', '*', '80', '443'), fc.nat({ max: 99999 }).map(String)),
  });
  const DEFAULT_PORTS: Record<string, string> = { http: '80', https: '443' };

  test('what is serialised is parsed, a default port left out', () => {
    fc.assert(
      fc.property(origin, ({ scheme, host, port }) => {
        const text = `${scheme}://${host}${port === '' ? '' : `:${port}`}`;
        const expected = { scheme, host, port: port === DEFAULT_PORTS[scheme] ? '' : port };
        expect(parseWebOrigin(text, true)).toEqual(expected);
        expect(parseWebOrigin(text, false)).toEqual(host === '*' || port === '*' ? null : expected);
      }),
      { numRuns: 500 },
    );
  });

  test('nothing stands before or after it', () => {
    fc.assert(
      fc.property(origin, fc.stringMatching(/^[^0-9a-z*:]+$/), ({ scheme, host }, more) => {
        const text = `${scheme}://${host}`;
        expect(parseWebOrigin(`${text}/${more}`, true)).toBeNull();
        expect(parseWebOrigin(more + text, true)).toBeNull();
      }),
    );
  });
});

describe('parseRequestTarget (RFC 9112 §3.2)', () => {
  const segment = fc.stringMatching(/^[A-Za-z0-9_~!$&'()*+,=:@-]{1,8}$/);
  const query = fc.option(fc.stringMatching(/^[\x21\x22\x24-\x7e]{0,12}$/), { nil: undefined });

  test('what is put together is taken apart, with and without an authority', () => {
    fc.assert(
      fc.property(fc.array(segment), query, fc.boolean(), (segments, wanted, isAbsolute) => {
        const path = `/${segments.join('/')}`;
        const authority = isAbsolute ? 'host.example:8080' : undefined;
        const start = authority === undefined ? '' : `http://${authority}`;
        const target = `${start}${path}${wanted === undefined ? '' : `?${wanted}`}`;
        expect(parseRequestTarget(target)).toEqual({ ok: true, authority, path, query: wanted });
      }),
    );
  });
});

test('connectionOptions gives the options of any list (RFC 9110 §7.6.1)', () => {
  fc.assert(
    fc.property(fc.array(token, { minLength: 1 }), (options) => {
      expect(connectionOptions(options.join(' ,\t'))).toEqual(
        new Set(options.map((each) => each.toLowerCase())),
      );
    }),
  );
});
