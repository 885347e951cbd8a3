import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { vi } from 'vitest';
import { type ConfigInput, configSchema } from '../../src/config/schema.ts';
import { createLog } from '../../src/observe/log.ts';
import { type RunningServer, startServer } from '../../src/server.ts';
import type { LogRecord } from './gate.ts';
import { ask, PATIENT } from './ranged-origin.ts';

type ServiceInput = ConfigInput['services'][string];

export interface PurgedSite {
  /** What the origin was asked, as `METHOD target`. */
  readonly asked: string[];
  /** Fields of the origin's answers by path, beside a lifetime of 10 minutes. */
  readonly fields: Map<string, Record<string, string>>;
  /** Answers in the place of the usual one, if set: of whatever path. */
  answer: ((response: ServerResponse) => void) | null;
  readonly gates: readonly PurgedGate[];
  close(): Promise<void>;
}

export interface PurgedGate {
  readonly url: string;
  readonly server: RunningServer;
  readonly log: readonly LogRecord[];
  /** How the answer came about: `hit`, or why it was forwarded. */
  get(path: string, headers?: Record<string, string>): Promise<string>;
  /** Asks until it is a hit. */
  warm(...paths: string[]): Promise<void>;
  purge(path: string, headers?: Record<string, string>): Promise<{ status: number; body: unknown }>;
}

export interface SiteOptions {
  /** By name; `origin` is filled in. */
  readonly services?: Readonly<Record<string, Omit<ServiceInput, 'origin'>>>;
  readonly settings?: Omit<Partial<ConfigInput>, 'services'>;
  /** How many gates there are. */
  readonly gates?: number;
}

const LIFETIME = { 'Cache-Control': 'max-age=600, stale-while-revalidate=600, stale-if-error=600' };

/** An origin of taggable responses, and gates in front of it that let loopback purge. */
export async function startPurgedSite(options: SiteOptions = {}): Promise<PurgedSite> {
  const { services = { site: {} }, settings = {}, gates = 1 } = options;
  const asked: string[] = [];
  const fields: PurgedSite['fields'] = new Map();
  const origin = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    request.resume();
    if (site.answer !== null) return site.answer(response);
    const path = request.url!.split('?', 1)[0]!;
    response.writeHead(200, { ...LIFETIME, ...fields.get(path) }).end(`answer ${asked.length}`);
  });
  await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(origin.address() as AddressInfo).port}`;
  const entries = Object.entries(services).map(([name, service]) => [name, { ...service, origin: url }]);
  const config = configSchema.parse({
    listen: '127.0.0.1:0',
    admin_listen: 'off',
    purge: { addresses: ['127.0.0.1'] },
    ...settings,
    services: Object.fromEntries(entries),
  });
  const started: PurgedGate[] = [];
  for (let i = 0; i < gates; i++) started.push(await startGate(config));
  const site: PurgedSite = {
    asked,
    fields,
    answer: null,
    gates: started,
    async close() {
      await Promise.all(started.map(({ server }) => server.close(1_000)));
      origin.closeAllConnections();
      await new Promise((resolve) => origin.close(resolve));
    },
  };
  return site;
}

async function startGate(config: Parameters<typeof startServer>[0]): Promise<PurgedGate> {
  const log: LogRecord[] = [];
  const destination = { write: (line: string) => void log.push(JSON.parse(line) as LogRecord) };
  const server = await startServer(config, {
    env: {},
    log: createLog({ level: config.logging_level, destination }),
  });
  const get = async (path: string, headers = {}) => (await ask(server.url + path, headers)).by;
  return {
    url: server.url,
    server,
    log,
    get,
    async warm(...paths) {
      for (const path of paths) {
        // What is stored is stored behind the answer.
        await vi.waitUntil(async () => (await get(path)) === 'hit', PATIENT);
      }
    },
    async purge(path, headers = {}) {
      const response = await fetch(server.url + path, { method: 'PURGE', headers });
      return { status: response.status, body: await response.json() };
    },
  };
}
