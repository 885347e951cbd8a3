// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references are written this way in configurations.
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const MAIN = resolve(import.meta.dirname, '../../dist/cli/main.js');
const AT_ONCE = 3;
const DEADLINE_MS = 15_000;

/** A setting that is bad, run by the built command in a folder of its own, and all that it may say. */
interface BadSetting {
  readonly name: string;
  /** Written as `cachegate.yaml`. */
  readonly config?: string;
  readonly files?: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** What stands after `cachegate: `. */
  readonly line: string;
}

const HTTP_URL = 'an http or https URL without credentials, query or fragment';
const LISTEN = 'HOST:PORT, [IPv6]:PORT, :PORT or unix:/path';
const WEB_ORIGIN =
  'a web origin: scheme://host[:port] in lower case, * for any host (not of http or https) or any port';
const STORE =
  'none:, memory:, lmdb:<path>, kv-rest:, redis|rediss|valkey|valkeys://[user:password@]host[:port][/database], ' +
  'or with +sentinel or +cluster after the scheme [user:password@]host[:port],host[:port]… ' +
  '(Sentinel: then /<master>[/database])';
const TRANSFORM = 'a module whose default export has request and response functions, or one of them';
const PROTOCOL = 'a protocol in lower case such as websocket, not one that carries HTTP (h2c, http/…, tls/…)';
const PATH = 'a path that begins with / (no query, no empty or dot segments)';

/** A server whose only service is fine. */
const server = (lines: string) => `${lines}\nservices: { api: { origin: "https://a.example" } }\n`;
/** A service that is fine but for these settings. */
const service = (settings: string) => `services: { api: { origin: "https://a.example", ${settings} } }\n`;
/** The gate of the Wagtail and Airtable example, set by its environment. */
const GATE = service(`
  request_headers: { Authorization: "Bearer \${AIRTABLE_API_KEY}" },
  session: {
    authority: wagtail, url: "\${WAGTAIL_API_URL}", timeout_ms: "\${WAGTAIL_VALIDATION_TIMEOUT:-5000}",
    cache: "\${SESSION_CACHE_ENABLED:-true}", cache_ttl_seconds: "\${SESSION_CACHE_TTL:-300}"
  }`);
const GATE_ENV = { AIRTABLE_API_KEY: 'patABC.123', WAGTAIL_API_URL: 'https://cms.example/api' };

const missing: BadSetting[] = [
  {
    name: 'no services',
    config: 'listen: :8080\n',
    line: 'services: missing; accepted: a mapping of at least one service by its name',
  },
  {
    name: 'services that are empty',
    config: 'services: {}\n',
    line: 'services: found a mapping; accepted: a mapping of at least one service by its name',
  },
  {
    name: 'a service without an origin',
    config: 'services: { api: { path: /api } }\n',
    line: `services.api.origin: missing; accepted: ${HTTP_URL}`,
  },
  {
    name: 'a certificate without its key',
    config: server('tls: { cert_file: ./cert.pem }'),
    files: { 'cert.pem': 'x' },
    line: 'tls.key_file: missing; accepted: the path of a readable file',
  },
  {
    name: 'forced caching without a TTL',
    config: service('cache: { force: true }'),
    line: 'services.api.cache.ttl_seconds: missing; accepted: a whole number of seconds, needed because force is true',
  },
  {
    name: 'a variable that is not set',
    config: GATE,
    env: { AIRTABLE_API_KEY: 'patABC.123' },
    line: `WAGTAIL_API_URL (services.api.session.url): not set; accepted: ${HTTP_URL}`,
  },
  {
    name: 'a variable that is empty',
    config: GATE,
    env: { ...GATE_ENV, AIRTABLE_API_KEY: '' },
    line:
      'AIRTABLE_API_KEY (services.api.request_headers.Authorization): set, but empty; ' +
      'accepted: a header field value (no control characters, no spaces around it)',
  },
];

const wrongType: BadSetting[] = [
  {
    name: 'text for a number',
    config: service('connections: many'),
    line: 'services.api.connections: found "many"; accepted: a whole number from 1 to 65536, default 10000',
  },
  {
    name: 'a fraction for a whole number',
    config: server('store_timeout_ms: 99.5'),
    line: 'store_timeout_ms: found 99.5; accepted: a whole number of milliseconds from 10 to 10000, default 250',
  },
  {
    name: 'text for a switch',
    config: service('strip_path: yes'),
    line: 'services.api.strip_path: found "yes"; accepted: true or false, default true',
  },
  {
    name: 'a list for a mapping',
    config: service('timeouts: [5000]'),
    line: 'services.api.timeouts: found a list; accepted: a mapping of connect_ms, headers_ms, body_ms, stall_ms, collapse_ms',
  },
  {
    name: 'a word that is none of the choices',
    config: server('logging_level: verbose'),
    line: 'logging_level: found "verbose"; accepted: detailed, aggregate or minimal, default aggregate',
  },
  {
    name: 'a mode that is none',
    config: server('mode: strict'),
    line: 'mode: found "strict"; accepted: safe or rfc, default safe',
  },
  {
    name: 'a word for a list of fields',
    config: service('cache: { targeted_headers: CDN-Cache-Control }'),
    line: 'services.api.cache.targeted_headers: found "CDN-Cache-Control"; accepted: a list of header field names',
  },
  {
    name: 'a word for the key’s block',
    config: service('cache: { key: sorted }'),
    line:
      'services.api.cache.key: found "sorted"; ' +
      'accepted: a mapping of sort_query, ignore_query, lower_case_path',
  },
  {
    name: 'a word for a list of protocols',
    config: service('upgrade: websocket'),
    line: 'services.api.upgrade: found "websocket"; accepted: off, or a list of protocols such as websocket, default off',
  },
  {
    name: 'neither off nor a block',
    config: service('rate_limit: { session: "on" }'),
    line: 'services.api.rate_limit.session: found "on"; accepted: off, or a mapping of limit and window_seconds',
  },
  {
    name: 'a variable that is no number',
    config: GATE,
    env: { ...GATE_ENV, SESSION_CACHE_TTL: 'abc' },
    line:
      'SESSION_CACHE_TTL (services.api.session.cache_ttl_seconds): found "abc"; ' +
      'accepted: a whole number of seconds from 1 to 86400, default 300',
  },
  {
    name: 'a variable that is no switch',
    config: GATE,
    env: { ...GATE_ENV, SESSION_CACHE_ENABLED: 'yes' },
    line: 'SESSION_CACHE_ENABLED (services.api.session.cache): found "yes"; accepted: true or false, default true',
  },
];

const outOfRange: BadSetting[] = [
  ...[0, 86_401].map((ttl) => ({
    name: `SESSION_CACHE_TTL=${ttl}`,
    config: GATE,
    env: { ...GATE_ENV, SESSION_CACHE_TTL: String(ttl) },
    line:
      `SESSION_CACHE_TTL (services.api.session.cache_ttl_seconds): found ${ttl}; ` +
      'accepted: a whole number of seconds from 1 to 86400, default 300',
  })),
  ...[99, 60_001].map((timeout) => ({
    name: `WAGTAIL_VALIDATION_TIMEOUT=${timeout}`,
    config: GATE,
    env: { ...GATE_ENV, WAGTAIL_VALIDATION_TIMEOUT: String(timeout) },
    line:
      `WAGTAIL_VALIDATION_TIMEOUT (services.api.session.timeout_ms): found ${timeout}; ` +
      'accepted: a whole number of milliseconds from 100 to 60000, default 5000',
  })),
  ...[9, 10_001].map((timeout) => ({
    name: `store_timeout_ms: ${timeout}`,
    config: server(`store_timeout_ms: ${timeout}`),
    line: `store_timeout_ms: found ${timeout}; accepted: a whole number of milliseconds from 10 to 10000, default 250`,
  })),
  ...[0, 65_537].map((limit) => ({
    name: `memory_limit_mib: ${limit}`,
    config: server(`memory_limit_mib: ${limit}`),
    line: `memory_limit_mib: found ${limit}; accepted: a whole number of MiB from 1 to 65536, default 256`,
  })),
  ...[-1, 31_536_001].map((ttl) => ({
    name: `ttl_seconds: ${ttl}`,
    config: service(`cache: { ttl_seconds: ${ttl} }`),
    line: `services.api.cache.ttl_seconds: found ${ttl}; accepted: a whole number of seconds from 0 to 31536000`,
  })),
  {
    name: 'more content in a key than is held',
    config: service('cache: { max_key_body_bytes: 1048577 }'),
    line:
      'services.api.cache.max_key_body_bytes: found 1048577; ' +
      'accepted: a whole number of bytes from 1 to 1048576, default 65536',
  },
  {
    name: 'a negative time without the origin',
    config: service('cache: { stale_if_disconnected_seconds: -1 }'),
    line:
      'services.api.cache.stale_if_disconnected_seconds: found -1; ' +
      'accepted: a whole number of seconds from 0 to 31536000, default 60',
  },
  {
    name: 'more than a day for Retry-After',
    config: service('cache: { retry_after_limit_seconds: 86401 }'),
    line:
      'services.api.cache.retry_after_limit_seconds: found 86401; ' +
      'accepted: a whole number of seconds from 0 to 86400, default 300',
  },
  {
    name: 'no time for a client to read',
    config: service('timeouts: { stall_ms: 0 }'),
    line:
      'services.api.timeouts.stall_ms: found 0; ' +
      'accepted: a whole number of milliseconds from 1 to 600000, default 30000',
  },
  {
    name: 'more connections than ports',
    config: service('connections: 65537'),
    line: 'services.api.connections: found 65537; accepted: a whole number from 1 to 65536, default 10000',
  },
  {
    name: 'a token of a purge that is too short',
    config: server('purge: { token: hunter2 }'),
    line:
      'purge.token: found a value of 7 characters; accepted: a secret of 16 to 1024 characters ' +
      'of A-Z, a-z, 0-9, -, ., _, ~, + and /, with = at its end only',
  },
  {
    name: 'a hash key that is too short',
    config: server('hash_key: hunter2'),
    line: 'hash_key: found a value of 7 characters; accepted: a secret of 16 to 1024 characters',
  },
];

const wrongForm: BadSetting[] = [
  {
    name: 'an origin that is no web address',
    config: 'services: { api: { origin: "ftp://a.example" } }\n',
    line: `services.api.origin: found "ftp://a.example"; accepted: ${HTTP_URL}`,
  },
  {
    name: 'credentials in an origin',
    config: 'services: { api: { origin: "https://user:hunter2@a.example" } }\n',
    line: `services.api.origin: found a value of 30 characters; accepted: ${HTTP_URL}`,
  },
  {
    name: 'a port out of range',
    config: server('listen: 127.0.0.1:65536'),
    line: `listen: found "127.0.0.1:65536"; accepted: ${LISTEN}, default 127.0.0.1:8080`,
  },
  {
    name: 'an address without a port',
    config: server('admin_listen: localhost'),
    line: `admin_listen: found "localhost"; accepted: off, or ${LISTEN}, default 127.0.0.1:9180`,
  },
  {
    name: 'a CIDR with too many bits',
    config: server('trusted_proxies: [10.0.0.0/8, 10.0.0.0/33]'),
    line: 'trusted_proxies[1]: found "10.0.0.0/33"; accepted: an IP address or a CIDR such as 10.0.0.0/8',
  },
  {
    name: 'a store of an unknown kind',
    config: server('store: mongodb://localhost'),
    line: `store: found "mongodb://localhost"; accepted: ${STORE}, default memory:`,
  },
  {
    name: 'a namespace with a colon',
    config: server('namespace: "a:b"'),
    line: 'namespace: found "a:b"; accepted: at most 64 characters of A-Z, a-z, 0-9, _, . and -, default empty',
  },
  {
    name: 'a prefix without its slash',
    config: service('path: api'),
    line: `services.api.path: found "api"; accepted: ${PATH}, default /`,
  },
  {
    name: 'a method that is never let through',
    config: service('methods: [GET, TRACE]'),
    line:
      'services.api.methods[1]: found "TRACE"; ' +
      'accepted: an HTTP method in capitals other than TRACE and CONNECT',
  },
  {
    name: 'any host of the web',
    config: service('cors: { origins: ["https://*"] }'),
    line: `services.api.cors.origins[0]: found "https://*"; accepted: ${WEB_ORIGIN}`,
  },
  {
    name: 'a field of the connection',
    config: service('response_headers: { Connection: close }'),
    line:
      'services.api.response_headers.Connection: found the name "Connection"; accepted: a header field name, ' +
      'not one of the connection (Connection, Content-Length, Transfer-Encoding, …)',
  },
  {
    name: 'a status code that is no error',
    config: service('cache: { negative_ttl_seconds: { 200: 60 } }'),
    line: 'services.api.cache.negative_ttl_seconds.200: found the name "200"; accepted: a status code from 400 to 599',
  },
  {
    name: 'a targeted field with a space in its name',
    config: service('cache: { targeted_headers: [CDN-Cache-Control, "CDN Cache"] }'),
    line: 'services.api.cache.targeted_headers[1]: found "CDN Cache"; accepted: a header field name',
  },
  {
    name: 'a method that is never cached',
    config: service('cache: { methods: [PUT] }'),
    line: 'services.api.cache.methods[0]: found "PUT"; accepted: POST or QUERY',
  },
  {
    name: 'a cached method that is not let through',
    config: service('methods: [GET], cache: { methods: [POST] }'),
    line:
      'services.api.cache.methods[0]: found "POST", which services.api.methods does not have; ' +
      'accepted: a method that the service lets through',
  },
  {
    name: 'a star within the name of a parameter',
    config: service('cache: { key: { ignore_query: ["utm_*", "*_id"] } }'),
    line:
      'services.api.cache.key.ignore_query[1]: found "*_id"; ' +
      'accepted: the name of a query parameter, with * for any rest only at its end',
  },
  {
    name: 'a protocol in capitals',
    config: service('upgrade: [WebSocket]'),
    line: `services.api.upgrade[0]: found "WebSocket"; accepted: ${PROTOCOL}`,
  },
  {
    name: 'a protocol that leads past the gate',
    config: service('upgrade: [websocket, h2c]'),
    line: `services.api.upgrade[1]: found "h2c"; accepted: ${PROTOCOL}`,
  },
  {
    name: 'another protocol beside a transform',
    config: service('upgrade: [websocket], transform: ./plain.ts'),
    files: { 'plain.ts': 'export default { request() {} };' },
    line: 'services.api.upgrade: found a list beside transform; accepted: off where there is a transform',
  },
  {
    name: 'a service name in capitals',
    config: 'services: { API: { origin: "https://a.example" } }\n',
    line:
      'services.API: found the name "API"; ' +
      'accepted: a name of a-z, 0-9, _ and -, 63 characters at most, a letter first, and not values',
  },
  {
    name: 'a reference that is not closed',
    config: server('namespace: "${NAME"'),
    line: 'namespace: found "${NAME"; accepted: ${NAME}, ${NAME:-default}, or $${ for a plain ${',
  },
  {
    name: 'an unknown key',
    config: service('orgin: x'),
    line:
      'services.api.orgin: unknown key, did you mean origin?; accepted: path, strip_path, origin, methods, ' +
      'request_headers, response_headers, cors, session, rate_limit, cache, forward, timeouts, origin_limit, connections, ' +
      'upgrade, transform',
  },
  {
    name: 'an unknown key of the cache key',
    config: service('cache: { key: { sortquery: true } }'),
    line:
      'services.api.cache.key.sortquery: unknown key, did you mean sort_query?; ' +
      'accepted: sort_query, ignore_query, lower_case_path',
  },
  {
    name: 'an unknown key that is like no other',
    config: service('forward: { trailers: true }'),
    line: 'services.api.forward.trailers: unknown key; accepted: headers, cookies, authorization',
  },
  {
    name: 'a purge of nobody',
    config: server('purge: { addresses: [] }'),
    line: 'purge: found neither an address nor a token; accepted: off, or a mapping of addresses, token or both',
  },
  {
    name: 'two services with one prefix',
    config:
      'services: { a: { path: /x, origin: "https://a.example" }, b: { path: /x/, origin: "https://b.example" } }\n',
    line:
      'services.b.path: found "/x/", which services.a has too; ' +
      'accepted: a path that no other service has, default /',
  },
];

const files: BadSetting[] = [
  {
    name: 'a file that is not there',
    args: ['check', 'none.yaml'],
    line: 'none.yaml: cannot be read: no such file or directory; accepted: a readable configuration file',
  },
  {
    name: 'a folder for a file',
    args: ['check', 'folder.yaml'],
    files: { 'folder.yaml/x': '' },
    line: 'folder.yaml: cannot be read: illegal operation on a directory; accepted: a readable configuration file',
  },
  {
    name: 'a file of an unknown kind',
    args: ['check', 'gate.toml'],
    files: { 'gate.toml': '' },
    line: 'gate.toml: found the extension ".toml"; accepted: .yaml, .yml, .json, .ts, .mts, .js, .mjs',
  },
  {
    name: 'YAML that does not parse',
    config: 'services:\n  api: origin: x\n',
    line: 'cachegate.yaml:2:8: Nested mappings are not allowed in compact mappings; accepted: YAML 1.2 or JSON',
  },
  {
    name: 'a key that is there twice',
    config: 'listen: :80\nlisten: :81\n',
    line: 'cachegate.yaml:2:1: found the key "listen" again; accepted: each key once in a mapping',
  },
  {
    name: 'a file without a mapping',
    config: '- a\n',
    line: 'cachegate.yaml: found no mapping; accepted: a mapping with at least services',
  },
  {
    name: 'code without a default export',
    args: ['check', 'gate.ts'],
    files: { 'gate.ts': 'export const config = {};' },
    line: 'gate.ts: found no default export of a mapping; accepted: export default defineConfig({…})',
  },
  {
    name: 'a certificate that is not there',
    config: server('tls: { cert_file: ./none.pem, key_file: ./key.pem }'),
    files: { 'key.pem': 'x' },
    line:
      'tls.cert_file: found "./none.pem", which cannot be read: no such file or directory; ' +
      'accepted: a readable file',
  },
  {
    name: 'a transform that is not there',
    config: service('transform: ./none.ts'),
    line:
      'services.api.transform: found "./none.ts", which cannot be read: no such file or directory; ' +
      'accepted: a readable file',
  },
  {
    name: 'a transform without exports',
    config: service('transform: { module: ./empty.ts }'),
    files: { 'empty.ts': 'const unused = 1;' },
    line: `services.api.transform.module: found "./empty.ts", which has no default export; accepted: ${TRANSFORM}`,
  },
  {
    name: 'a transform that throws',
    config: service('transform: ./broken.ts'),
    files: { 'broken.ts': 'throw new Error("no\\nluck");' },
    line: `services.api.transform: found "./broken.ts", which cannot be loaded: no luck; accepted: ${TRANSFORM}`,
  },
];

const usage: BadSetting[] = [
  {
    name: 'serve with nothing to serve',
    args: ['serve'],
    line:
      'serve: found nothing to serve; accepted: --origin URL, --config FILE, or one of cachegate.yaml, ' +
      'cachegate.yml, cachegate.json, cachegate.ts, cachegate.mts, cachegate.js, cachegate.mjs here',
  },
  {
    name: 'serve with a bad --origin',
    args: ['serve', '--origin', 'a.example'],
    line: `--origin (services.default.origin): found "a.example"; accepted: ${HTTP_URL}`,
  },
  {
    name: 'serve with two origins and no file',
    args: ['serve', '--origin', 'http://a.example', '--origin', 'http://b.example'],
    line: '--origin: given more than once; accepted: one URL without --config',
  },
  {
    name: 'serve with a file and an --origin without a name',
    args: ['serve', '--config', 'cachegate.yaml', '--origin', 'http://a.example'],
    config: service(''),
    line: '--origin: found "http://a.example"; accepted: NAME=URL with --config',
  },
  {
    name: 'serve with an --origin of a service that is not there',
    args: ['serve', '--config', 'cachegate.yaml', '--origin', 'other=http://a.example'],
    config: service(''),
    line: '--origin: found no service "other"; accepted: api',
  },
  {
    name: 'serve with a bad --listen',
    args: ['serve', '--origin', 'http://a.example', '--listen', '8080'],
    line: `--listen (listen): found "8080"; accepted: ${LISTEN}, default 127.0.0.1:8080`,
  },
  {
    name: 'serve with a bad --store',
    args: ['serve', '--origin', 'http://a.example', '--store', 'redis://:hunter2'],
    line: `--store (store): found a value of 16 characters; accepted: ${STORE}, default memory:`,
  },
  {
    name: 'serve with a bad --mode',
    args: ['serve', '--origin', 'http://a.example', '--mode', 'strict'],
    line: '--mode (mode): found "strict"; accepted: safe or rfc, default safe',
  },
  {
    name: 'serve with a bad CACHE_URL',
    args: ['serve', '--origin', 'http://a.example'],
    env: { CACHE_URL: 'localhost:6379' },
    line: `CACHE_URL (store): found "localhost:6379"; accepted: ${STORE}, default memory:`,
  },
  {
    name: 'serve with a bad file of the usual name',
    args: ['serve'],
    config: server('listen: here'),
    line: `listen: found "here"; accepted: ${LISTEN}, default 127.0.0.1:8080`,
  },
  {
    name: 'serve with an unknown option',
    args: ['serve', '--orgin', 'http://a.example'],
    line: "unknown option '--orgin' (Did you mean --origin?)",
  },
  {
    name: 'serve with an option that lacks its value',
    args: ['serve', '--origin'],
    line: "option '--origin <url>' argument missing",
  },
  {
    name: 'serve with a --mode that lacks its value',
    args: ['serve', '--mode'],
    line: "option '--mode <safe|rfc>' argument missing",
  },
  { name: 'check without a file', args: ['check'], line: "missing required argument 'file'" },
  {
    name: 'check with two files',
    args: ['check', 'a.yaml', 'b.yaml'],
    line: "too many arguments for 'check'. Expected 1 argument but got 2.",
  },
  { name: 'an unknown command', args: ['bogus'], line: "unknown command 'bogus'" },
  {
    name: 'a question to a server whose file needs what is not set here',
    args: ['stats'],
    config: 'services: { a: { path: /a, origin: "${ORIGIN_A}" } }\n',
    line: [
      'ORIGIN_A (services.a.origin): not set; accepted: an http or https URL without credentials, query or fragment',
      'cachegate: --admin: not given; accepted: http://HOST:PORT of the running server, for which no file is read',
    ].join('\n'),
  },
];

const groups = { missing, wrongType, outOfRange, wrongForm, files, usage };
const table = Object.values(groups).flat();

interface Ended {
  readonly code: number | string | null | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

let folder: string;
let occupied: Server;
const ends = new Map<BadSetting, Ended>();

/** Runs the command with an environment of its own, so that the machine's own settings say nothing here. */
function run(
  cwd: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  const options = { cwd, env: { PATH: process.env.PATH, ...env }, timeout: DEADLINE_MS };
  return new Promise((done) => {
    execFile(process.execPath, [MAIN, ...args], options, (error, stdout, stderr) => {
      done({ code: error === null ? 0 : error.code, stdout, stderr });
    });
  });
}

async function runSetting(setting: BadSetting): Promise<Ended> {
  const cwd = await mkdtemp(join(folder, 'setting-'));
  const written = {
    ...setting.files,
    ...(setting.config !== undefined && { 'cachegate.yaml': setting.config }),
  };
  for (const [name, text] of Object.entries(written)) {
    await mkdir(join(cwd, name, '..'), { recursive: true });
    await writeFile(join(cwd, name), text);
  }
  return run(cwd, setting.args ?? ['check', 'cachegate.yaml'], setting.env);
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cachegate-bad-settings-'));
  occupied = createServer();
  await new Promise<void>((listening) => occupied.listen(0, '127.0.0.1', listening));
  const waiting = table.values();
  const worker = async () => {
    for (const setting of waiting) ends.set(setting, await runSetting(setting));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}, 120_000);

afterAll(async () => {
  occupied.close();
  await rm(folder, { recursive: true });
});

describe.each(Object.entries(groups))('%s', (_group, settings) => {
  it.each(settings)('$name', (setting) => {
    expect(ends.get(setting)).toEqual({ code: 2, stdout: '', stderr: `cachegate: ${setting.line}\n` });
  });
});

it('has a line for each fault when there are several', async () => {
  await writeFile(join(folder, 'several.yaml'), 'listen: here\nstore: there\nservices: {}\n');
  const { code, stderr } = await run(folder, ['check', 'several.yaml']);
  expect(code).toBe(2);
  const places = stderr.split('\n').map((line) => line.split(': found')[0]);
  expect(places).toEqual(['cachegate: listen', 'cachegate: store', 'cachegate: services', '']);
});

it('says nothing but ok of a good file', async () => {
  await writeFile(join(folder, 'good.yaml'), GATE);
  expect(await run(folder, ['check', 'good.yaml'], GATE_ENV)).toEqual({
    code: 0,
    stdout: 'good.yaml: ok (1 service)\n',
    stderr: '',
  });
});

it('exits with 1 when the port is in use', async () => {
  await writeFile(join(folder, 'listen.yaml'), server('admin_listen: off'));
  const { port } = occupied.address() as { port: number };
  const { code, stderr } = await run(folder, [
    'serve',
    '--config',
    'listen.yaml',
    '--listen',
    `127.0.0.1:${port}`,
  ]);
  expect(code).toBe(1);
  expect(stderr).toMatch(new RegExp(`^cachegate: [^\\n]*127\\.0\\.0\\.1:${port}[^\\n]*in use[^\\n]*\\n$`));
});
