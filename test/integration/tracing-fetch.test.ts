import { context, SpanKind, trace } from '@opentelemetry/api';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Cachegate } from '../../src/app/cachegate.ts';
import { createCachegate } from '../../src/app/create-cachegate.ts';
import { createLog } from '../../src/observe/log.ts';
import { openTracing } from '../../src/observe/open-tracing.ts';
import { type NotingServer, startNotingServer } from '../support/gated-site.ts';
import { registerSdk } from '../support/spans.ts';

// Spans of an application's own requests; and that there are none where no SDK is registered.

const log = createLog({ level: 'minimal', destination: { write: () => {} } });

let origin: NotingServer;
let parts: Cachegate;
const start = async () => {
  origin = await startNotingServer((_, response) => {
    response.setHeader('Cache-Control', 'max-age=60').end('body');
  });
  parts = await createCachegate({ services: { api: { origin: origin.url } } }, { env: {}, log });
};
afterEach(async () => {
  await parts.close();
  await origin.close();
});

describe('without an SDK', () => {
  it('nothing is traced, nor told to origins', async () => {
    expect(await openTracing({ version: '1' })).toBeNull();
    await start();
    await (await parts.fetch(`${origin.url}/a`)).text();
    expect(origin.asked[0]!.headers.traceparent).toBeUndefined();
  });
});

describe('with an SDK', () => {
  let sdk: ReturnType<typeof registerSdk>;
  beforeEach(async () => {
    sdk = registerSdk();
    await start();
  });
  afterEach(() => sdk.remove());
  afterAll(async () => {
    // One that has gone is none.
    expect(await openTracing({ version: '1' })).toBeNull();
  });

  it('a fetch has a span below what the application is at, and its exchange one below that', async () => {
    const tracer = trace.getTracer('application');
    const own = tracer.startSpan('work', { kind: SpanKind.INTERNAL });
    await context.with(trace.setSpan(context.active(), own), async () => {
      await (await parts.fetch(`${origin.url}/a?secret=1`)).text();
    });
    own.end();
    const spans = await sdk.spans(3);
    const fetched = spans.find(({ parentId }) => parentId === own.spanContext().spanId)!;
    expect(fetched).toMatchObject({ kind: 'INTERNAL', name: 'GET', failed: false });
    expect(fetched.attributes).toMatchObject({
      'http.request.method': 'GET',
      'http.response.status_code': 200,
      'url.path': '/a',
      'cachegate.service': 'api',
      'cachegate.outcome': 'uri-miss',
    });
    const exchange = spans.find(({ parentId }) => parentId === fetched.id)!;
    expect(exchange).toMatchObject({ kind: 'CLIENT', traceId: own.spanContext().traceId });
    expect(origin.asked[0]!.headers.traceparent).toBe(`00-${exchange.traceId}-${exchange.id}-01`);
    expect(sdk.text()).not.toContain('secret');
  });

  it('a hit has one span alone, and one that fails says of what kind', async () => {
    await (await parts.fetch(`${origin.url}/a`)).text();
    await expect
      .poll(async () => (await parts.fetch(`${origin.url}/a`)).headers.get('cache-status'))
      .toContain('hit');
    sdk.reset();
    await parts.fetch(`${origin.url}/a`);
    const [hit, ...others] = await sdk.spans(1);
    expect(others).toEqual([]);
    expect(hit!.attributes['cachegate.outcome']).toBe('hit');
    await origin.close();
    sdk.reset();
    await expect(parts.fetch(`${origin.url}/b`)).rejects.toThrow(TypeError);
    const [fetched, exchange] = await sdk.spans(2);
    expect(fetched).toMatchObject({ kind: 'INTERNAL', failed: true });
    expect(fetched!.attributes['error.type']).toBe('ERR_ORIGIN_CONNECT');
    expect(exchange!.attributes['error.type']).toBe('ERR_ORIGIN_CONNECT');
    origin = await startNotingServer((_, response) => response.end());
  });

  it('belongs to the trace that the application passes on by hand', async () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    await (await parts.fetch(`${origin.url}/c`, { headers: { traceparent } })).text();
    const [fetched, exchange] = await sdk.spans(2);
    expect(fetched!.parentId).toBe('b7ad6b7169203331');
    expect(exchange!.parentId).toBe(fetched!.id);
    expect(origin.asked[0]!.headers.traceparent).toContain(exchange!.id);
  });
});
