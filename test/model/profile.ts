import type { Random } from './random.ts';

/** How an origin answers for a resource for a while. */
export interface Profile {
  readonly status: number;
  readonly cacheControl: string | null;
  readonly cdnCacheControl: string | null;
  readonly surrogateControl: string | null;
  /** In seconds after the Date, or what is no date. */
  readonly expires: number | 'no date' | null;
  readonly age: string | null;
  /** How far the origin's clock is off, in seconds; `null` for no Date at all. */
  readonly dateSkew: number | 'no date' | null;
  readonly etag: 'strong' | 'weak' | null;
  readonly lastModified: boolean;
  readonly vary: string | null;
  readonly setsCookie: boolean;
  /** It sends fields of the connection and such as only some may see. */
  readonly sendsMore: boolean;
}

const LIFETIMES = [0, 1, 2, 5, 10, 10, 30, 30, 60, 60, 300, 3_600];

export function randomProfile(random: Random): Profile {
  return {
    status: random.weighted([
      [80, 200],
      ...[203, 204, 301, 302, 404, 410, 403, 418, 418, 299].map((status) => [2, status] as const),
    ]),
    cacheControl: random.chance(0.85) ? randomCacheControl(random) : null,
    cdnCacheControl: random.chance(0.08) ? randomCdnCacheControl(random) : null,
    surrogateControl: random.chance(0.04) ? random.pick(SURROGATE_CONTROLS) : null,
    expires: random.chance(0.18)
      ? random.weighted<number | 'no date'>([
          [1, 'no date'],
          [5, random.pick(LIFETIMES) - 2],
        ])
      : null,
    age: random.chance(0.12) ? random.pick(['0', '1', '3', '10', '45', '3, 9', 'young', '5000']) : null,
    dateSkew: random.weighted<number | 'no date' | null>([
      [30, 0],
      [2, null],
      [1, 'no date'],
      [3, -random.below(60)],
      [2, random.below(60)],
    ]),
    etag: random.weighted([
      [4, 'strong'],
      [2, 'weak'],
      [3, null],
    ]),
    lastModified: random.chance(0.4),
    vary: randomVary(random),
    setsCookie: random.chance(0.06),
    sendsMore: random.chance(0.2),
  };
}

export function randomVary(random: Random): string | null {
  return random.weighted([
    [12, null],
    [4, 'Accept-Language'],
    [3, 'X-Kind'],
    [2, 'x-kind, accept-language'],
    [1, 'Accept-Language, Accept-Encoding'],
    [1, '*'],
  ]);
}

const FLAGS: readonly (readonly [number, string])[] = [
  [4, 'public'],
  [3, 'must-revalidate'],
  [2, 'proxy-revalidate'],
  [3, 'no-cache'],
  [2, 'no-store'],
  [2, 'private'],
  [2, 'immutable'],
  [1, 'no-transform'],
  [3, 'must-understand, no-store'],
  [2, 'private="x-secret"'],
  [1, 'no-cache="x-secret, set-cookie"'],
  [1, 'NO-CACHE'],
  [1, 'unknown="no-store, x"'],
];

function randomCacheControl(random: Random): string {
  const members: string[] = [];
  if (random.chance(0.8)) members.push(`max-age=${random.pick(LIFETIMES)}`);
  if (random.chance(0.12)) members.push(`s-maxage=${random.pick(LIFETIMES)}`);
  if (random.chance(0.15)) members.push(`stale-while-revalidate=${random.pick(LIFETIMES)}`);
  if (random.chance(0.15)) members.push(`stale-if-error=${random.pick(LIFETIMES)}`);
  if (random.chance(0.4)) members.push(random.weighted(FLAGS));
  if (random.chance(0.08)) members.push(random.weighted(FLAGS));
  if (random.chance(0.05)) members.push(random.pick(ODD));
  return random.chance(0.1) ? members.reverse().join(' ,  ') : members.join(', ');
}

const ODD = [
  'max-age=x',
  'Max-Age=20',
  'max-age="15"',
  'max-age=99999999999',
  'max-age',
  's-maxage=-1',
  'max-age=1.5',
];

function randomCdnCacheControl(random: Random): string {
  const lifetime = `max-age=${random.pick(LIFETIMES)}`;
  return random.weighted([
    [6, lifetime],
    [2, `${lifetime}, must-revalidate`],
    [2, 'no-store'],
    [1, 'private'],
    [1, `${lifetime}, stale-while-revalidate=30`],
    [1, `${lifetime}, private="x-secret"`],
    [1, `${lifetime}, Public`],
    [1, 'max-age="60"'],
    [1, 'max-age=1.5'],
    [1, ''],
    [1, 's-maxage=10, public'],
  ]);
}

const SURROGATE_CONTROLS = [
  'max-age=60',
  'max-age=5+30',
  'no-store',
  'max-age=60, max-age=3;cachegate',
  'content="ESI/1.0"',
];
