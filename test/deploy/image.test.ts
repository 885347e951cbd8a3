import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DEPLOY } from '../support/dashboard.ts';
import { startNotingServer } from '../support/gated-site.ts';

// The form of the Dockerfile and of the systemd unit, and what they run.

const PROJECT = join(DEPLOY, '..');
const dockerfile = readFileSync(join(DEPLOY, 'Dockerfile'), 'utf8').replaceAll('\\\n', ' ');
const instructions = dockerfile
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))
  .map((line) => line.replace(/\s+/g, ' '));
const stageStarts = instructions.flatMap((line, place) => (line.startsWith('FROM ') ? [place] : []));
const last = instructions.slice(stageStarts.at(-1));

describe('the Dockerfile', () => {
  it('builds in one stage, and runs in another as a user without rights', () => {
    expect(instructions[0]).toBe('ARG NODE=node:26-bookworm-slim');
    expect(stageStarts).toHaveLength(2);
    expect(instructions.join('\n')).toMatch(/RUN npm ci\b[\s\S]*RUN npm run build && npm prune --omit=dev/);
    expect(last).toContain('USER node');
    expect(last.findLastIndex((line) => line.startsWith('RUN '))).toBeLessThan(last.indexOf('USER node'));
  });

  it('copies what is there and not left out, and nothing else comes along', () => {
    const ignore = readFileSync(join(PROJECT, '.dockerignore'), 'utf8').trim().split('\n');
    expect(ignore[0]).toBe('*');
    const sources = instructions
      .filter((line) => line.startsWith('COPY ') && !line.includes('--from='))
      .flatMap((line) => line.split(' ').slice(1, -1));
    for (const source of sources) {
      expect(existsSync(join(PROJECT, source)), source).toBe(true);
      expect(ignore, source).toContain(`!${source}`);
    }
    const letIn = ignore.filter((line) => line.startsWith('!')).map((line) => line.slice(1));
    expect(letIn.sort()).toEqual([...new Set(sources)].sort());
  });

  it('runs the command that the package has', () => {
    const { bin } = JSON.parse(readFileSync(join(PROJECT, 'package.json'), 'utf8')) as {
      readonly bin: { readonly cachegate: string };
    };
    const main = join('/app', bin.cachegate);
    expect(last).toContain(`ENTRYPOINT ["node", "${main}"]`);
    expect(last.join('\n')).toContain(`ln -s ${main} /usr/local/bin/cachegate`);
    expect(readFileSync(join(PROJECT, 'src', 'cli', 'main.ts'), 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/);
  });

  it('is healthy while /readyz says 200, by Node alone', async () => {
    const line = last.find((each) => each.startsWith('HEALTHCHECK '))!;
    const command = JSON.parse(line.slice(line.indexOf('['))) as string[];
    expect(command[0]).toBe('node');
    let status = 200;
    const server = await startNotingServer((_request, response) => void response.writeHead(status).end());
    const check = async (url: string) => {
      const args = command.slice(1).map((part) => part.replace('http://127.0.0.1:9180', url));
      const [code] = await once(spawn(process.execPath, args, { stdio: 'ignore' }), 'exit');
      return code as number | null;
    };
    try {
      expect(await check(server.url)).toBe(0);
      expect(server.asked.map(({ url }) => url)).toEqual(['/readyz']);
      status = 503;
      expect(await check(server.url)).toBe(1);
    } finally {
      await server.close();
    }
    expect(await check(server.url)).toBe(1);
  });
});

describe('the systemd unit', () => {
  const unit = readFileSync(join(DEPLOY, 'cachegate.service'), 'utf8');
  const settings = new Map(
    unit
      .split('\n')
      .filter((line) => /^\w+=/.test(line))
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );

  it('restarts after a crash and not after a bad configuration, and reloads in place', () => {
    expect(settings.get('Restart')).toBe('on-failure');
    expect(settings.get('RestartPreventExitStatus')).toBe('2');
    expect(settings.get('ExecReload')).toBe('/bin/kill -HUP $MAINPID');
    expect(settings.get('EnvironmentFile')).toBe('-/etc/cachegate/environment');
  });

  it('runs without rights', () => {
    expect(settings.get('DynamicUser')).toBe('yes');
    expect(settings.get('StateDirectory')).toBe('cachegate');
    expect(settings.get('CapabilityBoundingSet')).toBe('');
    for (const name of [
      'NoNewPrivileges',
      'ProtectHome',
      'PrivateTmp',
      'PrivateDevices',
      'RestrictSUIDSGID',
    ]) {
      expect(settings.get(name), name).toBe('yes');
    }
    expect(settings.get('ProtectSystem')).toBe('strict');
    // Node makes its code while it runs.
    expect(settings.has('MemoryDenyWriteExecute')).toBe(false);
  });

  it('has sections and settings that systemd knows, by its own check where it is there', () => {
    expect(unit.match(/^\[\w+\]$/gm)).toEqual(['[Unit]', '[Service]', '[Install]']);
    const folder = mkdtempSync(join(tmpdir(), 'cachegate-unit-'));
    try {
      const file = join(folder, 'cachegate.service');
      writeFileSync(file, unit.replace('/usr/bin/node', process.execPath));
      const { error, stdout, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', file], {
        encoding: 'utf8',
      });
      // Of what else is installed it may say more.
      const said = error === undefined ? (stdout + stderr).split('\n') : [];
      expect(said.filter((line) => line.includes('cachegate'))).toEqual([]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
