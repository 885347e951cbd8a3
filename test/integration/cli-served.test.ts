import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { type NotingServer, startNotingServer } from '../support/gated-site.ts';
import { freePort, untilSo } from '../support/server-process.ts';
import { type RunningCommand, runCommand, startCommand } from '../support/source-command.ts';

// The commands and a server of the same release, as an operator has them.

let folder: string;
let origin: NotingServer;
let server: RunningCommand;
let url: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cachegate-served-'));
  origin = await startNotingServer((request, response) => {
    if (request.url!.includes('bad')) return void response.writeHead(500).end();
    response.writeHead(200, { 'Cache-Control': 'max-age=600', 'Cache-Tag': 'all', ETag: '"1"' }).end('body');
  });
  const port = await freePort();
  url = `http://127.0.0.1:${port}`;
  const settings = {
    ...{ listen: `127.0.0.1:${port}`, admin_listen: `127.0.0.1:${await freePort()}` },
    ...{ admin_token: 'the-token-of-this-server', warm: { template: '/api/{id}' } },
    services: { api: { path: '/api', origin: origin.url } },
  };
  await writeFile(join(folder, 'cachegate.yaml'), stringify(settings));
  server = startCommand(['serve'], { cwd: folder });
  await untilSo('the server listens', async () => server.output().includes('Listening on'));
}, 30_000);
afterAll(async () => {
  server.signal('SIGTERM');
  await server.ended;
  await origin.close();
  await rm(folder, { recursive: true });
});

async function json(...args: string[]) {
  const { how, output, errors } = await runCommand([...args, '--json'], { cwd: folder });
  expect([how, errors]).toEqual([0, '']);
  return JSON.parse(output.trimEnd().split('\n').at(-1)!);
}

it('tells, explains, warms and purges what a server of today has', async () => {
  for (const path of ['/api/1', '/api/1', '/api/1', '/api/2']) await (await fetch(url + path)).text();
  expect(await json('stats')).toMatchObject({ enabled: true, total_hits: 2, total_misses: 2, hit_rate: 0.5 });
  expect(await json('explain', '/api/1')).toMatchObject({
    ...{ service: 'api', stored: true, response: { status: 200, etag: '"1"', tags: ['all'] } },
    next: { action: 'reuse', cache_status: { hit: true } },
  });
  const text = await runCommand(['explain', '/api/1'], { cwd: folder });
  expect(text.output).toMatch(/\nNext: reuse \(hit; ttl=\d+\)\n {2}1\. /);
  const frame = await json('top', '--once');
  expect(frame).toMatchObject({
    ready: true,
    metrics: true,
    services: [expect.objectContaining({ name: 'api' })],
  });

  expect(await json('purge', '--tag', 'all')).toEqual({ purged: 2 });
  const asked = origin.asked.length;
  const warmed = await runCommand(['warm', '--ids', '1,2,3,2,bad', '--concurrency', '2'], { cwd: folder });
  expect([warmed.how, warmed.output]).toEqual([3, 'warmed 3 of 4 (failed 1, duplicates 1)\n']);
  expect(warmed.errors).toContain('cachegate: Failed to warm cache for bad: ');
  expect(origin.asked.length - asked).toBe(4);
  const { jobs } = await json('warm', 'status');
  expect(jobs).toMatchObject([{ state: 'done', warmed_count: 3, failed_count: 1, total_requested: 4 }]);
  expect(await json('warm', 'cancel', jobs[0].id)).toMatchObject({ id: jobs[0].id, state: 'done' });
  expect((await (await fetch(`${url}/api/3`)).headers.get('cache-status'))!).toContain('; hit');

  const refused = await runCommand(['stats'], { cwd: folder, env: { CACHEGATE_ADMIN_TOKEN: 'another one' } });
  expect([refused.how, refused.output]).toEqual([1, '']);
  expect(refused.errors).toContain('refuses the token');
}, 90_000);
