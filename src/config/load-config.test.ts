// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references are written this way in configurations.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Environment } from './environment.ts';
import { ConfigError, formatFault } from './fault.ts';
import { loadConfig } from './load-config.ts';
import type { Overrides } from './overrides.ts';

let cwd: string;
let files = 0;

beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'cachegate-config-'));
});

afterAll(() => rm(cwd, { recursive: true }));

async function load(text: string, env: Environment = {}, overrides: Overrides = {}, extension = 'yaml') {
  files += 1;
  const file = `config-${files}.${extension}`;
  await writeFile(join(cwd, file), text);
  return loadConfig({ file, cwd, env, overrides });
}

async function faultsOf(...options: Parameters<typeof load>): Promise<string[]> {
  const error = await load(...options).then(
    () => new Error('the configuration was accepted'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof ConfigError)) throw error;
  expect(error.code).toBe('ERR_CONFIG_INVALID');
  expect(error.message).toBe(error.faults.map(formatFault).join('\n'));
  return error.faults.map(formatFault);
}

const ORIGIN = 'services: { api: { origin: "https://a.example" } }\n';

function service(lines: string): string {
  const block = lines
    .trim()
    .split('\n')
    .map((line) => `    ${line}`)
    .join('\n');
  return `services:\n  api:\n    origin: https://a.example\n${block}\n`;
}

describe('values from the environment', () => {
  const text = service(`
connections: \${CONNECTIONS:-8}
strip_path: \${STRIP:-false}
request_headers: { Authorization: 'Bearer \${API_KEY}', X-Number: '\${NUMBER:-7}' }
cache: \${CACHE:-off}`);

  it('are read as the type that the schema wants', async () => {
    const { services } = await load(text, { API_KEY: 'k', CONNECTIONS: '32', STRIP: 'true' });
    expect(services.api).toMatchObject({
      connections: 32,
      strip_path: true,
      request_headers: { Authorization: 'Bearer k', 'X-Number': '7' },
      cache: 'off',
    });
  });

  it('give way to the defaults when unset or empty', async () => {
    const { services } = await load(text, { API_KEY: 'k', CONNECTIONS: '' });
    expect(services.api).toMatchObject({ connections: 8, strip_path: false });
  });

  it('are read as their default reads where the schema leaves the type open', async () => {
    await writeFile(join(cwd, 'open.ts'), 'export default { request() {} }');
    const options =
      '{ size: "${SIZE:-5}", on: "${ON:-true}", id: "${ID:-x}", name: "${NAME}", text: "n${SIZE:-5}" }';
    const { services } = await load(service(`transform: { module: ./open.ts, options: ${options} }`), {
      SIZE: '100',
      ON: 'false',
      ID: '42',
      NAME: '7',
    });
    expect(services.api?.transform?.options).toEqual({
      size: 100,
      on: false,
      id: '42',
      name: '7',
      text: 'n100',
    });
  });

  it('name themselves in the fault', async () => {
    const bad = { API_KEY: 'a\nb', CONNECTIONS: 'many', STRIP: 'yes', CACHE: 'on' };
    expect(await faultsOf(text, bad)).toEqual([
      'STRIP (services.api.strip_path): found "yes"; accepted: true or false, default false',
      'API_KEY (services.api.request_headers.Authorization): found a value of 10 characters; ' +
        'accepted: a header field value (no control characters, no spaces around it)',
      expect.stringMatching(
        /^CACHE \(services\.api\.cache\): found "on"; accepted: off, or a mapping of .*, default off$/,
      ),
      'CONNECTIONS (services.api.connections): found "many"; accepted: a whole number from 1 to 65536, default 8',
    ]);
  });

  it('are faults when they are needed and not there', async () => {
    const pair = service('session: { authority: wagtail, url: "https://${HOST}/${BASE}" }');
    expect(await faultsOf(pair, { BASE: '' })).toEqual([
      'HOST (services.api.session.url): not set; accepted: an http or https URL without credentials, query or fragment',
      'BASE (services.api.session.url): set, but empty; ' +
        'accepted: an http or https URL without credentials, query or fragment',
    ]);
  });

  it('are named together when several make one value', async () => {
    const [fault] = await faultsOf('services: { api: { origin: "${SCHEME}://${HOST}" } }', {
      SCHEME: 'ftp',
      HOST: 'h',
    });
    expect(fault).toMatch(/^SCHEME, HOST \(services\.api\.origin\): found "ftp:\/\/h"; /);
  });
});

describe('precedence', () => {
  const text = `store: \${UNSET}\nlogging_level: minimal\n${ORIGIN}`;

  it('of CACHE_URL and LOGGING_LEVEL over the file, whose own text is then not looked at', async () => {
    const config = await load(text, { CACHE_URL: 'redis://env', LOGGING_LEVEL: 'detailed' });
    expect(config).toMatchObject({ store: 'redis://env', logging_level: 'detailed' });
  });

  it('of the command line over both', async () => {
    const overrides = { store: 'none:', listen: ':1', mode: 'rfc', origins: { api: 'http://127.0.0.1:9' } };
    const config = await load(`mode: \${UNSET}\n${text}`, { CACHE_URL: 'redis://env' }, overrides);
    expect(config).toMatchObject({
      store: 'none:',
      listen: { port: 1 },
      mode: 'rfc',
      logging_level: 'minimal',
    });
    expect(config.services.api?.origin).toBe('http://127.0.0.1:9');
  });

  it('of the command line: a number of workers', async () => {
    expect((await load(ORIGIN)).workers).toBe(1);
    const file = `workers: \${WORKERS:-auto}\n${ORIGIN}`;
    expect((await load(file)).workers).toBe('auto');
    expect((await load(file, { WORKERS: '4' })).workers).toBe(4);
    expect((await load(file, {}, { workers: '2' })).workers).toBe(2);
    const accepted = 'accepted: a whole number from 1 to 256, or auto, default 1';
    expect(await faultsOf(ORIGIN, {}, { workers: '0' })).toEqual([
      `--workers (workers): found 0; ${accepted}`,
    ]);
    expect(await faultsOf(ORIGIN, {}, { workers: 'few' })).toEqual([
      `--workers (workers): found "few"; ${accepted}`,
    ]);
  });

  it('does not expand what the environment and the command line say', async () => {
    const config = await load(ORIGIN, { CACHE_URL: 'redis://:a${b@host' });
    expect(config.store).toBe('redis://:a${b@host');
  });

  it('names the option or the variable in a fault', async () => {
    const faults = await faultsOf(
      ORIGIN,
      { CACHE_URL: 'x', LOGGING_LEVEL: 'loud' },
      { listen: 'y', mode: 'fast', origins: { api: 'z' } },
    );
    expect(faults.map((fault) => fault.replace(/;.*/, ''))).toEqual([
      '--listen (listen): found "y"',
      'CACHE_URL (store): found "x"',
      '--mode (mode): found "fast"',
      'LOGGING_LEVEL (logging_level): found "loud"',
      '--origin (services.api.origin): found "z"',
    ]);
  });

  it('knows no service but those in the file', async () => {
    const faults = await faultsOf(ORIGIN, {}, { origins: { other: 'http://127.0.0.1:9' } });
    expect(faults).toEqual(['--origin: found no service "other"; accepted: api']);
  });

  it('needs no file when origins are given', async () => {
    const config = await loadConfig({
      cwd,
      env: {},
      overrides: { origins: { default: 'http://a.example' } },
    });
    expect(Object.keys(config.services)).toEqual(['default']);
  });
});

describe('faults', () => {
  it('are all reported, each once', async () => {
    const text = `
listen: 127.0.0.1:99999
namespace: \${NAMESPACE}
sevices: {}
tls: { cert_file: ./none.pem }
services:
  a: { origin: https://a.example, connections: -0.5, transform: ./none.ts, cache: { force: true } }
  b: { path: /x/, origin: ftp://b.example }
  c: { path: /x, origin: https://c.example, transform: {} }
`;
    expect((await faultsOf(text)).map((fault) => fault.replace(/;.*/, ''))).toEqual([
      'NAMESPACE (namespace): not set',
      'listen: found "127.0.0.1:99999"',
      'tls.key_file: missing',
      'services.a.connections: found -0.5',
      'services.b.origin: found "ftp://b.example"',
      'sevices: unknown key, did you mean services?',
      'services.c.path: found "/x", which services.b has too',
      'services.a.cache.ttl_seconds: missing',
      'services.c.transform: found neither',
      'tls.cert_file: found "./none.pem", which cannot be read: no such file or directory',
      'services.a.transform: found "./none.ts", which cannot be read: no such file or directory',
    ]);
  });

  it('hold no secret', async () => {
    const secret = 'hunter2hunter2\u0007';
    const text = `
hash_key: "hunter2"
store: redis://:hunter2@host/x
services:
  api:
    origin: https://hunter2@a.example
    request_headers: { X-Any: "\${ANY}", "Bad Name": hunter2 }
    session: { authority: http, url: "\${AUTHORITY_TOKEN:-https://hunter2.example}" }
    connections: "\${SIZE:-redis://:hunter2@host}"
    transform: { module: ./none.ts, options: { api_key: "hunter2\${" } }
`;
    const faults = await faultsOf(text, { ANY: secret, AUTHORITY_TOKEN: 'hunter2', SIZE: 'many' });
    expect(faults.length).toBeGreaterThanOrEqual(8);
    expect(faults.join('\n')).not.toContain('hunter2');
  });

  it('between values do not show where one of them is bad by itself', async () => {
    const text = 'services: { a: { origin: "http://a", path: x }, b: { origin: "http://b", path: x } }';
    expect((await faultsOf(text)).map((fault) => fault.replace(/;.*/, ''))).toEqual([
      'services.a.path: found "x"',
      'services.b.path: found "x"',
    ]);
  });

  it('between the methods that a service lets through and those that it caches', async () => {
    const text = (methods: string) =>
      service(`methods: [GET, ${methods}]\ncache: { methods: [POST, QUERY] }`);
    expect(await faultsOf(text('POST'))).toEqual([
      'services.api.cache.methods[1]: found "QUERY", which services.api.methods does not have; ' +
        'accepted: a method that the service lets through',
    ]);
    expect((await load(text('POST, QUERY'))).services.api?.cache).toMatchObject({
      methods: ['POST', 'QUERY'],
    });
    expect((await load(service('cache: { methods: [POST] }'))).services.api?.methods).toBeUndefined();
  });

  it('between a transform and another protocol', async () => {
    await writeFile(join(cwd, 'made.ts'), 'export default { request() {} }');
    const text = (upgrade: string) => service(`transform: ./made.ts\nupgrade: ${upgrade}`);
    expect(await faultsOf(text('[websocket]'))).toEqual([
      'services.api.upgrade: found a list beside transform; accepted: off where there is a transform',
    ]);
    for (const nothing of ['off', '[]']) await expect(load(text(nothing))).resolves.toBeDefined();
  });

  it('stay one line whatever the default of a reference is', async () => {
    const [fault] = await faultsOf(service('connections: "${SIZE:-1\\n2}"'), { SIZE: 'many' });
    expect(fault).toBe(
      'SIZE (services.api.connections): found "many"; accepted: a whole number from 1 to 65536, default 1 2',
    );
  });

  it('stay one line whatever the keys are', async () => {
    const [fault] = await faultsOf(`"a\\nb": 1\n${ORIGIN}`);
    expect(fault).toMatch(/^\["a\\nb"\]: unknown key; accepted: /);
  });

  it('include values that hold themselves', async () => {
    const faults = await faultsOf(`namespace: &a [*a, *a]\n${ORIGIN}`);
    expect(faults).toContain(
      'namespace[0]: found what it stands in; accepted: a value that does not hold itself',
    );
  });
});

describe('a configuration in code', () => {
  it('may have functions, and its text is expanded', async () => {
    const text = `
const origin: string = 'https://\${HOST}';
export default { services: { api: { origin, transform: { request: () => ({ target: '/x' }) } } } };`;
    const { services } = await load(text, { HOST: 'a.example' }, {}, 'ts');
    expect(services.api?.origin).toBe('https://a.example');
    expect(
      services.api?.transform?.request?.({ method: 'GET', path: '/', query: new URLSearchParams() }, {}),
    ).toEqual({
      target: '/x',
    });
  });

  it.each([
    [
      'export const a = 1;',
      'found no default export of a mapping; accepted: export default defineConfig({…})',
    ],
    ['export default 3;', 'found no default export of a mapping; accepted: export default defineConfig({…})'],
    ['throw new Error("a\\nb");', 'cannot be loaded: a b; accepted: a module that loads'],
  ])('%j is refused', async (text, expected) => {
    const [fault] = await faultsOf(text, {}, {}, 'ts');
    expect(fault).toMatch(/^config-\d+\.ts: /);
    expect(fault).toContain(expected);
  });
});

describe('a transform module', () => {
  it('is found beside the file, and keeps its own this', async () => {
    await writeFile(
      join(cwd, 'good.ts'),
      'export default { prefix: "/v0", request({ path }: { path: string }) { return { target: this.prefix + path }; } };',
    );
    const { services } = await load(service('transform: { module: ./good.ts, options: { n: 1 } }'));
    const transform = services.api?.transform;
    expect(transform).toMatchObject({ module: join(cwd, 'good.ts'), options: { n: 1 } });
    expect(transform?.request?.({ method: 'GET', path: '/a', query: new URLSearchParams() }, {})).toEqual({
      target: '/v0/a',
    });
  });

  it.each([
    ['export const request = 1;', 'which has no default export'],
    ['export default () => 1;', 'whose default export is no object'],
    ['export default { other: 1 };', 'whose default export has neither request nor response'],
    ['export default { request() {}, response: 1 };', 'whose response is no function'],
    ['import "./none.js";', 'which cannot be loaded: '],
  ])('%j is refused', async (text, expected) => {
    files += 1;
    await writeFile(join(cwd, `module-${files}.ts`), text);
    const [fault] = await faultsOf(service(`transform: ./module-${files}.ts`));
    expect(fault).toMatch(/^services\.api\.transform: found ".\/module-\d+\.ts", /);
    expect(fault).toContain(expected);
  });

  it('excludes functions beside it', async () => {
    const text = `export default { services: { api: { origin: 'http://a', transform: { module: './good.ts', request() {} } } } }`;
    const faults = await faultsOf(text, {}, {}, 'ts');
    expect(faults).toEqual([
      'services.api.transform: found module beside request; accepted: either module, or request and response functions',
    ]);
  });
});
