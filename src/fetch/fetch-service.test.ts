import { describe, expect, it } from 'vitest';
import { KEYS, serviceAt } from '../../test/support/cached-fetch.ts';
import { PLAIN_POLICY } from '../../test/support/exchange.ts';
import { createServiceFinder, type FetchService } from './fetch-service.ts';

const serviceOf = createServiceFinder(
  [
    serviceAt('https://api.test', { name: 'root' }),
    serviceAt('https://api.test/v1/', { name: 'v1' }),
    serviceAt('https://api.test/v1/users?x=1#y', { name: 'users' }),
    serviceAt('http://localhost:8080/a', { name: 'local' }),
  ],
  KEYS,
);

describe('the service of a URL', () => {
  it.each([
    ['https://api.test/', 'root', '/'],
    ['https://api.test/v10', 'root', '/v10'],
    ['https://api.test/v1', 'v1', ''],
    ['https://api.test/v1?a=b', 'v1', '?a=b'],
    ['https://api.test/v1/a/b?c#d', 'v1', '/a/b?c'],
    ['https://api.test/v1/users/7', 'users', '/7'],
    ['http://localhost:8080/a/b', 'local', '/b'],
  ])('%s is %s', (uri, name, target) => {
    const service = serviceOf(new URL(uri).href)!;
    expect(service.name).toBe(name);
    expect(service.targetOf(new URL(uri).href)).toBe(target);
  });

  it.each([
    'http://api.test/',
    'https://api.test.evil/',
    'https://api.test:444/',
    'http://localhost:8080/',
    'http://localhost:8080/b',
    'http://localhost:80800/a',
  ])('%s has none', (uri) => {
    expect(serviceOf(uri)).toBeNull();
  });
});

describe('the key of a target', () => {
  it('is that of a gateway with a service of this name', () => {
    const service = createServiceFinder([serviceAt('https://api.test')], KEYS)('https://api.test/a')!;
    expect(service.keyOf('/a?b')).toBe(KEYS.response('api', 'GET api /a?b'));
  });

  it('leaves out what makes no difference', () => {
    const keying = { sortQuery: true, ignoreQuery: ['utm_*'], lowerCasePath: true };
    const service = createServiceFinder(
      [serviceAt('https://api.test', { keying })],
      KEYS,
    )('https://api.test/')!;
    expect(service.normalised('/A?c&utm_x&b')).toBe('/a?b&c');
    expect(service.keyOf('/A?c&utm_x&b')).toBe(service.keyOf('/a?b&c'));
  });
});

describe('the keys of a private cache', () => {
  const [shared, own] = [PLAIN_POLICY, { ...PLAIN_POLICY, private: true }].map(
    (policy) => createServiceFinder([serviceAt('https://api.test', { policy })], KEYS)('https://api.test/a')!,
  ) as [FetchService, FetchService];

  it('are none of a shared one’s, and tell credentials apart', () => {
    const authorizations = [undefined, null, 'Bearer a', 'Bearer b', ''];
    const keys = authorizations.map((authorization) => own.keyOf('/a', authorization));
    expect(new Set(keys).size).toBe(4);
    expect(keys[0]).toBe(keys[1]);
    expect(keys).not.toContain(shared.keyOf('/a'));
    expect(new Set(authorizations.map((each) => shared.keyOf('/a', each))).size).toBe(1);
    expect(own.contentKeyOf('POST', '/a', 'd', 'x')).not.toBe(own.contentKeyOf('POST', '/a', 'd'));
    expect(own.contentKeyOf('POST', '/a', 'd')).not.toBe(shared.contentKeyOf('POST', '/a', 'd'));
    expect(keys.join()).not.toContain('Bearer');
  });

  it('are several for a target', () => {
    expect([own.hasSeveralKeys, shared.hasSeveralKeys]).toEqual([true, false]);
    expect(['x', '', null].map(own.isApart)).toEqual([true, true, false]);
    expect(shared.isApart('x')).toBe(false);
  });
});
