import { resolve } from 'node:path';
import type { CompiledConfig } from '../../src/compiled/compiled-config.ts';
import { compileConfig } from '../../src/config/compile-config.ts';
import { createGate } from '../../src/frameworks/web.ts';
import type { Transform } from '../../src/gateway/transform.ts';
import { createPlainLog } from '../../src/serverless/plain-log.ts';
import type { LogRecord } from './gate.ts';

const FILE = resolve(import.meta.dirname, 'gate-behaviour.yaml');

let ofCases: Promise<CompiledConfig> | null = null;

/** The cases' configuration as `cachegate build` would write it, its code imported. */
export function compiledConfig(): Promise<CompiledConfig> {
  ofCases ??= compileFile(FILE);
  return ofCases;
}

async function compileFile(file: string): Promise<CompiledConfig> {
  const { compiled, modules } = await compileConfig({ file, cwd: '/' });
  const imported = Object.entries(modules).map(async ([service, path]) => {
    const module = (await import(path)) as { default: Transform<never> };
    return [service, module.default] as const;
  });
  return { ...compiled, transforms: Object.fromEntries(await Promise.all(imported)) };
}

/** A gate in this process, with what was given to its platform and what it has logged. */
export interface FunctionGate {
  fetch(request: Request, context?: object): Promise<Response>;
  readonly log: LogRecord[];
  /** The records whose text begins so. */
  logged(text: string): LogRecord[];
  /** Waits for all that the platform was given so far. */
  settled(): Promise<void>;
  /** How much the platform was given. */
  readonly given: number;
  close(): Promise<void>;
}

export interface FunctionGateOptions {
  readonly env: Readonly<Record<string, string>>;
  readonly change?: (compiled: CompiledConfig) => CompiledConfig;
}

/** One instance of the function. */
export async function openFunctionGate({
  env,
  change = (compiled) => compiled,
}: FunctionGateOptions): Promise<FunctionGate> {
  const log: LogRecord[] = [];
  const works: Promise<unknown>[] = [];
  const gate = createGate(change(await compiledConfig()), {
    env,
    log: createPlainLog({ level: 'detailed', write: (line) => void log.push(JSON.parse(line)) }),
  });
  const platform = { peer: '192.0.2.7', waitUntil: (work: Promise<unknown>) => void works.push(work) };
  return {
    log,
    logged: (text) => log.filter(({ msg }) => msg?.startsWith(text)),
    fetch: (request, context) => gate.fetch(request, context ?? platform),
    async settled() {
      await Promise.all(works);
    },
    get given() {
      return works.length;
    },
    close: gate.close,
  };
}

export const EXTENSION = 'chrome-extension://abcdefghijklmnopabcdefghijklmnop';

/** As the extension asks for a page. */
export function pageRequest(
  session: string,
  page = '/parking/resident-permits',
  init: RequestInit = {},
): Request {
  const target = new URL('/api/airtable-proxy', 'https://gate.test');
  target.searchParams.set('pagePath', page);
  return new Request(target, { headers: { Origin: EXTENSION, 'X-Wagtail-Session': session }, ...init });
}
