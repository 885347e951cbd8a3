// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references are written this way in configurations.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { compileConfig } from './compile-config.ts';
import { compiledModule } from './compiled-module.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cachegate-module-'));
  await mkdir(join(folder, 'api'));
  await writeFile(join(folder, 'code.mjs'), "export default { request: () => ({ target: '/made' }) };");
  await writeFile(
    join(folder, 'gate.yaml'),
    `
services:
  my-api:
    origin: \${ORIGIN}
    transform: { module: ./code.mjs, options: { __proto__: { a: 1 }, "quoted \\" ' \\\\ \\u2028 \\n line": "'\\"\\\\\\u202e\${X:-1}" } }
  plain: { path: /plain, origin: "https://a.example" }
`,
  );
});

afterAll(() => rm(folder, { recursive: true }));

async function written(out: string) {
  const compilation = await compileConfig({ file: 'gate.yaml', cwd: folder });
  const path = join(folder, out);
  return { compilation, path, ...compiledModule(compilation, path, join(folder, 'gate.yaml')) };
}

it('is read as what was compiled, with the code of services', async () => {
  const { compilation, path, text } = await written('api/gate.config.mjs');
  await writeFile(path, text);
  const { default: config } = await import(pathToFileURL(path).href);
  const { config: compiled, ...others } = JSON.parse(JSON.stringify(compilation.compiled));
  for (const tree of [compiled, others.written]) tree.services['my-api'].transform.module = '../code.mjs';
  expect(config).toEqual({
    ...others,
    config: compiled,
    transforms: { 'my-api': { request: expect.any(Function) } },
  });
  expect(Object.keys(config.written.services['my-api'].transform.options)).toContain('__proto__');
});

it('names nothing of this machine, and no day', async () => {
  const { text } = await written('api/gate.config.mjs');
  expect(text).not.toContain(folder);
  expect(text.split('\n').slice(0, 2)).toEqual([
    '// Written by `cachegate build` from ../gate.yaml: change that file and build again, not this one.',
    "import my$apiTransform from '../code.mjs';",
  ]);
  expect(text).toBe((await written('api/gate.config.mjs')).text);
  // What moves or hides what stands beside it is told by its number.
  expect(text).not.toMatch(/[\p{Cf}\p{Zl}]/u);
});

it.each(['transform: FILE', 'transform: { module: FILE }'])(
  'names a file that was named absolutely from itself: %s',
  async (transform) => {
    const block = transform.replace('FILE', JSON.stringify(join(folder, 'code.mjs')));
    const file = 'absolute.yaml';
    await writeFile(join(folder, file), `services: { api: { origin: "https://a.example", ${block} } }`);
    const compilation = await compileConfig({ file, cwd: folder });
    const { text } = compiledModule(compilation, join(folder, 'api/gate.config.mjs'), join(folder, file));
    expect(text).not.toContain(folder);
    expect(text).toContain("module: '../code.mjs'");
  },
);

it('has numbers that JSON has not', async () => {
  const options = 'options: { a: .nan, b: -.inf, c: -0, d: [.inf, null] }';
  const text = `services: { api: { origin: "https://a.example", transform: { module: ./code.mjs, ${options} } } }`;
  await writeFile(join(folder, 'numbers.yaml'), text);
  const compilation = await compileConfig({ file: 'numbers.yaml', cwd: folder });
  const path = join(folder, 'numbers.mjs');
  await writeFile(path, compiledModule(compilation, path, join(folder, 'numbers.yaml')).text);
  const { default: config } = await import(pathToFileURL(path).href);
  const found = { a: Number.NaN, b: -Infinity, c: -0, d: [Infinity, null] };
  expect(config.config.services.api.transform.options).toEqual(found);
});

it('has its types beside it, or in it', async () => {
  expect((await written('gate.config.mjs')).declaration).toEqual({
    name: 'gate.config.d.mts',
    text: "import type { CompiledConfig } from 'cachegate/web';\n\ndeclare const config: CompiledConfig;\nexport default config;\n",
  });
  expect((await written('gate.config.js')).declaration?.name).toBe('gate.config.d.ts');
  const { text, declaration } = await written('gate.config.ts');
  expect(declaration).toBeNull();
  expect(text).toContain("import type { CompiledConfig } from 'cachegate/web';");
  expect(text).toContain('const config: CompiledConfig = {');
});
