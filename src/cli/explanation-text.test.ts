import { expect, it } from 'vitest';
import type { Explanation } from '../explain/explanation.ts';
import { explanationText } from './explanation-text.ts';
import { createFormat } from './format.ts';

const format = createFormat('en-US', 'UTC');
const ASKED = { status: null, stale_on: { error: false, silence: false } };
const nothing: Explanation = {
  ...{ url: '/elsewhere', method: 'GET', service: null, target: null, cache_key: null, store_key: null },
  ...{ stored: false, variants: [], response: null },
  next: {
    ...ASKED,
    action: 'refuse',
    cache_status: null,
    status: 404,
    because: ['No service has the path.'],
  },
};

it('says where it belongs, what is stored, how fresh it is, and what is next', () => {
  const explanation: Explanation = {
    ...{ url: '/api/anime/1', method: 'GET', service: 'jikan', target: '/v4/anime/1' },
    ...{ cache_key: 'GET jikan /v4/anime/1', store_key: 'response:{jikan:AbC}', stored: true },
    variants: [{ fields: ['accept-language', 'accept'], stored: true }],
    response: {
      ...{
        status: 200,
        bytes: 4_000,
        range: null,
        received_at: '2026-05-01T12:00:00.000Z',
        tags: ['anime', 'a\u001b[H'],
      },
      ...{ etag: '"x"', last_modified: null, expires_in: 90_000 },
      freshness: {
        ...{ lifetime: 3_600, current_age: 3_612.345, remaining: -12.345 },
        ...{ stale_while_revalidate: 60, stale_if_error: 0, stale_if_disconnected: 86_400 },
        ...{
          heuristic: true,
          no_cache: false,
          must_revalidate: false,
          stale_since: '2026-05-01T12:30:00.000Z',
        },
      },
    },
    next: {
      action: 'reuse-and-revalidate',
      status: 200,
      stale_on: { error: true, silence: true },
      cache_status: { hit: true, ttl: -12, detail: 'STALE' },
      because: ['It is stale.', 'It may be sent while it is revalidated.'],
    },
  };
  expect(explanationText(explanation, format).split('\n')).toEqual([
    'GET /api/anime/1',
    '  service        jikan',
    '  at the origin  /v4/anime/1',
    '  cache key      GET jikan /v4/anime/1',
    '  in the store   response:{jikan:AbC}',
    '  stored         yes',
    '  varies by      accept-language, accept (this one is stored)',
    '',
    'Stored response',
    '  status        200',
    '  size          3.9 KiB',
    '  received      May 1, 2026, 12:00:00 PM',
    '  tags          anime, a\\u001b[H',
    '  etag          "x"',
    '  forgotten in  1 day 1 hr',
    '',
    'Freshness',
    '  lifetime           3,600 s, a guess',
    '  current age        − 3,612.345 s',
    '  remaining          = -12.345 s: stale for 12 sec',
    '  while revalidated  1 min',
    '  if disconnected    1 day',
    '  called stale       May 1, 2026, 12:30:00 PM',
    '',
    'Next: reuse-and-revalidate (hit; ttl=-12; detail=STALE)',
    '  1. It is stale.',
    '  2. It may be sent while it is revalidated.',
    '  status                 200',
    '  if the origin fails    what is stored is sent, though stale',
    '  if it does not answer  what is stored is sent, though stale',
  ]);
});

it('says what no service has, and what the store could not be asked for', () => {
  expect(explanationText(nothing, format)).toBe(
    'GET /elsewhere\n  service  none has it\n\nNext: refuse\n  1. No service has the path.\n  status  404',
  );
  const away: Explanation = {
    ...nothing,
    service: 'jikan',
    stored: null,
    next: { ...ASKED, action: 'forward', cache_status: { hit: false, fwd: 'bypass' }, because: [] },
  };
  expect(explanationText(away, format)).toContain('unknown: the store was not asked');
  expect(explanationText(away, format)).toMatch(/Next: forward \(fwd=bypass\)$/);
});
