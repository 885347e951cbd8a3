import { afterEach, describe, expect, it } from 'vitest';
import { readPlatformContext } from './request-context.ts';
import { createReadVercelContext } from './vercel-context.ts';

const REQUEST = new Request('https://gate.example/', {
  headers: { 'X-Real-IP': '192.0.2.1', 'X-Forwarded-For': '192.0.2.2, 192.0.2.3' },
});
const KEEPER = Symbol.for('@vercel/request-context');
const kept = globalThis as Record<symbol, unknown>;

afterEach(() => {
  delete kept[KEEPER];
});

describe('readPlatformContext', () => {
  it.each([
    [{ peer: '192.0.2.9' }, '192.0.2.9'],
    [{ ip: '192.0.2.9' }, '192.0.2.9'],
    [{ remoteAddr: { transport: 'tcp', hostname: '::1', port: 1 } }, '::1'],
    [{ requestIP: () => ({ address: '::1' }) }, '::1'],
    [{ requestIP: () => null }, ''],
    [{ params: Promise.resolve({}) }, ''],
    [undefined, ''],
    ['text', ''],
  ])('finds in %j the address %j', (context, peer) => {
    expect(readPlatformContext(REQUEST, context).peer).toBe(peer);
  });

  it("calls the platform's waitUntil on its own object", () => {
    const context = {
      works: [] as unknown[],
      waitUntil(work: Promise<unknown>) {
        this.works.push(work);
      },
    };
    const work = Promise.resolve();
    readPlatformContext(REQUEST, context).waitUntil!(work);
    expect(context.works).toEqual([work]);
    expect(readPlatformContext(REQUEST, {}).waitUntil).toBeNull();
  });
});

describe("Vercel's context", () => {
  it("has the runtime's waitUntil and the address that its proxy says", () => {
    const works: unknown[] = [];
    kept[KEEPER] = { get: () => ({ waitUntil: (work: unknown) => works.push(work) }) };
    const { waitUntil, peer } = createReadVercelContext({})(REQUEST, undefined);
    waitUntil!(Promise.resolve());
    expect(works).toHaveLength(1);
    expect(peer).toBe('192.0.2.1');
  });

  it('takes what the platform hands over before that', () => {
    const works: unknown[] = [];
    kept[KEEPER] = { get: () => ({ waitUntil: () => works.push('other') }) };
    const given = { waitUntil: () => works.push('given'), peer: '192.0.2.9' };
    const { waitUntil, peer } = createReadVercelContext({})(REQUEST, given);
    waitUntil!(Promise.resolve());
    expect(works).toEqual(['given']);
    expect(peer).toBe('192.0.2.9');
  });

  it('reads the address from the other field, and in no other place than Vercel', () => {
    const forwarded = new Request('https://gate.example/', {
      headers: { 'X-Forwarded-For': '192.0.2.2, ::1' },
    });
    expect(createReadVercelContext({ VERCEL: '1' })(forwarded, undefined)).toEqual({
      waitUntil: null,
      peer: '192.0.2.2',
    });
    expect(createReadVercelContext({})(REQUEST, undefined).peer).toBe('');
    for (const nothing of [{}, { get: () => undefined }]) {
      kept[KEEPER] = nothing;
      expect(createReadVercelContext({})(REQUEST, undefined)).toEqual({ waitUntil: null, peer: '' });
    }
  });
});
