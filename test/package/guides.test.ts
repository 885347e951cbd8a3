import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type CountingOrigin, startCountingOrigin } from '../support/counting-origin.ts';
import { type KvRestFront, startKvRestFront } from '../support/kv-rest-front.ts';
import { freePort } from '../support/server-process.ts';
import { startValkeyServer, type ValkeyServer } from '../support/valkey-server.ts';
import { removeGuidePrograms, standInForVercelKv, writeGuidePrograms } from './guide-programs.ts';
import { runProgram } from './run-program.ts';

// The programs of docs/guides do what they say.

const GUIDES = resolve(import.meta.dirname, '../../docs/guides');
const START_DEADLINE_MS = 15_000;
const RUN_MS = 60_000;
const SECRET = 'a-secret-of-the-test-of-so-many-characters';

let valkey: ValkeyServer;
beforeAll(async () => {
  valkey = await startValkeyServer();
});
afterAll(() => valkey?.stop());

describe('from-express-session.md', () => {
  let folder: string;
  const running: ChildProcess[] = [];
  beforeAll(async () => {
    ({ folder } = await writeGuidePrograms('from-express-session.md'));
  });
  afterEach(async () => {
    for (const child of running.splice(0)) {
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    }
  });
  afterAll(() => removeGuidePrograms(folder));

  async function start(program: string): Promise<(path: string, cookie?: string) => Promise<Response>> {
    const port = await freePort();
    const env = { REDIS_URL: valkey.url, SESSION_SECRET: SECRET, PORT: String(port) };
    const child = spawn(process.execPath, [program], { cwd: folder, env: { ...process.env, ...env } });
    running.push(child);
    let words = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (words += String(chunk)));
    const ask = (path: string, cookie = '') =>
      fetch(`http://127.0.0.1:${port}${path}`, { method: 'POST', headers: { cookie } });
    const deadline = Date.now() + START_DEADLINE_MS;
    while (Date.now() < deadline && child.exitCode === null) {
      if (await ask('/').catch(() => null)) return ask;
      await sleep(50);
    }
    throw new Error(`${program} takes no connection: ${words}`);
  }

  const cookieOf = (response: Response) => response.headers.getSetCookie()[0]!.split(';')[0]!;

  it.each(['before.mjs', 'store.mjs', 'sessions.mjs'])(
    '%s logs in, counts and logs out',
    {
      timeout: RUN_MS,
    },
    async (program) => {
      const ask = await start(program);
      const login = await ask('/login');
      expect(await login.json()).toEqual({ user: 'ada' });
      const cookie = cookieOf(login);
      expect(await (await ask('/visit', cookie)).json()).toEqual({ user: 'ada', visits: 1 });
      expect(await (await ask('/visit', cookie)).json()).toEqual({ user: 'ada', visits: 2 });
      expect((await ask('/logout', cookie)).status).toBe(204);
      expect(await (await ask('/visit', cookie)).json()).toEqual({ user: null, visits: 1 });
    },
  );
});

/** Calls what a program exports, twice, and prints both answers. */
const CALLER = `
const [, , program, name] = process.argv;
const { [name]: called } = await import(program);
const answers = [await called('york'), await called('york')];
console.log(JSON.stringify(answers));
process.exit();
`;

describe('from-vercel-kv.md', () => {
  let folder: string;
  let front: KvRestFront;
  let weather: CountingOrigin;
  beforeAll(async () => {
    ({ folder } = await writeGuidePrograms('from-vercel-kv.md'));
    await standInForVercelKv(folder);
    await writeFile(join(folder, 'caller.mjs'), CALLER);
    front = await startKvRestFront(valkey.url);
    weather = await startCountingOrigin(0, (_request, response) => {
      response.setHeader('content-type', 'application/json').end('{"sun":true}');
    });
  });
  afterAll(async () => {
    await weather?.close();
    await front?.close();
    await removeGuidePrograms(folder);
  });

  const call = async (program: string, name: string) => {
    const before = weather.asked();
    const service = { KV_REST_API_URL: front.url, KV_REST_API_TOKEN: front.token };
    const env = { ...service, WEATHER_URL: weather.url, CACHE_URL: '', REDIS_URL: '' };
    const answers = await runProgram(process.execPath, ['caller.mjs', `./${program}`, name], {
      cwd: folder,
      env,
    });
    return { answers: JSON.parse(answers), asked: weather.asked() - before };
  };

  it.each(['before.mjs', 'after.mjs'])('%s makes one report of two', { timeout: RUN_MS }, async (program) => {
    const report = { city: 'york', weather: { sun: true }, madeAt: expect.any(String) };
    expect(await call(program, 'report')).toEqual({ answers: [report, report], asked: 1 });
  });

  it.each(['before-fetch.mjs', 'after-fetch.mjs'])('%s asks once', { timeout: RUN_MS }, async (program) => {
    expect(await call(program, 'weather')).toEqual({ answers: [{ sun: true }, { sun: true }], asked: 1 });
  });
});

describe('from-hishel.md', () => {
  let folder: string;
  let library: CountingOrigin;
  beforeAll(async () => {
    ({ folder } = await writeGuidePrograms('from-hishel.md'));
    library = await startCountingOrigin(0, (_request, response) => {
      response.setHeader('cache-control', 'private, max-age=60').end('book');
    });
  });
  afterAll(async () => {
    await library?.close();
    await removeGuidePrograms(folder);
  });

  it('client.mjs finds what another process has stored', { timeout: RUN_MS }, async () => {
    const options = { cwd: folder, env: { LIBRARY_URL: library.url } };
    const run = () => runProgram(process.execPath, ['client.mjs'], options);
    expect(await run()).toContain('200 false');
    expect(await run()).toContain('200 true');
    expect(library.asked()).toBe(1);
  });
});

it('each guide is in the index', async () => {
  const guides = (await readdir(GUIDES)).filter((name) => name !== 'README.md');
  const index = await readFile(join(GUIDES, 'README.md'), 'utf8');
  expect(guides.length).toBeGreaterThan(0);
  for (const name of guides) expect(index).toContain(`](${name})`);
});
