import { describe, expect, it, vi } from 'vitest';
import { COMPILED_FORMAT, type CompiledConfig } from '../compiled/compiled-config.ts';
import { type ConfigInput, configSchema } from '../config/schema.ts';
import { createGateOn, type GateOptions } from './create-gate.ts';
import { createPlainLog } from './plain-log.ts';
import { readPlatformContext } from './request-context.ts';

// Nothing listens there, and nothing is asked: the service's transform answers.
const SERVICES = { api: { origin: 'http://127.0.0.1:9', path: '/api' } };

function gateOf(input: Partial<ConfigInput> = {}, options: GateOptions = {}) {
  const lines: string[] = [];
  const compiled: CompiledConfig = {
    format: COMPILED_FORMAT,
    config: configSchema.parse({ services: SERVICES, ...input }),
    variables: [],
    transforms: {
      api: { request: ({ path }) => ({ status: 400 + path.length, error: 'of the transform' }) },
    },
  };
  const log = createPlainLog({ level: 'detailed', write: (line) => lines.push(JSON.parse(line).msg) });
  const gate = createGateOn(compiled, { env: {}, log, ...options }, readPlatformContext);
  return { ...gate, lines };
}

const requestOf = (path = '/api/a') => new Request(`https://gate.test${path}`);

describe('a gate', () => {
  it('is opened by its first request, once for all that come meanwhile', async () => {
    const { fetch, lines } = gateOf({ store: 'none:' });
    expect(lines).toEqual([]);
    const answers = await Promise.all([1, 2, 3].map(() => fetch(requestOf())));
    expect(answers.map(({ status }) => status)).toEqual([402, 402, 402]);
    expect(lines).toEqual([expect.stringMatching(/^No store is configured/)]);
  });

  it('says that it has but its own memory', async () => {
    const { fetch, lines } = gateOf();
    await fetch(requestOf());
    expect(lines).toEqual(['Connected to the store at memory:']);
  });

  it('has a handler for each method', async () => {
    const { handlers } = gateOf();
    expect(Object.keys(handlers)).toEqual(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);
    const { GET } = handlers;
    expect((await GET(requestOf(), { params: Promise.resolve({}) })).status).toBe(402);
  });

  it('gives nothing to the platform where nothing follows', async () => {
    const works: unknown[] = [];
    const { fetch } = gateOf({}, { waitUntil: (work) => works.push(work) });
    await fetch(requestOf());
    expect(works).toEqual([]);
  });

  it("asks for applications' own sessions", async () => {
    const { fetch, close } = gateOf({
      sessions: { secrets: ['0123456789abcdef0123456789abcdef'] },
      services: { api: { ...SERVICES.api, session: { authority: 'own' } } },
    });
    expect((await fetch(requestOf())).status).toBe(401);
    await close();
  });

  it('refuses what comes after its end', async () => {
    const gate = gateOf();
    await gate.fetch(requestOf());
    await gate.close();
    await gate.close();
    expect((await gate.fetch(requestOf())).status).toBe(500);
    const unopened = gateOf();
    await unopened.close();
    expect((await unopened.fetch(requestOf())).status).toBe(500);
  });
});

describe('a gate that can not be opened', () => {
  it('says why once, and to whoever asks whether it is ready', async () => {
    const { fetch, ready, lines } = gateOf({ store: 'redis://:p4ss@store.test' });
    for (const _ of [1, 2]) {
      const answer = await fetch(requestOf());
      expect([answer.status, await answer.json()]).toEqual([500, { error: 'Internal server error' }]);
      expect(answer.headers.get('cache-control')).toBe('no-store');
    }
    expect(lines).toEqual([
      expect.stringMatching(/^store: found another store; accepted: kv-rest:, memory:/),
    ]);
    await expect(ready()).rejects.toMatchObject({ code: 'ERR_CONFIG_INVALID', message: lines[0] });
  });

  it('takes no invalid options, and names each', async () => {
    const options = { waitUntil: 'work', env: null } as unknown as GateOptions;
    const { fetch, ready, lines } = gateOf({}, options);
    expect((await fetch(requestOf())).status).toBe(500);
    expect(lines).toEqual([
      'waitUntil: found a string; accepted: a function that takes a promise, or null',
      'env: found null; accepted: an object of variables',
    ]);
    await expect(ready()).rejects.toMatchObject({ code: 'ERR_CONFIG_INVALID', message: lines.join('\n') });
  });

  it('writes to no log that is none', async () => {
    const { fetch, ready } = gateOf({}, { log: console } as unknown as GateOptions);
    const written: string[] = [];
    const spy = vi
      .spyOn(process.stdout, 'write')
      .mockImplementation((line) => written.push(String(line)) > 0);
    try {
      expect((await fetch(requestOf())).status).toBe(500);
    } finally {
      spy.mockRestore();
    }
    const message =
      'log: found what is none; accepted: a pino logger, or what has its debug, info, warn, error and child';
    expect(written.map((line) => JSON.parse(line).msg)).toEqual([message]);
    await expect(ready()).rejects.toMatchObject({ code: 'ERR_CONFIG_INVALID', message });
  });

  it('takes no configuration of another format', async () => {
    const config = { format: 2 } as unknown as CompiledConfig;
    const gate = createGateOn(
      config,
      { env: {}, log: createPlainLog({ level: 'minimal', write() {} }) },
      () => {
        throw new Error('not asked');
      },
    );
    await expect(gate.ready()).rejects.toMatchObject({ code: 'ERR_CONFIG_INVALID' });
  });

  it('lacks the variables of its store', async () => {
    const { ready } = gateOf({ store: 'kv-rest:' });
    await expect(ready()).rejects.toMatchObject({
      code: 'ERR_CONFIG_INVALID',
      message: expect.stringContaining('KV_REST_API_URL'),
    });
  });
});

describe('a platform whose context fails', () => {
  it('gets an answer, and the log says it', async () => {
    const lines: string[] = [];
    const config = configSchema.parse({ services: SERVICES });
    const compiled = { format: COMPILED_FORMAT, config, variables: [], transforms: {} } as const;
    const log = createPlainLog({ level: 'minimal', write: (line) => lines.push(JSON.parse(line).msg) });
    const gate = createGateOn(compiled, { env: {}, log }, () => {
      throw new Error('no context');
    });
    expect((await gate.fetch(requestOf())).status).toBe(500);
    expect(lines).toEqual(['An answer could not be sent']);
  });
});
