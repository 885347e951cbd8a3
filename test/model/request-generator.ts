import { type Field, httpDate } from './message.ts';
import type { Random } from './random.ts';

/** What a client sends. */
export interface GeneratedRequest {
  readonly resource: number;
  readonly method: string;
  readonly request: ReadonlyMap<string, string>;
}

/** What a client may have heard of a resource. */
export interface Validators {
  readonly etags: readonly string[];
  readonly lastModified: readonly string[];
}

export const RESOURCES = 3;
/** Mostly asked for in parts. */
const OF_PARTS = 2;

export function randomRequest(
  random: Random,
  validatorsOf: (resource: number) => Validators,
  now: number,
): GeneratedRequest {
  const resource = random.weighted([
    [4, 0],
    [3, 1],
    [3, OF_PARTS],
  ]);
  const method = random.weighted(METHODS);
  const fields: Field[] = [];
  const add = (share: number, name: string, value: () => string) => {
    if (random.chance(share)) fields.push([name, value()]);
  };
  add(0.6, 'accept-language', () => random.pick(LANGUAGES));
  add(0.4, 'x-kind', () => random.pick(KINDS));
  add(0.2, 'cache-control', () => randomDirectives(random));
  add(0.02, 'pragma', () => 'no-cache');
  add(0.1, 'authorization', () => 'Basic eA==');
  add(0.12, 'cookie', () => 'a=b');
  const { etags, lastModified } = validatorsOf(resource);
  const tag = () => (etags.length === 0 ? '"none"' : random.pick(etags.slice(-4)));
  const date = () => (lastModified.length === 0 ? httpDate(now) : random.pick(lastModified.slice(-4)));
  add(0.08, 'if-none-match', () =>
    random.weighted([
      [6, tag()],
      [2, `"x", ${tag()}`],
      [1, '*'],
      [1, '"x"'],
    ]),
  );
  add(0.05, 'if-modified-since', () =>
    random.weighted([
      [5, date()],
      [2, httpDate(now)],
      [1, 'no date'],
    ]),
  );
  if (method === 'GET' && random.chance(resource === OF_PARTS ? 0.8 : 0.1)) {
    fields.push(['range', randomRange(random)]);
    add(0.4, 'if-range', () =>
      random.weighted([
        [5, tag()],
        [3, date()],
        [1, '"x"'],
      ]),
    );
  }
  return { resource, method, request: new Map(fields) };
}

const METHODS: readonly (readonly [number, string])[] = [
  [160, 'GET'],
  [16, 'HEAD'],
  [8, 'POST'],
  [4, 'PUT'],
  [3, 'DELETE'],
  [1, 'OPTIONS'],
  [1, 'PATCH'],
];
// Several spellings of few meanings.
const LANGUAGES = ['en', 'en', 'EN', 'fr', 'fr', 'en, fr;q=0.5', 'fr;q=0.50,en', 'fr; q=0.5 , EN;q=1'];
const KINDS = ['a', 'a', 'b', 'a, b', 'a,b'];
const SPANS = [0, 1, 5, 20, 100];

function randomDirectives(random: Random): string {
  const span = random.pick(SPANS);
  return random.weighted([
    [4, 'no-cache'],
    [3, 'no-store'],
    [3, 'max-age=0'],
    [4, `max-age=${span}`],
    [4, `min-fresh=${span}`],
    [2, 'max-stale'],
    [4, `max-stale=${span}`],
    [4, 'only-if-cached'],
    [1, 'only-if-cached, max-stale'],
    [2, `max-age=${random.pick(SPANS)}, max-stale=${span}`],
    [2, `stale-if-error=${span}`],
    [1, 'no-transform'],
  ]);
}

function randomRange(random: Random): string {
  // Mostly ranges that touch one another.
  const first = random.chance(0.7) ? 8 * random.below(5) : random.below(30);
  const last = first + (random.chance(0.7) ? random.pick([7, 15, 23]) : 4 + random.below(20));
  return random.weighted([
    [6, `bytes=${first}-${last}`],
    [4, `bytes=0-${last}`],
    [3, `bytes=${first}-`],
    [3, `bytes=-${last - first}`],
    [1, `bytes=${first}-${last},${last + 1}-${last + 9}`],
    [1, `bytes=0-4, ${last}-${last + 5}`],
    [1, 'bytes=500-'],
    [1, 'lines=1-2'],
    [1, `bytes=${last}-${first}`],
  ]);
}
