import { Agent, type Dispatcher, interceptors } from 'undici';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type SimpleOrigin, serviceAt, startOrigin } from '../support/cached-fetch.ts';
import { createInterceptedParts, type InterceptedParts } from '../support/intercepted.ts';

// Two dispatchers share one cache, and only one of them has something beneath it that follows redirects.

const ETAG = '"1"';
const OWN = { ETag: ETAG, 'X-Of': '/a' };
const OTHERS = { ETag: ETAG, 'X-Of': '/b', 'Cache-Control': 'max-age=60' };

interface Said {
  readonly status?: number;
  readonly fields: Readonly<Record<string, string>>;
  readonly content?: string;
}

let origin: SimpleOrigin;
let answers: Readonly<Record<string, (conditional: boolean) => Said>>;
let parts: InterceptedParts;
let plain: Dispatcher;
let following: Dispatcher;

beforeEach(async () => {
  origin = await startOrigin(({ url, headers }, response) => {
    const conditional = headers['if-none-match'] !== undefined || headers.range !== undefined;
    const { status = 200, fields, content } = answers[url!]!(conditional);
    response.writeHead(status, fields).end(content);
  });
  parts = createInterceptedParts([serviceAt(origin.url)]);
  plain = new Agent().compose(parts.interceptor);
  following = new Agent().compose(interceptors.redirect({ maxRedirections: 3 }), parts.interceptor);
});
afterEach(async () => {
  await Promise.all([plain.destroy(), following.destroy()]);
  await parts.settle();
  await origin.close();
});

async function ask(agent: Dispatcher, method: Dispatcher.HttpMethod = 'GET', headers = {}) {
  const {
    statusCode,
    headers: fields,
    body,
  } = await agent.request({
    ...{ origin: origin.url, path: '/a', method, headers },
  });
  const content = await body.text();
  await parts.settle();
  return { status: statusCode, content, of: fields['x-of'] };
}

/** From now on the stored response's URL leads to another, whose validator is the same. */
function leadAway(other: (conditional: boolean) => Said): void {
  answers = {
    '/a': () => ({ status: 302, fields: { Location: '/b', 'Cache-Control': 'no-store' } }),
    '/b': other,
  };
}

describe('what a redirect that was followed beneath leads to', () => {
  it('freshens nothing by a 304', async () => {
    answers = { '/a': () => ({ fields: { ...OWN, 'Cache-Control': 'max-age=0' }, content: 'own' }) };
    await ask(plain);
    leadAway((conditional) =>
      conditional ? { status: 304, fields: OTHERS } : { fields: OTHERS, content: 'other' },
    );
    expect(await ask(following)).toEqual({ status: 200, content: 'other', of: '/b' });
    expect(await ask(plain)).toMatchObject({ status: 302 });
  });

  it('freshens nothing by the answer to a HEAD', async () => {
    answers = { '/a': () => ({ fields: { ...OWN, 'Cache-Control': 'max-age=0' }, content: 'own' }) };
    await ask(plain);
    leadAway(() => ({ fields: { ...OTHERS, 'Content-Length': '3' } }));
    expect(await ask(following, 'HEAD')).toEqual({ status: 200, content: '', of: '/b' });
    expect(await ask(plain)).toMatchObject({ status: 302 });
  });

  it('completes no stored part', async () => {
    const part = (range: string) => ({ 'Content-Range': `bytes ${range}/6`, 'Content-Length': '3' });
    const fields = { ...OWN, 'Cache-Control': 'max-age=60', ...part('0-2') };
    answers = { '/a': () => ({ status: 206, fields, content: 'own' }) };
    await ask(plain, 'GET', { Range: 'bytes=0-2' });
    leadAway((conditional) =>
      conditional
        ? { status: 206, fields: { ...OTHERS, ...part('3-5') }, content: 'ers' }
        : { fields: OTHERS, content: 'others' },
    );
    expect(await ask(following)).toEqual({ status: 200, content: 'others', of: '/b' });
    expect(await ask(plain, 'GET', { Range: 'bytes=0-2' })).toEqual({
      status: 206,
      content: 'own',
      of: '/a',
    });
  });

  it('is given in part to who asks for a part', async () => {
    const fields = { ...OTHERS, 'Content-Range': 'bytes 3-5/6', 'Content-Length': '3' };
    leadAway(() => ({ status: 206, fields, content: 'ers' }));
    expect(await ask(following, 'GET', { Range: 'bytes=3-5' })).toEqual({
      ...{ status: 206, content: 'ers', of: '/b' },
    });
    expect(origin.asked).toEqual(['GET /a', 'GET /b']);
  });
});
