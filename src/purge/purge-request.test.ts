import { describe, expect, it } from 'vitest';
import { checkedPurge, type PurgeRequest } from './purge-request.ts';

const check = (request: unknown) => checkedPurge(request as PurgeRequest);

describe('a purge that is asked for', () => {
  it.each([
    [{ url: '/a?b' }, { by: 'url', names: ['/a?b'] }],
    [{ service: 'api' }, { by: 'service', names: ['api'] }],
    [{ tags: ['a', ' b c ', 'a'] }, { by: 'tag', names: ['a', 'b c'] }],
  ])('%j is hard and does not wait', (request, purge) => {
    expect(check(request)).toEqual({ ...purge, mode: 'hard', wait: false });
  });

  it('may be soft, and may wait', () => {
    expect(check({ url: '/', mode: 'soft', wait: true })).toMatchObject({ mode: 'soft', wait: true });
  });

  it('may have 16 tags of 1024 characters', () => {
    const tags = Array.from({ length: 16 }, (_, i) => String(i).padStart(1_024, 'x'));
    expect(check({ tags }).names).toEqual(tags);
  });

  it.each([
    {},
    { url: '/', tags: ['a'] },
    { url: 1 },
    { tags: 'a' },
    { tags: [] },
    { tags: [''] },
    { tags: ['a', ' '] },
    { tags: ['a', 1] },
    { tags: ['a\nb'] },
    { tags: ['é'] },
    { tags: ['x'.repeat(1_025)] },
    { tags: Array.from({ length: 17 }, (_, i) => `${i}`) },
    { url: '/', mode: 'gentle' },
    { url: '/', wait: 'true' },
  ])('cannot be %j', (request) => {
    expect(() => check(request)).toThrow(expect.objectContaining({ code: 'ERR_PURGE_INVALID' }));
  });
});
