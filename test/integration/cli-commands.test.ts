import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type AdminStandIn, answering, problem, startAdminStandIn } from '../support/admin-stand-in.ts';
import { warmReport } from '../support/fake-operations.ts';
import { startNotingServer } from '../support/gated-site.ts';
import { type CommandOptions, runCommand, sourceCommand } from '../support/source-command.ts';

const TOKEN = 'a-token-of-the-admin-address';
const ENVIRONMENT = { LC_ALL: 'en_US.UTF-8', TZ: 'UTC' };

let folder: string;
let admin: AdminStandIn;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cachegate-cli-'));
});
afterAll(() => rm(folder, { recursive: true }));
beforeEach(async () => {
  admin = await startAdminStandIn();
});
afterEach(() => admin.close());

const run = (args: readonly string[], options: CommandOptions = {}) =>
  runCommand(args, { cwd: folder, ...options, env: { ...ENVIRONMENT, ...options.env } });
const ask = (...args: string[]) => run([...args, '--admin', admin.url]);

const stats = {
  ...{ enabled: true, storage_type: 'memory', statistics_storage: 'memory', redis_url: null },
  ...{ hit_rate: 0.667, total_hits: 10, total_misses: 5, total_requests: 12_345, total_entries: 5 },
  ...{ cache_size_bytes: 2_048, cache_size_mb: 0, average_ttl_remaining: 90, average_ttl_remaining_hours: 0 },
  ...{ per_service: { jikan: { hit_rate: 0.667, total_hits: 10, total_misses: 5 } }, sample: null },
};
const OPEN = { status: null, stale_on: { error: false, silence: false } };
const explanation = {
  ...{ url: '/a', method: 'HEAD', service: 's', target: '/t', cache_key: 'k', store_key: 'response:{s:d}' },
  ...{ stored: true, variants: [], response: null },
  next: {
    ...OPEN,
    action: 'forward',
    cache_status: { hit: false, fwd: 'vary-miss' },
    because: ['Another variant.'],
  },
};

describe('cachegate stats', () => {
  it('prints a table, or JSON', async () => {
    admin.routes.set('GET /stats', answering(stats));
    const { how, output, errors } = await ask('stats');
    expect([how, errors]).toEqual([0, '']);
    expect(output).toContain('Hit rate          66.7%\nRequests          12,345 (hits 10, misses 5)\n');
    expect(JSON.parse((await ask('stats', '--json')).output)).toEqual(stats);
    const german = await run(['stats', '--admin', admin.url], { env: { LC_ALL: 'de_DE.UTF-8' } });
    expect(german.output).toContain('Requests          12.345 ');
  });

  it('says that they are off', async () => {
    admin.routes.set('GET /stats', answering({ enabled: false }));
    expect((await ask('stats')).output).toMatch(/^Statistics are off/);
    expect((await ask('stats', '--json')).output).toBe('{"enabled":false}\n');
  });
});

describe('cachegate explain', () => {
  it('asks with method and fields', async () => {
    admin.routes.set('GET /explain', answering(explanation));
    const args = [
      '/a?b=c&d',
      '--method',
      'HEAD',
      '--header',
      'Accept-Language: de',
      '--header',
      'Cookie: a=b',
    ];
    const { how, output } = await ask('explain', ...args);
    expect(how).toBe(0);
    expect(output).toContain('Next: forward (fwd=vary-miss)\n  1. Another variant.\n');
    expect([...admin.asked[0]!.query]).toEqual([
      ['url', '/a?b=c&d'],
      ['method', 'HEAD'],
      ['header', 'Accept-Language: de'],
      ['header', 'Cookie: a=b'],
    ]);
    expect(JSON.parse((await ask('explain', '/a', '--json')).output)).toEqual(explanation);
  });

  it('refuses what is no field, and does not show it', async () => {
    const { how, errors } = await ask('explain', '/a', '--header', 'secret');
    expect(how).toBe(2);
    expect(errors).toBe("cachegate: --header: found a value of 6 characters; accepted: 'Name: value'\n");
    expect((await ask('explain', '/a', '--method', 'POST')).how).toBe(2);
  });
});

describe('cachegate purge', () => {
  it.each([
    [['--url', '/a'], { url: '/a' }],
    [['--tag', 'a', '--tag', 'b', '--soft'], { tags: ['a', 'b'], mode: 'soft' }],
    [['--service', 's', '--wait'], { service: 's', wait: true }],
  ])('%j', async (args, body) => {
    admin.routes.set('POST /purge', answering({ purged: 1_234 }));
    expect(await ask('purge', ...args)).toEqual({ how: 0, output: 'purged 1,234 resources\n', errors: '' });
    expect(admin.asked[0]).toMatchObject({ body });
    expect((await ask('purge', ...args, '--json')).output).toBe('{"purged":1234}\n');
  });

  it('says that a tag with a comma is one, where there was nothing with it', async () => {
    const hint = 'a comma is part of a tag: several are given as --tag A --tag B\n';
    admin.routes.set('POST /purge', answering({ purged: 0 }));
    expect(await ask('purge', '--tag', 'a,b')).toEqual({
      ...{ how: 0, errors: '' },
      output: `purged 0 resources\n${hint}`,
    });
    expect(admin.asked[0]).toMatchObject({ body: { tags: ['a,b'] } });
    expect((await ask('purge', '--tag', 'a,b', '--json')).output).toBe('{"purged":0}\n');
    expect((await ask('purge', '--tag', 'a')).output).toBe('purged 0 resources\n');
    admin.routes.set('POST /purge', answering({ purged: 1 }));
    expect((await ask('purge', '--tag', 'a,b')).output).toBe('purged 1 resource\n');
  });

  it.each([[[]], [['--url', '/a', '--service', 's']]])('%j is wrong usage', async (args) => {
    expect((await ask('purge', ...args)).how).toBe(2);
    expect(admin.asked).toEqual([]);
  });

  it('says what the server has against it', async () => {
    admin.routes.set('POST /purge', (_, response) =>
      problem(response, 503, 'The store is away', 'ERR_STORE_UNAVAILABLE'),
    );
    const { how, errors } = await ask('purge', '--url', '/a');
    expect([how, errors]).toEqual([
      1,
      'cachegate: The store is away; how the store stands: cachegate top --once\n',
    ]);
  });
});

describe('the admin address', () => {
  it('is that of the configuration, with its token; the environment goes before', async () => {
    await admin.close();
    admin = await startAdminStandIn(TOKEN);
    admin.routes.set('GET /stats', answering({ enabled: false }));
    const file = (token: string) =>
      JSON.stringify({
        admin_listen: new URL(admin.url).host,
        admin_token: token,
        services: { a: { path: '/a', origin: 'http://127.0.0.1:1' } },
      });
    await writeFile(join(folder, 'cachegate.json'), file(TOKEN));
    await writeFile(join(folder, 'other.json'), file('some-token-that-is-wrong'));
    expect((await run(['stats'])).how).toBe(0);
    expect((await run(['stats', '--config', 'cachegate.json', '--admin', `${admin.url}/`])).how).toBe(0);
    expect(
      (await run(['stats', '--config', 'other.json'], { env: { CACHEGATE_ADMIN_TOKEN: TOKEN } })).how,
    ).toBe(0);
    const refused = await run(['stats', '--config', 'other.json']);
    expect(refused.how).toBe(1);
    expect(refused.errors).toMatch(/refuses the token: CACHEGATE_ADMIN_TOKEN/);
    const without = await ask('stats');
    expect(without.how).toBe(1);
    expect(without.errors).toMatch(/asks for a token: set CACHEGATE_ADMIN_TOKEN/);
    const unsendable = await run(['stats'], { env: { CACHEGATE_ADMIN_TOKEN: 'a\nb' } });
    expect(unsendable.how).toBe(2);
    expect(unsendable.errors).toMatch(
      /^cachegate: CACHEGATE_ADMIN_TOKEN: found a value of 3 characters; accepted: /,
    );
    for (const { errors } of [refused, without, unsendable])
      expect(errors.trimEnd().split('\n')).toHaveLength(1);
    await rm(join(folder, 'cachegate.json'));
  }, 60_000);

  it('may be a Unix socket', async () => {
    const path = join(folder, 'admin socket');
    const server = createServer((_, response) => response.end('{"enabled":false}')).listen(path);
    expect((await run(['stats', '--json', '--admin', `unix:${path}`])).output).toBe('{"enabled":false}\n');
    server.close();
    const gone = await run(['stats', '--admin', `unix:${path}`]);
    expect(gone.how).toBe(1);
    expect(gone.errors).toMatch(
      /no answer from unix:.*admin socket: (ENOENT|ECONNREFUSED); is it running\? /,
    );
  });

  it.each(['explain /a', 'purge --url /a', 'warm /a', 'top --once'])(
    '%s says what to do where nothing answers, or something else',
    async (line) => {
      const args = line.split(' ');
      const away = await run([...args, '--admin', 'http://127.0.0.1:1']);
      expect([away.how, away.output]).toEqual([1, '']);
      expect(away.errors).toMatch(
        /^cachegate: no answer from http:.*ECONNREFUSED; is it running\? .*--admin URL\n$/,
      );
      const other = await startNotingServer((_, response) => response.end('{}'));
      expect(await run([...args, '--admin', other.url])).toEqual({
        how: 1,
        output: '',
        errors: `cachegate: ${other.url} does not answer as the admin address of cachegate\n`,
      });
      await other.close();
    },
  );

  it('is needed, and has a form', async () => {
    expect((await run(['stats'])).how).toBe(2);
    expect((await run(['stats', '--admin', 'nowhere'])).how).toBe(2);
  });
});

describe('cachegate check', () => {
  it('prints JSON of what it has found', async () => {
    const services = { a: { path: '/a', origin: 'http://127.0.0.1:1' } };
    await writeFile(join(folder, 'good.json'), JSON.stringify({ services }));
    expect((await run(['check', '--json', 'good.json'])).output).toBe(
      '{"file":"good.json","ok":true,"services":["a"]}\n',
    );
    await writeFile(join(folder, 'bad.json'), JSON.stringify({ services, mode: 'x' }));
    const bad = await run(['check', '--json', 'bad.json']);
    expect(bad.how).toBe(2);
    expect(JSON.parse(bad.output)).toEqual({
      file: 'bad.json',
      ok: false,
      faults: [{ path: 'mode', names: [], found: 'found "x"', accepted: expect.any(String) }],
    });
  });
});

it('ends quietly when nobody reads on', async () => {
  const child = spawn(process.execPath, sourceCommand(['--help']), { stdio: ['ignore', 'pipe', 'pipe'] });
  let errors = '';
  child.stderr.on('data', (chunk) => (errors += String(chunk)));
  child.stdout.destroy();
  expect(await once(child, 'close')).toEqual([0, null]);
  expect(errors).toBe('');
});

it('says in a line that its output can not be written', async () => {
  const full = openSync('/dev/full', 'w');
  const child = spawn(process.execPath, sourceCommand(['--help']), { stdio: ['ignore', full, 'pipe'] });
  closeSync(full);
  let errors = '';
  child.stderr!.on('data', (chunk) => (errors += String(chunk)));
  expect(await once(child, 'close')).toEqual([1, null]);
  expect(errors).toBe('cachegate: standard output can not be written: ENOSPC\n');
});

it('follows a job to its end when nobody reads of its progress', async () => {
  admin.routes.set('POST /warm', (_, response) => {
    child.stderr.destroy();
    answering(warmReport())(_, response);
  });
  const done = warmReport({ state: 'done', warmed_count: 3 });
  admin.routes.set('GET /warm/job-1/events', (_, response) =>
    response.end(`event: end\ndata: ${JSON.stringify(done)}\n\n`),
  );
  const args = sourceCommand(['warm', '/a', '--admin', admin.url]);
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  child.stdout.on('data', (chunk) => (output += String(chunk)));
  expect(await once(child, 'close')).toEqual([0, null]);
  expect(output).toBe('warmed 3 of 3\n');
});
