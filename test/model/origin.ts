import { type Exchange, type OriginAnswer, TRACE } from './exchange.ts';
import { httpDate, type RequestFields } from './message.ts';
import { type Profile, randomProfile, randomVary } from './profile.ts';
import type { Random } from './random.ts';
import { type Representation, representationOf } from './representation.ts';
import { RESOURCES } from './request-generator.ts';
import { matchStrongly, matchWeakly } from './rfc/entity-tags.ts';

/** An origin server that answers by chance: mostly right, sometimes wrong, sometimes not at all. */
export interface Origin {
  /** @param sent the fields of the request as they reach it; `null` when the connection fails */
  answer(exchange: Exchange, sent: RequestFields, now: number): OriginAnswer | null;
}

interface Resource {
  version: number;
  modifiedAt: number;
  profile: Profile;
}

export function createOrigin(random: Random, startAt: number): Origin {
  const resources: Resource[] = Array.from({ length: RESOURCES }, () => ({
    version: random.below(1000),
    modifiedAt: startAt - random.pick([0, 10, 1_000, 50_000]) * 1000,
    profile: randomProfile(random),
  }));

  function liveOn(resource: Resource, now: number): void {
    if (random.chance(0.06)) resource.profile = randomProfile(random);
    if (random.chance(0.04)) resource.profile = { ...resource.profile, vary: randomVary(random) };
    if (random.chance(0.1)) {
      resource.version++;
      resource.modifiedAt = now - random.pick([0, 0, 3, 600]) * 1000;
    }
  }

  function represent(exchange: Exchange, sent: RequestFields, now: number): OriginAnswer {
    const { profile, version, modifiedAt } = resources[exchange.resource]!;
    const representation = representationOf(exchange.resource, version, variantOf(profile, sent));
    const etag =
      profile.etag === 'strong'
        ? representation.strongTag
        : profile.etag === 'weak'
          ? representation.weakTag
          : null;
    const lastModified = profile.lastModified ? httpDate(modifiedAt) : null;
    const validators = { etag, lastModified };
    if (
      isUnchanged(sent, validators, modifiedAt)
        ? random.chance(0.9)
        : isConditional(sent) && random.chance(0.04)
    ) {
      return notModified(random, exchange, profile, validators, now);
    }
    const fields = fieldsOf(random, exchange, profile, validators, now);
    if (profile.status === 200 && exchange.method === 'GET' && sent.has('range') && random.chance(0.85)) {
      return partial(random, representation, etag, sent, fields);
    }
    return whole(random, exchange, profile, representation, fields);
  }

  return {
    answer(exchange, sent, now) {
      const resource = resources[exchange.resource]!;
      if (random.chance(0.04)) return null;
      if (random.chance(0.06)) return failure(random, exchange, resource.profile, now);
      liveOn(resource, now);
      if (exchange.method === 'GET' || exchange.method === 'HEAD') return represent(exchange, sent, now);
      if (exchange.method !== 'OPTIONS' && random.chance(0.5)) resource.version++;
      return changed(random, exchange, resource.profile, now);
    },
  };
}

interface ValidatorFields {
  readonly etag: string | null;
  readonly lastModified: string | null;
}

/** What of the request shapes the representation: what it says it varies by, and nothing else. */
function variantOf({ vary }: Profile, sent: RequestFields): string {
  const names = (vary ?? '').toLowerCase().split(', ');
  return names.map((name) => (sent.get(name) ?? '-').toLowerCase().replace(/[^a-z]/g, '')).join('/');
}

function isConditional(sent: RequestFields): boolean {
  return sent.has('if-none-match') || sent.has('if-modified-since');
}

function isUnchanged(
  sent: RequestFields,
  { etag, lastModified }: ValidatorFields,
  modifiedAt: number,
): boolean {
  const tags = sent.get('if-none-match');
  if (tags !== undefined) return etag !== null && tags.split(', ').some((tag) => matchWeakly(tag, etag));
  return (
    lastModified !== null &&
    Math.floor(modifiedAt / 1000) * 1000 <= Date.parse(sent.get('if-modified-since') ?? '')
  );
}

type Draft = [name: string, value: string][];

function fieldsOf(
  random: Random,
  exchange: Exchange,
  profile: Profile,
  { etag, lastModified }: ValidatorFields,
  now: number,
): Draft {
  const fields: Draft = [[`${TRACE}${exchange.id}`, 'x']];
  const add = (name: string, value: string | number | null) => {
    if (value !== null) fields.push([name, String(value)]);
  };
  const { dateSkew, expires } = profile;
  const date = dateSkew === null || dateSkew === 'no date' ? now : now + dateSkew * 1000;
  add('date', dateSkew === null || dateSkew === 'no date' ? dateSkew : httpDate(date));
  add('cache-control', profile.cacheControl);
  add('cdn-cache-control', profile.cdnCacheControl);
  add('surrogate-control', profile.surrogateControl);
  add('expires', expires === null || expires === 'no date' ? expires : httpDate(date + expires * 1000));
  add('age', profile.age);
  add('etag', etag);
  add('last-modified', lastModified);
  add('vary', profile.vary);
  if (profile.setsCookie) add('set-cookie', `c=${exchange.id}`);
  if (profile.sendsMore) fields.push(['connection', 'X-Hop'], ['x-hop', String(exchange.id)]);
  if (profile.sendsMore) fields.push(['x-secret', String(exchange.id)], ['x-twice', 'a'], ['x-twice', 'b']);
  if (random.chance(0.3)) add('x-info', `${random.below(1000)}`);
  return fields;
}

/** With some of the fields that the 200 would have, and sometimes what describes no content of its own. */
function notModified(
  random: Random,
  exchange: Exchange,
  profile: Profile,
  validators: ValidatorFields,
  now: number,
): OriginAnswer {
  const kept = [
    'cache-control',
    'cdn-cache-control',
    'surrogate-control',
    'expires',
    'etag',
    'last-modified',
    'vary',
    'date',
  ];
  const fields = fieldsOf(random, exchange, profile, validators, now).filter(
    ([name]) => !kept.includes(name) || random.chance(name === 'vary' ? 0.9 : 0.7),
  );
  if (random.chance(0.1)) fields.push(['content-length', '3']);
  if (random.chance(0.05)) fields.push(['content-encoding', 'gzip'], ['content-range', 'bytes 0-2/3']);
  if (random.chance(0.2)) fields.push(['content-type', `text/${random.below(10)}`]);
  return { status: 304, fields, body: '', complete: true };
}

function whole(
  random: Random,
  exchange: Exchange,
  profile: Profile,
  { body }: Representation,
  fields: Draft,
): OriginAnswer {
  const { status } = profile;
  fields.push(['content-type', 'text/plain']);
  if (status === 301 || status === 302) fields.push(['location', '/elsewhere']);
  if (status === 204) return { status, fields, body: '', complete: true };
  if (exchange.method === 'HEAD') {
    if (random.chance(0.6))
      fields.push(['content-length', String(body.length + (random.chance(0.06) ? 1 : 0))]);
    return { status, fields, body: '', complete: true };
  }
  return framed(random, status, fields, body);
}

/** Mostly with its length; sometimes it breaks off. */
function framed(random: Random, status: number, fields: Draft, body: string): OriginAnswer {
  const isBroken = body !== '' && random.chance(0.015);
  if (isBroken || random.chance(0.7)) fields.push(['content-length', String(body.length)]);
  return { status, fields, body: isBroken ? body.slice(0, body.length / 2) : body, complete: !isBroken };
}

function partial(
  random: Random,
  { body }: Representation,
  etag: string | null,
  sent: RequestFields,
  fields: Draft,
): OriginAnswer {
  const ifRange = sent.get('if-range');
  const counts = ifRange === undefined || matchStrongly(ifRange, etag ?? undefined);
  const match = /^bytes=(\d*)-(\d*)$/.exec(sent.get('range')!);
  fields.push(['content-type', 'text/plain']);
  if (!counts || match === null) return framed(random, 200, fields, body);
  const [, from, to] = match as unknown as [string, string, string];
  const first = from === '' ? Math.max(0, body.length - Number(to)) : Number(from);
  const asked = from === '' || to === '' ? body.length - 1 : Math.min(Number(to), body.length - 1);
  if (first > asked) {
    fields.push(['content-range', `bytes */${body.length}`]);
    return { status: 416, fields, body: '', complete: true };
  }
  // It may send less than it was asked for, and need not know how long the whole is.
  const last = random.chance(0.05) ? Math.max(first, asked - 3) : asked;
  const length = random.chance(0.05) ? '*' : body.length;
  fields.push(['content-range', `bytes ${first}-${last}/${length}`]);
  const bytes = body.slice(first, last + 1);
  if (random.chance(0.02)) return { status: 206, fields, body: bytes.slice(1), complete: bytes.length === 0 };
  return framed(random, 206, fields, bytes);
}

function failure(random: Random, exchange: Exchange, profile: Profile, now: number): OriginAnswer {
  const status = random.pick([500, 500, 502, 503, 503, 504, 429]);
  const fields: Draft = [
    [`${TRACE}${exchange.id}`, 'x'],
    ['date', httpDate(now)],
  ];
  if (random.chance(0.2) && profile.cacheControl !== null)
    fields.push(['cache-control', profile.cacheControl]);
  if (status === 429 || status === 503) {
    if (random.chance(0.5)) fields.push(['retry-after', String(random.pick([0, 1, 5, 100]))]);
  }
  return { status, fields, body: exchange.method === 'HEAD' ? '' : 'failed', complete: true };
}

export const PATHS = ['/r0', '/r1', '/r2'];

const REFERENCES: readonly (readonly [string, number | null])[] = [
  ...PATHS.map((path, resource) => [path, resource] as const),
  ['r1', 1],
  ['http://origin.test/r2', 2],
  ['/r1#part', 1],
  ['http://other.test/r0', null],
  ['/none', null],
];

/** Which resource a reference that this origin sends leads to. */
export function resourceOf(reference: string): number | null {
  return REFERENCES.find(([each]) => each === reference)?.[1] ?? null;
}

/** To a method that changes something, or to OPTIONS. */
function changed(random: Random, exchange: Exchange, profile: Profile, now: number): OriginAnswer {
  const status = random.weighted([
    [10, 200],
    [3, 201],
    [3, 204],
    [2, 303],
    [2, 404],
    [2, 409],
  ]);
  const none: ValidatorFields = { etag: null, lastModified: null };
  const fields = fieldsOf(random, exchange, profile, none, now);
  if (random.chance(0.2)) fields.push(['location', random.pick(REFERENCES)[0]]);
  if (random.chance(0.3)) {
    const own = exchange.method === 'POST' && random.chance(0.6);
    fields.push(['content-location', own ? PATHS[exchange.resource]! : random.pick(REFERENCES)[0]]);
  }
  if (status === 204) return { status, fields, body: '', complete: true };
  return framed(random, status, fields, `${exchange.method} ${exchange.id}`);
}
