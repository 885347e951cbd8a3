import { describe, expect, it } from 'vitest';
import { errorAnswer } from './answer.ts';
import { createPurgeTargets } from './purge-targets.ts';

const service = (name: string, prefix: string, keyedMethods: readonly string[] = [], hasParts = false) => ({
  name,
  hasParts,
  prefix,
  methods: ['GET'],
  keyedMethods,
  map: (method: string, path: string, query: string | undefined) => {
    if (path.endsWith('/refused')) return errorAnswer(400, 'no');
    if (path.endsWith('/broken')) throw new TypeError('broken');
    const target = query === undefined ? path : `${path}?${query}`;
    return { target: path.endsWith('/mapped') ? `/${method}${target}` : target };
  },
  keyOf: (target: string) => `${name} ${target}`,
});
const targets = createPurgeTargets([service('root', '/'), service('api', '/api', ['POST', 'QUERY'])], {
  targetTag: (key) => `tag of ${key}`,
});
const only = createPurgeTargets([service('api', '/api')], { targetTag: () => '' });

describe('what is purged of a URL', () => {
  it('is of every part too', () => {
    const parted = createPurgeTargets([service('api', '/', ['POST'], true)], {
      targetTag: (key) => `tag of ${key}`,
    });
    expect(parted.at('/mapped')).toEqual({
      service: 'api',
      bases: ['api /GET/mapped'],
      tags: ['tag of api /GET/mapped', 'tag of api /POST/mapped'],
    });
  });

  it.each([
    ['/a?b', { service: 'root', bases: ['root /a?b'], tags: [] }],
    ['http://any.example/a', { service: 'root', bases: ['root /a'], tags: [] }],
    ['/api/a', { service: 'api', bases: ['api /api/a'], tags: ['tag of api /api/a'] }],
    [
      '/api/mapped',
      {
        service: 'api',
        bases: ['api /GET/api/mapped'],
        tags: ['tag of api /POST/api/mapped', 'tag of api /QUERY/api/mapped'],
      },
    ],
    ['/api/refused', { service: 'api', bases: [], tags: [] }],
    ['/api/broken', { service: 'api', bases: [], tags: [] }],
  ])('%s', (url, expected) => expect(targets.at(url)).toEqual(expected));

  it('is nothing where no service is', () => expect(only.at('/other')).toBeNull());

  it.each(['', '*', 'a', '/a b', '/a#b', '//a', '/a/../b', '/%2f', 'ftp://a/b', 'http://u:p@a/b', '/é'])(
    'can’t be said of %j',
    (url) => {
      expect(() => targets.at(url)).toThrow(expect.objectContaining({ code: 'ERR_PURGE_INVALID' }));
    },
  );

  it('may be all of a service that is there', () => {
    expect(['root', 'api', 'other', 'constructor'].map(targets.hasService)).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });
});
