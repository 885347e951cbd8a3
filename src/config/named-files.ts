import { resolve } from 'node:path';
import type { Transform } from '../gateway/transform.ts';
import { type Fault, faultAt } from './fault.ts';
import { quote } from './found.ts';
import { importDefault } from './import-module.ts';
import { entriesAt, isMapping, type Path, valueAt } from './path.ts';
import { readText } from './read-file.ts';
import type { Config } from './schema.ts';

/** The code of the services' transform modules, by service; and what is wrong with the files that are named. */
export interface NamedFiles {
  readonly transforms: ReadonlyMap<string, Transform>;
  readonly faults: readonly Fault[];
}

/**
 * Reads every file that a configuration names. Works on any tree, so that its faults show beside other ones.
 * @param directory where relative names start.
 */
export async function readNamedFiles(tree: unknown, directory: string): Promise<NamedFiles> {
  const transforms = new Map<string, Transform>();
  const faults: Fault[] = [];
  for (const path of [
    ['tls', 'cert_file'],
    ['tls', 'key_file'],
    ...STORE_FILES.map((name) => ['store_tls', name]),
  ]) {
    const name = valueAt(tree, path);
    if (typeof name === 'string' && name !== '') faults.push(...(await unreadable(path, name, directory)));
  }
  for (const [service, policy] of entriesAt(tree, ['services'])) {
    const place = modulePlace(policy);
    if (place === undefined) continue;
    const loaded = await loadTransform(['services', service, ...place.path], place.name, directory);
    if ('faults' in loaded) faults.push(...loaded.faults);
    else transforms.set(service, loaded.transform);
  }
  return { transforms, faults };
}

/** A configuration with its files named absolutely and the code of its modules in place. */
export function withNamedFiles(config: Config, { transforms }: NamedFiles, directory: string): Config {
  const { tls, store_tls } = config;
  const services = Object.entries(config.services).map(([name, service]) => {
    const { transform } = service;
    const code = transforms.get(name);
    if (transform?.module === undefined || code === undefined) return [name, service] as const;
    const module = resolve(directory, transform.module);
    const { request, response } = code;
    const bound = { request: request?.bind(code), response: response?.bind(code) };
    return [name, { ...service, transform: { ...transform, module, ...bound } }] as const;
  });
  const files = tls && {
    cert_file: resolve(directory, tls.cert_file),
    key_file: resolve(directory, tls.key_file),
  };
  return {
    ...config,
    store: storeFrom(config.store, directory),
    ...(files && { tls: files }),
    ...(store_tls && { store_tls: storeFiles(store_tls, directory) }),
    services: Object.fromEntries(services),
  };
}

const STORE_FILES = ['ca_file', 'cert_file', 'key_file'] as const;

function storeFiles(named: NonNullable<Config['store_tls']>, directory: string): Config['store_tls'] {
  const found = STORE_FILES.map((key) => [key, named[key]] as const).filter(([, name]) => name !== undefined);
  return Object.fromEntries(found.map(([key, name]) => [key, resolve(directory, name!)]));
}

const LMDB = 'lmdb:';

function storeFrom(url: string, directory: string): string {
  return url.startsWith(LMDB) ? LMDB + resolve(directory, url.slice(LMDB.length)) : url;
}

async function unreadable(path: Path, name: string, directory: string): Promise<Fault[]> {
  const read = await readText(resolve(directory, name));
  if ('text' in read) return [];
  return [faultAt(path, [], `found ${quote(name)}, which cannot be read: ${read.reason}`, 'a readable file')];
}

function modulePlace(service: unknown): { path: Path; name: string } | undefined {
  for (const path of [['transform'], ['transform', 'module']]) {
    const name = valueAt(service, path);
    if (typeof name === 'string' && name.trim() !== '') return { path, name };
  }
  return undefined;
}

type Loaded = { readonly transform: Transform } | { readonly faults: readonly Fault[] };

const TRANSFORM_FORM = 'a module whose default export has request and response functions, or one of them';

async function loadTransform(path: Path, name: string, directory: string): Promise<Loaded> {
  const file = resolve(directory, name);
  const [missing] = await unreadable(path, name, directory);
  if (missing !== undefined) return { faults: [missing] };
  const imported = await importDefault(file);
  const found =
    'reason' in imported ? `which cannot be loaded: ${imported.reason}` : problemOf(imported.value);
  if (found !== undefined)
    return { faults: [faultAt(path, [], `found ${quote(name)}, ${found}`, TRANSFORM_FORM)] };
  return { transform: (imported as { value: Transform }).value };
}

function problemOf(exported: unknown): string | undefined {
  if (exported === undefined) return 'which has no default export';
  if (!isMapping(exported)) return 'whose default export is no object';
  const parts = ['request', 'response'].filter((key) => exported[key] !== undefined);
  if (parts.length === 0) return 'whose default export has neither request nor response';
  const bad = parts.find((key) => typeof exported[key] !== 'function');
  return bad === undefined ? undefined : `whose ${bad} is no function`;
}
