// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references are written this way in configurations.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compileConfig } from './compile-config.ts';
import { ConfigError, formatFault } from './fault.ts';

let cwd: string;
let files = 0;

beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'cachegate-compile-'));
  await writeFile(join(cwd, 'code.ts'), 'export default { request() {} }');
});

afterAll(() => rm(cwd, { recursive: true }));

async function compile(text: string, extension = 'yaml') {
  files += 1;
  const file = `gate-${files}.${extension}`;
  await writeFile(join(cwd, file), text);
  return compileConfig({ file, cwd });
}

async function faultsOf(...options: Parameters<typeof compile>): Promise<string[]> {
  const error = await compile(...options).then(
    () => new Error('the configuration was accepted'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof ConfigError)) throw error;
  return error.faults.map(formatFault);
}

const ORIGIN = 'services: { api: { origin: "https://a.example" } }\n';

function service(lines: string): string {
  return `services:\n  api:\n    origin: https://a.example\n${lines.trim().replace(/^/gm, '    ')}\n`;
}

describe('compiling', () => {
  it('asks for no variable, and says of each what its value may be', async () => {
    const { compiled } = await compile(`
hash_key: \${HASH_KEY}
trusted_proxies: [10.0.0.0/8, "\${PROXY}"]
services:
  api:
    origin: https://\${HOST}
    path: \${PREFIX:-/}
    connections: \${CONNECTIONS}
    session: { authority: http, url: "\${AUTHORITY}", cache: "\${CACHE:-true}", valid: ["\${VALID:-204}"] }
    transform: { module: ./code.ts, options: { size: "\${SIZE:-5}", table: "\${TABLE}" } }
`);
    const found = compiled.variables.filter(({ optional }) => !optional);
    expect(found.map(({ accepted: _, ...variable }) => variable)).toEqual([
      { path: ['hash_key'], text: '${HASH_KEY}', kind: 'text', pattern: '^[^]{16,1024}$', secret: true },
      { path: ['trusted_proxies', 1], text: '${PROXY}', kind: 'text', form: 'network', secret: false },
      {
        path: ['services', 'api', 'origin'],
        text: 'https://${HOST}',
        kind: 'text',
        form: 'http-url',
        secret: false,
      },
      {
        path: ['services', 'api', 'path'],
        ...{ text: '${PREFIX:-/}', kind: 'text', form: 'path-prefix', fallback: '/', secret: false },
      },
      {
        path: ['services', 'api', 'connections'],
        ...{ text: '${CONNECTIONS}', kind: 'number', min: 1, max: 65536, fallback: '10000', secret: false },
      },
      {
        path: ['services', 'api', 'session', 'url'],
        text: '${AUTHORITY}',
        kind: 'text',
        form: 'http-url',
        secret: false,
      },
      {
        path: ['services', 'api', 'session', 'cache'],
        ...{ text: '${CACHE:-true}', kind: 'boolean', fallback: 'true', secret: false },
      },
      {
        path: ['services', 'api', 'session', 'valid', 0],
        ...{ text: '${VALID:-204}', kind: 'number', min: 100, max: 599, form: 'statuses', secret: false },
      },
      {
        path: ['services', 'api', 'transform', 'options', 'size'],
        text: '${SIZE:-5}',
        kind: 'number',
        secret: false,
      },
      {
        path: ['services', 'api', 'transform', 'options', 'table'],
        text: '${TABLE}',
        kind: 'text',
        secret: false,
      },
    ]);
    expect(compiled.config).toMatchObject({ trusted_proxies: ['10.0.0.0/8', null] });
    expect(compiled.config.services.api).not.toHaveProperty('origin');
  });

  it('has the variables that are set over any configuration, and those of sessions where there are some', async () => {
    const optional = async (text: string) =>
      (await compile(text)).compiled.variables.filter((each) => each.optional).map(({ text: name }) => name);
    expect(await optional(ORIGIN)).toEqual([
      ...['${REDIS_URL}', '${CACHE_URL}', '${LOGGING_LEVEL}', '${STATISTICS_ENABLED}', '${LOG_CACHE_HITS}'],
      ...['${LOG_CACHE_MISSES}', '${LOG_TTL_INFO}', '${LOG_TIMING_METRICS}', '${AGGREGATE_LOG_INTERVAL}'],
      ...['${STATISTICS_SAMPLE_SIZE}', '${STATISTICS_STORAGE}'],
    ]);
    expect(await optional(`${ORIGIN}sessions: {}`)).toEqual(expect.arrayContaining(['${SESSION_SECRET}']));
  });

  it("leaves out what is a server's, whatever it says", async () => {
    const { compiled } = await compile(`
listen: \${LISTEN}
admin_listen: 0.0.0.0:9180
admin_token: \${ADMIN_TOKEN}
tls: { cert_file: /nowhere/cert.pem, key_file: "\${KEY_FILE}" }
store_tls: { ca_file: /nowhere/ca.pem }
workers: auto
warm: { template: "/a/{id}", request_headers: { Authorization: Bearer abc } }
services: { api: { origin: "https://a.example", upgrade: [websocket] } }
`);
    const { compiled: plain } = await compile(ORIGIN);
    expect(compiled).toEqual(plain);
  });

  it.each([
    ['a bad value', `${ORIGIN}mode: fast`, 'mode: found "fast"; accepted: safe or rfc, default safe'],
    [
      'a bad default',
      service('connections: ${N:-0}'),
      'N (services.api.connections): found 0; accepted: a whole number from 1 to 65536, default 10000',
    ],
    [
      'values that do not go together',
      service('cache: { force: true }'),
      'services.api.cache.ttl_seconds: missing; accepted: a whole number of seconds, needed because force is true',
    ],
    [
      'a module that is not there',
      service('transform: ./nowhere.ts'),
      expect.stringMatching(/^services\.api\.transform: found "\.\/nowhere\.ts", which cannot be read: /),
    ],
    [
      'half a reference',
      service('path: ${PREFIX'),
      'services.api.path: found "${PREFIX"; accepted: ${NAME}, ${NAME:-default}, or $${ for a plain ${',
    ],
  ])('finds %s as check does', async (_, text, fault) => {
    expect(await faultsOf(text)).toEqual([fault]);
  });

  it('leaves to the start what only a value of a variable decides', async () => {
    const { compiled } = await compile(`
services:
  a: { origin: "https://a.example", path: "\${A}", cache: { force: "\${FORCE}" } }
  b: { origin: "https://a.example", path: /b }
sessions: { absolute_ttl_seconds: "\${TTL}" }
`);
    expect(compiled.variables.filter(({ optional }) => !optional)).toHaveLength(3);
  });

  const STORES = 'kv-rest:, memory: or none:, which are the stores that a function can use';

  it.each(['redis://h', 'lmdb:./cache', '${CACHE_URL:-redis://h}', 'valkey://${HOST}'])(
    'refuses the store %s',
    async (store) => {
      const [fault, ...others] = await faultsOf(`${ORIGIN}store: "${store}"`);
      expect(others).toEqual([]);
      expect(fault).toMatch(/^(?:\w+ \()?store\)?: found /);
      expect(fault).toContain(`accepted: ${STORES}; or nothing here, and a server's is named by CACHE_URL`);
    },
  );

  it('takes a store that a variable names', async () => {
    const { compiled } = await compile(`${ORIGIN}store: "\${STORE:-kv-rest:}"`);
    expect(compiled.variables[0]).toMatchObject({ path: ['store'], form: 'function-store' });
  });

  it.each([
    ['transform: ${MODULE:-./code.ts}', 'MODULE (services.api.transform)'],
    ['session: { authority: "${BY:-wagtail}", url: "https://h" }', 'BY (services.api.session.authority)'],
    ['session: { authority: http, url: "https://h", bearer: "${B}" }', 'B (services.api.session.bearer)'],
    [
      'session: { authority: http, url: "https://h", forward: { headers: ["${F}"] } }',
      'F (services.api.session.forward.headers[0])',
    ],
  ])('refuses a variable where nothing can check it: %s', async (line, place) => {
    expect(await faultsOf(service(line))).toEqual([
      `${place}: found a variable, which can be checked here only where the file itself is read; accepted: the value itself`,
    ]);
  });

  it.each([
    ['hash_key: a-key-of-16-characters', 'hash_key: found a value of 22 characters'],
    ['hash_key: "${KEY:-a-key-of-16-characters}"', 'hash_key: found a default of a secret'],
    ['purge: { token: a-token-of-16-characters }', 'purge.token: found a value of 24 characters'],
    [
      service('request_headers: { X-Plain: a, Authorization: Bearer abc }'),
      'services.api.request_headers.Authorization: found a value of 10 characters',
    ],
    [
      service('transform: { module: ./code.ts, options: { api_key: abcdefghijklmnop, sort_key: id } }'),
      'services.api.transform.options.api_key: found a value of 16 characters',
    ],
    [
      service('request_headers: { Cookie: sid=abc }'),
      'services.api.request_headers.Cookie: found a value of 7 characters',
    ],
    [
      service('request_headers: { X-Plain: "${API_TOKEN:-abc}" }'),
      'services.api.request_headers.X-Plain: found a default of a secret',
    ],
    [
      service('transform: { module: ./code.ts, options: { pat: "${API_TOKEN:-abcdefghijklmnop}" } }'),
      'services.api.transform.options.pat: found a default of a secret',
    ],
  ])('refuses a secret that is written down: %s', async (text, found) => {
    const whole = text.startsWith('services') ? text : `${ORIGIN}${text}`;
    expect(await faultsOf(whole)).toEqual([
      `${found}; accepted: a variable such as \${NAME}, since what is built holds no secret`,
    ]);
  });

  it('takes the address of where secrets are had for none', async () => {
    const options =
      'options: { token_url: "https://idp.example/token", key: "${KEY_URL:-https://idp.example/keys}" }';
    const { compiled } = await compile(service(`transform: { module: ./code.ts, ${options} }`));
    expect(compiled.variables[0]).toMatchObject({ text: '${KEY_URL:-https://idp.example/keys}' });
  });

  it('takes a configuration in code for what it says without the environment', async () => {
    process.env.CACHEGATE_TEST_ORIGIN = 'https://of-this-environment.example';
    const text = `import { env } from 'node:process';
      export default { services: { api: { origin: env.CACHEGATE_TEST_ORIGIN ?? process.env.CACHEGATE_TEST_ORIGIN } } }`;
    expect(await faultsOf(text, 'ts')).toEqual([expect.stringMatching(/^services\.api\.origin: missing; /)]);
    expect(process.env.CACHEGATE_TEST_ORIGIN).toBe('https://of-this-environment.example');
    delete process.env.CACHEGATE_TEST_ORIGIN;
    const { compiled } = await compile("export default { services: { api: { origin: '${HOST}' } } }", 'mjs');
    expect(compiled.variables[0]).toMatchObject({ text: '${HOST}' });
  });

  it('can not write functions down', async () => {
    const text = "export default { services: { api: { origin: 'https://h', transform: { request() {} } } } }";
    expect(await faultsOf(text, 'ts')).toEqual([
      'services.api.transform.request: found a function; accepted: transform: { module: FILE }, a file whose default export has it',
    ]);
  });

  it('can not write down what is no plain data', async () => {
    const options =
      '{ pick: (found) => found, at: [new Date(0)], many: 10n, all: new Map(), rate: NaN, none: undefined }';
    const transform = `transform: { module: './code.ts', options: ${options} }`;
    const text = `export default { services: { api: { origin: 'https://h', ${transform} } } }`;
    const at = 'services.api.transform.options';
    const accepted = 'accepted: text, numbers, true, false, null, and lists and mappings of them';
    expect(await faultsOf(text, 'ts')).toEqual([
      `${at}.pick: found a function; ${accepted}`,
      `${at}.at[0]: found a Date; ${accepted}`,
      `${at}.many: found a bigint; ${accepted}`,
      `${at}.all: found a Map; ${accepted}`,
    ]);
  });
});
