import { expect, it } from 'vitest';
import * as z from 'zod';
import { fits } from '../compiled/fits.ts';
import { acceptableAt, standInAt } from './acceptable.ts';
import { formatPath, type Path } from './path.ts';
import { reread } from './reread.ts';
import { configSchema } from './schema.ts';
import { expectationAt, layersOf, schemasAt } from './schema-lookup.ts';

/** Every place of the schema at which a text could stand, by a name for each key that is the user's own. */
function placesBelow(path: Path): Path[] {
  const layers = schemasAt(configSchema, path).flatMap(layersOf);
  const keys = layers.flatMap((layer): PropertyKey[] => {
    if (layer instanceof z.ZodObject) return Object.keys(layer.shape);
    if (layer instanceof z.ZodRecord) return ['x-name'];
    return layer instanceof z.ZodArray ? [0] : [];
  });
  const isList = layers.some((layer) => layer instanceof z.ZodArray);
  const isBlock = keys.length > 0 && !layers.some((layer) => layer instanceof z.ZodLiteral);
  const below = [...new Set(keys)].flatMap((key) => placesBelow([...path, key]));
  return isBlock || isList ? below : [path, ...below];
}

const PLACES = placesBelow([]).map((path) => [formatPath(path), path] as const);

const TEXTS = [
  ...[
    '',
    ' ',
    'off',
    'on',
    'auto',
    'all',
    'true',
    'GET',
    'POST',
    'TRACE',
    'websocket',
    'h2c',
    'a b',
    'ü',
    'a\nb',
    '*',
    'q*',
  ],
  ...[
    'safe',
    'rfc',
    'detailed',
    'redis',
    'wagtail',
    'session',
    'user',
    'RS256',
    'signed',
    'Lax',
    'jwt',
    'queue',
    'refuse',
  ],
  ...[
    '/',
    '/a',
    '/a/',
    '/a//b',
    '/a/../b',
    '/%zz',
    '/a?b',
    '/a/{id}',
    'header:X',
    'json:/a/b',
    'json:',
    '/realm/roles',
  ],
  ...[
    'http://h',
    'https://h:1/p',
    'https://h/?q=1',
    'https://u:p@h',
    'ftp://h',
    'https://h#f',
    'chrome-extension://*',
  ],
  ...[
    'http://*',
    'http://a:*',
    'HTTP://a',
    '10.0.0.1',
    '10.0.0.0/8',
    '10.0.0.0/33',
    '10.1',
    '::1',
    '404',
    '200-299',
    '299-200',
  ],
  ...[
    'memory:',
    'none:',
    'kv-rest:',
    'redis://h',
    'lmdb:x',
    'example.com',
    'a.b-c',
    'x'.repeat(16),
    'x'.repeat(32),
  ],
  ...[
    'x'.repeat(65),
    'x'.repeat(257),
    'x'.repeat(1024),
    'x'.repeat(1025),
    '-',
    '__Host-x',
    'Content-Length',
    'Cookie',
    'jikan_2',
  ],
];
const NUMBERS = [
  0,
  1,
  2,
  9,
  10,
  99,
  100,
  404,
  599,
  600,
  1_000,
  60_001,
  86_400,
  86_401,
  1e9,
  1e9 + 1,
  -1,
  1.5,
  2 ** 53,
];
const VALUES: readonly unknown[] = [...TEXTS, ...NUMBERS, ...NUMBERS.map(String), true, false];

it.each(PLACES)('%s takes what the schema takes', (_, path) => {
  const acceptable = acceptableAt(path, '');
  if (acceptable === null) return;
  const schemas = schemasAt(configSchema, path);
  for (const found of VALUES) {
    // A number is never come by as such, but as its text is read.
    const value =
      typeof found === 'string' && acceptable.kind !== 'list' ? reread(found, acceptable.kind) : found;
    const isAccepted = schemas.some((schema) => z.safeParse(schema, value).success);
    expect([value, fits(value, acceptable)]).toEqual([value, isAccepted]);
  }
});

it.each(PLACES)('%s has something that can stand in', (name, path) => {
  const schemas = schemasAt(configSchema, path);
  for (const which of ['first', 'last'] as const) {
    const value = standInAt(path, which, 7);
    expect(
      schemas.some((schema) => z.safeParse(schema, value).success),
      `${name}: ${String(value)}`,
    ).toBe(true);
  }
});

it('can not say everything: these have no effect in a function, or have to be written down', () => {
  const unsaid = PLACES.filter(([, path]) => acceptableAt(path, '') === null).map(([name]) => name);
  expect(unsaid).toEqual([
    ...['listen', 'tls.cert_file', 'tls.key_file', 'admin_listen', 'store_tls.ca_file'],
    ...['store_tls.cert_file', 'store_tls.key_file', 'warm.template'],
    ...['services.x-name.session.forward.headers[0]', 'services.x-name.upgrade[0]'],
    ...['module', 'request', 'response'].map((key) => `services.x-name.transform.${key}`),
  ]);
});

it('says in words what it takes', () => {
  for (const [, path] of PLACES) {
    const { accepted } = expectationAt(configSchema, path);
    expect(acceptableAt(path, '')?.accepted ?? accepted).toBe(accepted);
  }
});
