// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references are written this way in configurations.
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCommand } from '../support/source-command.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cachegate-build-'));
  await writeFile(
    join(folder, 'code.ts'),
    'export default { request: (): { target: string } => ({ target: "/" }) };',
  );
  await writeFile(
    join(folder, 'gate.yaml'),
    `
services:
  api:
    origin: \${ORIGIN}
    request_headers: { Authorization: "Bearer \${API_KEY}" }
    cache: { ttl_seconds: "\${TTL:-60}" }
    transform: ./code.ts
`,
  );
});

afterAll(() => rm(folder, { recursive: true }));

const run = (args: readonly string[], env: Record<string, string> = {}) =>
  runCommand(['build', ...args], { cwd: folder, env });

const BUILD = ['--config', 'gate.yaml', '--out', 'gate.config.mjs'];
const VALUES = { ORIGIN: 'https://of-this-machine.example', API_KEY: 'a-key-of-this-machine', TTL: '86399' };

describe('cachegate build', () => {
  it('writes a module with no value of the environment in it, and says what it will need', async () => {
    const { how, output, errors } = await run(BUILD, { ...VALUES, LOGGING_LEVEL: 'loud' });
    expect([how, errors]).toEqual([0, '']);
    const [first, needed, more, hint] = output.split('\n');
    expect([first, needed]).toEqual([
      'gate.config.mjs: written (1 service)',
      '  needed where it runs: ORIGIN, API_KEY',
    ]);
    expect(more).toMatch(
      /^ {2}may be set there: TTL, REDIS_URL, CACHE_URL, LOGGING_LEVEL, .*KV_REST_API_URL, /,
    );
    expect(hint).toBe('  code.ts is TypeScript: whatever deploys it has to bundle it, or strip its types');
    const text = await readFile(join(folder, 'gate.config.mjs'), 'utf8');
    for (const value of [...Object.values(VALUES), 'loud', folder]) expect(text).not.toContain(value);
    expect(await readdir(folder)).toContain('gate.config.d.mts');
  });

  it('is not built over what it is built of', async () => {
    const source =
      "export default { services: { api: { origin: 'https://a.example', transform: './code.ts' } } };";
    await writeFile(join(folder, 'own.mjs'), source);
    for (const out of ['own.mjs', 'code.ts']) {
      const { how, errors } = await run(['--config', 'own.mjs', '--out', out]);
      expect([how, errors]).toEqual([
        2,
        `cachegate: --out: found "${out}", which would take the place of "${out}"; accepted: a file that the configuration is not made of\n`,
      ]);
    }
    expect(await readFile(join(folder, 'own.mjs'), 'utf8')).toBe(source);
  });

  it('checks whether what is there is what it would write', async () => {
    await run(BUILD);
    expect((await run([...BUILD, '--check'])).output).toMatch(
      /^gate\.config\.mjs: up to date \(1 service\)\n/,
    );
    await writeFile(join(folder, 'gate.config.mjs'), 'export default {};');
    const next = 'next: cachegate build --config gate.yaml --out gate.config.mjs\n';
    expect(await run([...BUILD, '--check'])).toMatchObject({
      how: 1,
      errors: `cachegate: gate.config.mjs is not what gate.yaml comes to; ${next}`,
    });
    expect(await readFile(join(folder, 'gate.config.mjs'), 'utf8')).toBe('export default {};');
    const other = ['--config', 'gate.yaml', '--out', 'other.ts', '--check'];
    expect((await run(other)).errors).toMatch(/^cachegate: other\.ts is not there; next: cachegate build /);
  });

  it('prints JSON of what it has built', async () => {
    const { how, output } = await run([...BUILD, '--json']);
    expect(how).toBe(0);
    const { variables, ...report } = JSON.parse(output);
    expect(report).toEqual({ file: 'gate.yaml', out: 'gate.config.mjs', ok: true, services: ['api'] });
    expect(variables.slice(0, 3)).toEqual([
      {
        name: 'ORIGIN',
        needed: true,
        paths: [['services', 'api', 'origin']],
        accepted: 'an http or https URL without credentials, query or fragment',
      },
      expect.objectContaining({ name: 'API_KEY', needed: true }),
      expect.objectContaining({ name: 'TTL', needed: false }),
    ]);
  });

  it('names each fault, and writes nothing', async () => {
    await writeFile(
      join(folder, 'bad.yaml'),
      'services: { api: { origin: "${O}", connections: 0 } }\nstore: redis://h',
    );
    const args = ['--config', 'bad.yaml', '--out', 'bad.mjs'];
    const { how, errors } = await run(args);
    expect(how).toBe(2);
    expect(errors.trim().split('\n')).toEqual([
      expect.stringMatching(/^cachegate: store: found "redis:\/\/h"; accepted: kv-rest:, memory: or none:, /),
      expect.stringMatching(/^cachegate: services\.api\.connections: found 0; /),
    ]);
    const json = await run([...args, '--json']);
    expect(JSON.parse(json.output)).toMatchObject({
      file: 'bad.yaml',
      ok: false,
      faults: [{ path: 'store' }, {}],
    });
    expect(await readdir(folder)).not.toContain('bad.mjs');
  });

  it('ends with one line where it can not', async () => {
    const refused = [
      [['--config', 'gate.yaml'], 2, /required option '--out <file>' not specified/],
      [
        ['--config', 'gate.yaml', '--out', 'gate.json'],
        ...[2, /--out: found the extension "\.json"; accepted: \.mjs, \.js, \.ts, \.mts/],
      ],
      [
        ['--config', 'gate.yaml', '--out', 'nowhere/gate.mjs'],
        1,
        /nowhere\/gate\.mjs can't be written: ENOENT; /,
      ],
    ] as [string[], number, RegExp][];
    const ended = await Promise.all(refused.map(([args]) => run(args)));
    for (const [index, [, how, line]] of refused.entries()) {
      expect(ended[index]!.how).toBe(how);
      expect(ended[index]!.errors.trim().split('\n')).toEqual([expect.stringMatching(line)]);
    }
  });
});
