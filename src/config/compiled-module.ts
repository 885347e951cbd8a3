import { basename, dirname, extname, relative, resolve, sep } from 'node:path';
import type { CompiledConfig } from '../compiled/compiled-config.ts';
import type { Compilation } from './compile-config.ts';
import { isMapping, valueAt } from './path.ts';
import { withValues } from './placed-values.ts';

export interface CompiledModule {
  readonly text: string;
  /** The types of the module, for beside it; `null` where it is of TypeScript itself. */
  readonly declaration: { readonly name: string; readonly text: string } | null;
}

/** The kinds of file that a compiled configuration can be. */
export const MODULE_EXTENSIONS: readonly string[] = ['.mjs', '.js', '.ts', '.mts'];

const TYPE = 'CompiledConfig';
const SUBPATH = 'cachegate/web';

/**
 * What is written down of a compilation: a module that reads well and is the same each time.
 * @param out where it will lie, and `source` what it was made of; both absolute
 */
export function compiledModule(compilation: Compilation, out: string, source: string): CompiledModule {
  const { compiled, modules } = compilation;
  const folder = dirname(out);
  const isTypeScript = extname(out).endsWith('ts');
  const imports = Object.entries(modules).map(
    ([service, file]) => `import ${nameOf(service)} from ${quoted(specifier(folder, file))};`,
  );
  const text = [
    `// Written by \`cachegate build\` from ${shownPath(folder, source)}: change that file and build again, not this one.`,
    ...(isTypeScript ? [`import type { ${TYPE} } from ${quoted(SUBPATH)};`] : []),
    ...imports,
    '',
    ...(isTypeScript ? [] : [`/** @type {import(${quoted(SUBPATH)}).${TYPE}} */`]),
    `const config${isTypeScript ? `: ${TYPE}` : ''} = {`,
    ...properties(withPlacedModules(compiled, modules, folder)),
    ...transforms(Object.keys(modules)),
    '};',
    '',
    'export default config;',
    '',
  ].join('\n');
  return { text, declaration: isTypeScript ? null : declarationOf(out) };
}

function declarationOf(out: string): CompiledModule['declaration'] {
  const extension = extname(out);
  const lines = [
    `import type { ${TYPE} } from ${quoted(SUBPATH)};`,
    '',
    `declare const config: ${TYPE};`,
    'export default config;',
    '',
  ];
  const name = `${basename(out, extension)}.d.${extension === '.mjs' ? 'mts' : 'ts'}`;
  return { name, text: lines.join('\n') };
}

/** A name that no keyword is, and no two services share. */
function nameOf(service: string): string {
  return `${service.replaceAll('-', '$')}Transform`;
}

function specifier(folder: string, file: string): string {
  const path = shownPath(folder, file);
  return path.startsWith('../') ? path : `./${path}`;
}

function shownPath(folder: string, file: string): string {
  return relative(folder, resolve(file)).replaceAll(sep, '/');
}

/** What names a file on this machine names it from the module. */
function withPlacedModules(
  { config, written, ...others }: Compilation['compiled'],
  modules: Readonly<Record<string, string>>,
  folder: string,
): Omit<CompiledConfig, 'transforms'> {
  const placed = (tree: unknown) => {
    const values = Object.entries(modules).map(([service, file]) => {
      const path = ['services', service, 'transform'];
      const isBlock = isMapping(valueAt(tree, path));
      return [isBlock ? [...path, 'module'] : path, specifier(folder, file)] as const;
    });
    return withValues(tree, values) as Record<string, unknown>;
  };
  return { ...others, config: placed(config), written: placed(written) };
}

function properties({ format, config, written, variables }: Omit<CompiledConfig, 'transforms'>): string[] {
  return [
    `  format: ${format},`,
    `  config: ${printed(config, '  ')},`,
    `  written: ${printed(written, '  ')},`,
    `  variables: ${printed(variables, '  ')},`,
  ];
}

function transforms(services: readonly string[]): string[] {
  if (services.length === 0) return ['  transforms: {},'];
  return ['  transforms: {', ...services.map((name) => `    ${key(name)}: ${nameOf(name)},`), '  },'];
}

const MAX_LINE = 110;

/** Plain data as code: what fits on a line stands on one. */
function printed(value: unknown, indent: string): string {
  const line = inline(value);
  if (line.length + indent.length < MAX_LINE || typeof value !== 'object' || value === null) return line;
  const inner = `${indent}  `;
  if (Array.isArray(value)) {
    return `[\n${value.map((each) => `${inner}${printed(each, inner)},\n`).join('')}${indent}]`;
  }
  const lines = entries(value).map(([name, each]) => `${inner}${key(name)}: ${printed(each, inner)},\n`);
  return `{\n${lines.join('')}${indent}}`;
}

function inline(value: unknown): string {
  if (typeof value === 'string') return quoted(value);
  // Neither NaN nor an infinite number nor -0 is of JSON.
  if (typeof value !== 'object' || value === null) return Object.is(value, -0) ? '-0' : String(value);
  if (Array.isArray(value)) return `[${value.map(inline).join(', ')}]`;
  const parts = entries(value).map(([name, each]) => `${key(name)}: ${inline(each)}`);
  return parts.length === 0 ? '{}' : `{ ${parts.join(', ')} }`;
}

function entries(value: object): [string, unknown][] {
  return Object.entries(value).filter(([, each]) => each !== undefined);
}

function key(name: string): string {
  // In quotes it would be the prototype.
  if (name === '__proto__') return `['__proto__']`;
  return /^[A-Za-z_$][A-Za-z0-9_$]*$/.test(name) ? name : quoted(name);
}

/** In single quotes, as JSON has it in double ones; nothing in it ends a line or hides. */
function quoted(text: string): string {
  const inner = JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'");
  return `'${inner.replace(/[\x7f-\x9f\p{Cf}\p{Zl}\p{Zp}]/gu, escaped)}'`;
}

function escaped(character: string): string {
  const units = Array.from({ length: character.length }, (_, index) => character.charCodeAt(index));
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('');
}
