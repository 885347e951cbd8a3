import { expect, it } from 'vitest';
import { createPresentation } from './presentation.ts';

const RECEIVED = [
  ...['Cache-Control', 'public, max-age=60', 'Expires', 'Fri, 01 Jan 2038 01:01:01 GMT'],
  ...[
    'CDN-Cache-Control',
    'max-age=600',
    'Surrogate-Control',
    'max-age=600',
    'Own-Cache-Control',
    'max-age=6',
  ],
  ...[
    'Connection',
    'x-hop',
    'X-Hop',
    '1',
    'Trailer',
    'X-Sum',
    'Access-Control-Allow-Origin',
    '*',
    'ETag',
    '"1"',
  ],
];
const PLAIN = {
  ownFields: {},
  ownCors: false,
  gated: false,
  targetedFields: ['cdn-cache-control', 'own-cache-control'],
};
const namesOf = (change: Partial<typeof PLAIN>) =>
  createPresentation({ ...PLAIN, ...change })(RECEIVED).filter((_, i) => i % 2 === 0);

it('leaves out what is for this hop or for here alone', () => {
  expect(namesOf({})).toEqual([
    ...['Cache-Control', 'Expires', 'CDN-Cache-Control', 'Own-Cache-Control'],
    ...['Access-Control-Allow-Origin', 'ETag'],
  ]);
});

it('lets no cache in front of a gate share what only its callers may see, whatever field it listens to (RFC 9213)', () => {
  expect(namesOf({ gated: true })).toEqual(['Access-Control-Allow-Origin', 'ETag', 'Cache-Control']);
  const [, , , , name, value] = createPresentation({ ...PLAIN, gated: true })(RECEIVED);
  expect([name, value]).toEqual(['Cache-Control', 'private, no-cache']);
});

it('speaks CORS itself where it is told to, and sets its own fields in the place of the origin’s', () => {
  expect(namesOf({ ownCors: true })).not.toContain('Access-Control-Allow-Origin');
  expect(createPresentation({ ...PLAIN, ownFields: { ETag: '"2"' } })(RECEIVED).slice(-2)).toEqual([
    'ETag',
    '"2"',
  ]);
});
