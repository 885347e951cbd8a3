import { describe, expect, it } from 'vitest';
import { checkedWarm } from './warm-request.ts';

const defaults = {
  template: '/api/{id}',
  concurrency: 4,
  hottest: async (count: number) => ['/x', '/y', '/z'].slice(0, count),
};

describe('a request to warm', () => {
  it('has its defaults', async () => {
    expect(await checkedWarm({ ids: [1, 1] }, defaults)).toEqual({
      ...{ items: ['1'], duplicates: 1, template: '/api/{id}', concurrency: 4 },
    });
    expect(await checkedWarm({ urls: ['/a'], concurrency: 64 }, defaults)).toEqual({
      ...{ items: ['/a'], duplicates: 0, template: null, concurrency: 64 },
    });
    expect(await checkedWarm({ ids: ['a'], template: '/b?c={id}' }, defaults)).toMatchObject({
      template: '/b?c={id}',
    });
  });

  it('takes what was hot', async () => {
    expect(await checkedWarm({ hot: 2 }, defaults)).toMatchObject({ items: ['/x', '/y'], template: null });
  });

  it('counts 20,000 ids with duplicates and bad ones', async () => {
    const ids = Array.from({ length: 20_000 }, (_, i) => (i % 100 === 0 ? { bad: i } : i % 15_000));
    // 0 to 4,999 come twice, without those of whole hundreds.
    expect(await checkedWarm({ ids }, defaults)).toMatchObject({
      duplicates: 4_950,
      items: { length: 15_050 },
    });
  });

  it.each([
    ['nothing', {}],
    ['two of them', { ids: [], urls: [] }],
    ['no list', { urls: 'x' }],
    ['a template for URLs', { urls: ['/a'], template: '/{id}' }],
    ['a template without an id', { ids: [1], template: '/a' }],
    ['a template with two', { ids: [1], template: '/{id}/{id}' }],
    ['a template that is no path', { ids: [1], template: 'x/{id}' }],
    ['a template that no request can have', { ids: [1], template: '/a b/{id}' }],
    ['a template that is no text', { ids: [1], template: 7 }],
    ['too many at once', { ids: [1], concurrency: 65 }],
    ['none at once', { ids: [1], concurrency: 0 }],
    ['half a one at once', { ids: [1], concurrency: 1.5 }],
    ['no number of hot ones', { hot: '7' }],
    ['too many hot ones', { hot: 10_001 }],
    ['too many', { ids: Array.from({ length: 100_001 }, (_, i) => i) }],
    ['too much text', { urls: Array.from({ length: 8_300 }, (_, i) => `/${'a'.repeat(4_080)}${i}`) }],
  ])('is refused with %s', async (_name, request) => {
    await expect(checkedWarm(request as never, defaults)).rejects.toMatchObject({ code: 'ERR_WARM_INVALID' });
  });

  it('needs a template for ids', async () => {
    const none = { ...defaults, template: null };
    await expect(checkedWarm({ ids: [1] }, none)).rejects.toMatchObject({ code: 'ERR_WARM_INVALID' });
    expect(await checkedWarm({ urls: [] }, none)).toMatchObject({ items: [] });
  });
});
