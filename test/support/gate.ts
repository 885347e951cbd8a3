import { resolve } from 'node:path';
import {
  SAMPLE_TABLE,
  startAirtableOrigin,
} from '../../examples/wagtail-airtable/sample/airtable-origin.mjs';
import { SAMPLE_SESSION, startAuthority } from '../../examples/wagtail-airtable/sample/authority.mjs';
import { loadConfig } from '../../src/config/load-config.ts';
import type { Config } from '../../src/config/schema.ts';
import { createLog } from '../../src/observe/log.ts';
import { type RunningServer, startServer } from '../../src/server.ts';

export { SAMPLE_SESSION };

export const EXTENSION = 'chrome-extension://abcdefghijklmnopabcdefghijklmnop';
const EXAMPLE = resolve(import.meta.dirname, '../../examples/wagtail-airtable/cachegate.yaml');

export interface LogRecord {
  readonly level: number;
  readonly msg: string;
  readonly [field: string]: unknown;
}

export interface Gate {
  readonly url: string;
  readonly server: RunningServer;
  readonly authority: Awaited<ReturnType<typeof startAuthority>>;
  readonly origin: Awaited<ReturnType<typeof startAirtableOrigin>>;
  /** Every record that was logged. */
  readonly log: LogRecord[];
  /** The records whose text begins so. */
  logged(text: string): LogRecord[];
  /** Asks for the feedback of a page as the extension does; by default of a page that has some. */
  ask(options?: AskOptions): Promise<Response>;
  close(): Promise<void>;
}

export interface AskOptions {
  readonly page?: string;
  /** The session id, in the header; `null`: none. */
  readonly session?: string | null;
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly origin?: string | null;
  readonly signal?: AbortSignal;
}

export interface GateOptions {
  readonly env?: Record<string, string>;
  /** Changes the configuration after it was loaded. */
  readonly change?: (config: Config) => Config;
  readonly delayMs?: number;
}

/** The example on real sample servers, in this process, on a free port; on memory unless `CACHE_URL` says otherwise. */
export async function startGate({
  env = {},
  change = (config) => config,
  delayMs = 0,
}: GateOptions = {}): Promise<Gate> {
  const authority = await startAuthority({ delayMs, sessionPrefix: 'load' });
  const origin = await startAirtableOrigin({ delayMs });
  const environment: Record<string, string> = {
    WAGTAIL_API_URL: authority.apiUrl,
    AIRTABLE_API_KEY: SAMPLE_TABLE.apiKey,
    AIRTABLE_BASE_ID: SAMPLE_TABLE.baseId,
    AIRTABLE_TABLE_NAME: SAMPLE_TABLE.tableName,
    ...env,
  };
  const loaded = await loadConfig({
    file: EXAMPLE,
    cwd: '/',
    env: environment,
    overrides: { listen: '127.0.0.1:0', origins: { airtable: origin.url } },
  });
  const log: LogRecord[] = [];
  const config = change({ ...loaded, admin_listen: 'off' });
  const server = await startServer(config, {
    env: environment,
    log: createLog({
      level: config.logging_level,
      destination: { write: (line) => void log.push(JSON.parse(line) as LogRecord) },
    }),
  });
  return {
    url: server.url,
    server,
    authority,
    origin,
    log,
    logged: (text) => log.filter(({ msg }) => msg.startsWith(text)),
    ask: (options) => fetch(...askingFor(server.url, options)),
    async close() {
      await server.close(1_000);
      await Promise.all([authority.close(), origin.close()]);
    },
  };
}

function askingFor(url: string, options: AskOptions = {}): [URL, RequestInit] {
  const {
    page = '/parking/resident-permits',
    session = SAMPLE_SESSION,
    method = 'GET',
    headers = {},
    origin = EXTENSION,
  } = options;
  const target = new URL('/api/airtable-proxy', url);
  target.searchParams.set('pagePath', page);
  return [
    target,
    {
      method,
      headers: {
        ...(origin !== null && { Origin: origin }),
        ...(session !== null && { 'X-Wagtail-Session': session }),
        ...headers,
      },
      ...(options.signal !== undefined && { signal: options.signal }),
    },
  ];
}

/** Raises the limits so high that nothing is refused. */
export function withoutLimits(config: Config): Config {
  return withService(config, { rate_limit: { session: 'off', address: 'off', strict: false } });
}

export function withService(config: Config, change: Partial<Config['services'][string]>): Config {
  return { ...config, services: { airtable: { ...config.services.airtable!, ...change } } };
}
