import {
  count,
  flag,
  instant,
  type JsonSchema,
  listOf,
  number,
  objectOf,
  text,
  textOrNull,
} from './documented.ts';

const VARIANT = objectOf({
  fields: listOf({ type: 'string' }, 'Names of the fields that the responses vary by'),
  stored: { type: 'boolean' },
});

const FRESHNESS = objectOf(
  {
    lifetime: number('Freshness lifetime (RFC 9111, section 4.2.1)'),
    current_age: number('Current age (RFC 9111, section 4.2.3)'),
    remaining: number('Below 0 when stale'),
    stale_while_revalidate: number('How long it is sent on while a new one is fetched (RFC 5861)'),
    stale_if_error: number('How long it is sent in the place of an error (RFC 5861)'),
    stale_if_disconnected: number('How long it is sent where the origin can not be reached'),
    heuristic: flag('The lifetime is a guess (RFC 9111, section 4.2.2)'),
    no_cache: flag('It is validated before each use'),
    must_revalidate: flag('It is never used stale'),
    stale_since: textOrNull('An operator has called it stale since then'),
  },
  { description: 'In seconds' },
);

const RESPONSE: JsonSchema = {
  ...objectOf({
    status: { type: 'integer' },
    bytes: count('Of its content'),
    range: textOrNull('The part of the representation that is stored, as in Content-Range; null: all of it'),
    received_at: instant('When the origin sent it'),
    tags: listOf({ type: 'string' }, 'By which it can be purged'),
    etag: textOrNull('Its entity tag'),
    last_modified: textOrNull('Its modification date'),
    freshness: FRESHNESS,
    expires_in: number('Seconds until the store forgets it'),
  }),
  type: ['object', 'null'],
  description: 'The stored response that the request selects; null where there is none',
};

const NEXT = objectOf({
  action: text(
    'reuse, reuse-and-revalidate, validate, complete, forward, wait (for the same, under way), refuse, or depends (on what is not known)',
  ),
  cache_status: {
    type: ['object', 'null'],
    description: 'What Cache-Status (RFC 9211) would say, without what only the origin tells',
    additionalProperties: true,
  },
  status: {
    type: ['integer', 'null'],
    description: "What the client would get; null: that is the origin's to say",
  },
  stale_on: objectOf(
    { error: flag('It answers with an error'), silence: flag('It gives no answer') },
    { description: 'Where the origin is asked: when a stale response stands in for it' },
  ),
  because: listOf({ type: 'string' }, 'Why, a sentence each, in the order in which it is decided'),
});

export const EXPLANATION: JsonSchema = objectOf({
  url: { type: 'string' },
  method: { type: 'string' },
  service: textOrNull('The name of the service; null where none has it'),
  target: textOrNull('Path and query as the origin would be asked for them'),
  cache_key: textOrNull('The cache key in words; null: there is none, or it is not known whose'),
  store_key: textOrNull('The same as the store has it'),
  stored: { type: ['boolean', 'null'], description: 'null: the store could not be asked' },
  variants: listOf(VARIANT, 'What the responses of the resource vary by'),
  response: RESPONSE,
  next: NEXT,
});

export const EXPLANATION_EXAMPLE = {
  ...{ url: '/api/anime/5114', method: 'GET', service: 'anime', target: '/v4/anime/5114' },
  ...{
    cache_key: 'GET anime /v4/anime/5114',
    store_key: 'response:{anime:3q2-7w}',
    stored: true,
    variants: [],
  },
  response: {
    ...{ status: 200, bytes: 10_240, range: null, received_at: '2026-01-01T12:00:00.000Z', tags: ['anime'] },
    ...{ etag: '"abc"', last_modified: null, expires_in: 129_600 },
    freshness: {
      ...{ lifetime: 86_400, current_age: 43_200, remaining: 43_200 },
      ...{ stale_while_revalidate: 0, stale_if_error: 86_400, stale_if_disconnected: 0, heuristic: false },
      ...{ no_cache: false, must_revalidate: false, stale_since: null },
    },
  },
  next: {
    ...{ action: 'reuse', cache_status: { hit: true, ttl: 43_200 }, status: 200 },
    stale_on: { error: false, silence: false },
    because: ['The stored response is fresh for 43200 seconds more.'],
  },
};
