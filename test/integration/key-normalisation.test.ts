import { afterEach, describe, expect, it } from 'vitest';
import type { Config } from '../../src/config/schema.ts';
import type { Transform } from '../../src/gateway/transform.ts';
import { type RunningProxy, startProxy, withCache } from '../support/proxy.ts';
import { ask, PATIENT } from '../support/ranged-origin.ts';

// Targets that a service takes for the same: one stored response, and one target that the origin ever sees. What the
// key leaves out can't shape what is stored.

type Key = NonNullable<Parameters<typeof withCache>[0]['key']>;

let proxy: RunningProxy;
afterEach(() => proxy.close());

const NONE: Key = { sort_query: false, ignore_query: [], lower_case_path: false };

async function start(
  key: Partial<Key>,
  change: (config: Config) => Config = (config) => config,
): Promise<void> {
  proxy = await startProxy(
    (request, response) => {
      request.resume();
      response.writeHead(200, { 'Cache-Control': 'max-age=60' }).end(`${request.method} ${request.url}`);
    },
    (config) => change(withCache({ key: { ...NONE, ...key }, methods: ['QUERY'] })(config)),
  );
}

/** Asks for each in turn and answers what the origin was asked. */
async function asked(...targets: string[]): Promise<string[]> {
  for (const target of targets) {
    await ask(proxy.url + target);
    await expect.poll(async () => (await ask(proxy.url + target)).by, PATIENT).toBe('hit');
  }
  return proxy.asked.map((line) => line.replace(/^GET /, ''));
}

describe('the order of parameters', () => {
  it('does not count with sort_query, but for those of one name', async () => {
    await start({ sort_query: true });
    expect(await asked('/?b=2&a=1', '/?a=1&b=2', '/?b=1&b=2', '/?b=2&b=1')).toEqual([
      '/?a=1&b=2',
      '/?b=1&b=2',
      '/?b=2&b=1',
    ]);
  });

  it('counts without', async () => {
    await start({});
    expect(await asked('/?b&a', '/?a&b')).toEqual(['/?b&a', '/?a&b']);
  });
});

describe('ignored parameters', () => {
  it.each([
    ['/?utm_source=x&a=1', '/?a=1'],
    ['/?a=1&utm_source=%3Cscript%3E&utm_=1', '/?a=1'],
    ['/?%75tm_source=x&a=1', '/?a=1'],
    ['/?u%74m%5fsource=x&a=1', '/?a=1'],
    ['/?fbclid=1', '/'],
    ['/?fbclid', '/'],
    ['/?fbclid=1&fbclid=2', '/'],
    ['/?xfbclid=1', '/?xfbclid=1'],
    ['/?FBCLID=1', '/?FBCLID=1'],
    ['/?a=fbclid=1', '/?a=fbclid=1'],
    ['/?a=1%26fbclid=2', '/?a=1%26fbclid=2'],
  ])('%s is asked for as %s', async (target, expected) => {
    await start({ ignore_query: ['utm_*', 'fbclid'] });
    expect(await asked(target, expected)).toEqual([expected]);
    expect((await ask(proxy.url + target)).body).toBe(`GET ${expected}`);
  });

  it('are all there are with *', async () => {
    await start({ ignore_query: ['*'] });
    expect(await asked('/a?b=1', '/a?c', '/a?', '/a')).toEqual(['/a']);
  });
});

describe('a path in lower case', () => {
  it('stands for all others, whose encoded bytes stay what they are', async () => {
    await start({ lower_case_path: true });
    expect(await asked('/A/b?C=D', '/a/B?C=D', '/a/b?c=D', '/%C3%89', '/%c3%89', '/%41')).toEqual([
      '/a/b?C=D',
      '/a/b?c=D',
      '/%C3%89',
      '/%41',
    ]);
  });
});

describe('other methods', () => {
  const keying: Partial<Key> = { sort_query: true, ignore_query: ['utm_*'], lower_case_path: true };

  it('HEAD is one with GET', async () => {
    await start(keying);
    await asked('/a?b=1&c=2');
    expect((await ask(`${proxy.url}/A?utm_x=1&c=2&b=1`, {}, 'HEAD')).by).toBe('hit');
  });

  it.each(['PUT', 'POST', 'DELETE'] as const)(
    '%s has its target as it came, and makes the common one invalid',
    async (method) => {
      await start(keying);
      await asked('/a?b=1&c=2');
      const target = '/A?c=2&utm_source=x&b=1';
      expect((await ask(proxy.url + target, {}, method)).body).toBe(`${method} ${target}`);
      expect((await ask(`${proxy.url}/a?b=1&c=2`, { 'Cache-Control': 'only-if-cached' })).status).toBe(504);
    },
  );

  it('one whose content is in the key has the common target', async () => {
    await start(keying);
    const query = (target: string) => fetch(proxy.url + target, { method: 'QUERY', body: 'x' });
    expect(await (await query('/A?utm_source=x&b=1')).text()).toBe('QUERY /a?b=1');
    await expect
      .poll(async () => (await query('/a?b=1')).headers.get('cache-status'), PATIENT)
      .toMatch(/hit/);
    expect(proxy.asked).toHaveLength(1);
  });
});

it('the target that a transform makes is the common one too', async () => {
  const transform: Transform = {
    request: ({ path, query }) => ({ target: `${path}?${query}&Own=1` }),
  };
  await start({ sort_query: true, ignore_query: ['utm_*'], lower_case_path: true }, (config) => ({
    ...config,
    services: { default: { ...config.services.default!, transform: { options: {}, ...transform } as never } },
  }));
  expect(await asked('/B?utm_source=x&z=1', '/b?z=1')).toEqual(['/b?Own=1&z=1']);
});

it('a range of one is a range of all', async () => {
  await start({ ignore_query: ['utm_*'] });
  await asked('/?a=1');
  const part = await ask(`${proxy.url}/?utm_source=x&a=1`, { Range: 'bytes=0-2' });
  expect(part).toMatchObject({ status: 206, body: 'GET', by: 'hit' });
});
