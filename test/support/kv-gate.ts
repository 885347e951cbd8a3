import { type ConfigInput, configSchema } from '../../src/config/schema.ts';
import { createGate } from '../../src/frameworks/web.ts';
import { createPlainLog } from '../../src/serverless/plain-log.ts';
import { type NotingServer, startNotingServer } from './gated-site.ts';
import type { KvRestFront } from './kv-rest-front.ts';

/** What stands around a gate: who is asked, and on what. */
export interface KvWorld {
  readonly front: KvRestFront;
  readonly origin: NotingServer;
  /** Knows every session but those that are called `invented`. */
  readonly authority: NotingServer;
}

/** One instance of a function: a gate with sessions, limits, logout and a cache, on a KV service. */
export interface KvGate {
  /** The answer's status, and how the cache had to do with it; all that follows the answer is done by then. */
  ask(path: string, session: string, init?: RequestInit): Promise<string>;
  close(): Promise<void>;
}

/** Pages for ten minutes; `/stale` is so from the beginning. */
export function startPageOrigin(): Promise<NotingServer> {
  return startNotingServer((request, response) => {
    const stale = { 'Cache-Control': 'max-age=5, stale-while-revalidate=600', Age: '60' };
    const fields = request.url === '/stale' ? stale : { 'Cache-Control': 'max-age=600' };
    response.writeHead(200, fields).end('body');
  });
}

/** @param onAsked called when a session is validated, before the answer */
export function startCookieAuthority(onAsked: () => void = () => {}): Promise<NotingServer> {
  return startNotingServer((request, response) => {
    onAsked();
    response.writeHead(request.headers.cookie?.includes('invented') ? 401 : 200).end();
  });
}

export function openKvGate(
  { front, origin, authority }: KvWorld,
  top: Omit<ConfigInput, 'services'> = {},
): KvGate {
  const rate_limit = {
    session: { limit: 3, window_seconds: 60 },
    address: { limit: 100, window_seconds: 60 },
  };
  const session = { authority: 'http', url: authority.url, cookie: 'sid', logout_path: '/logout' } as const;
  const config = configSchema.parse({
    ...{ store: 'kv-rest:', near_cache: 'off', logging_level: 'minimal', ...top },
    services: { api: { path: '/api', origin: origin.url, session, rate_limit } },
  });
  const gate = createGate(
    { format: 1, config, variables: [], transforms: {} },
    {
      env: { KV_REST_API_URL: front.url, KV_REST_API_TOKEN: front.token },
      log: createPlainLog({ level: 'minimal', write: () => {} }),
    },
  );
  return {
    async ask(path, id, init = {}) {
      const request = new Request(`https://gate.test/api${path}`, {
        ...init,
        headers: { Cookie: `sid=${id}` },
      });
      const behind: Promise<unknown>[] = [];
      const waitUntil = (work: Promise<unknown>) => void behind.push(work);
      const response = await gate.fetch(request, { peer: '192.0.2.7', waitUntil });
      await response.text();
      await Promise.all(behind);
      return `${response.status} ${response.headers.get('cache-status')}`;
    },
    close: gate.close,
  };
}
