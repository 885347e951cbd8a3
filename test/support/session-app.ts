import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { OpenedSession } from '../../src/session/own/session.ts';
import { createSessions, type OwnSessions, type SessionsOptions } from '../../src/session/own/sessions.ts';
import { createStoreKeys } from '../../src/store/keys.ts';
import type { Store } from '../../src/store/store.ts';
import { openStore } from '../../src/wiring/open-store.ts';

/** What its page shows. */
export interface Shown {
  readonly user: string | null;
  readonly roles: readonly string[];
  readonly basket: unknown;
  readonly degraded: boolean;
  readonly unavailable: boolean;
}

/** An application over HTTP with sessions of its own, which shares a Valkey with others of its kind. */
export interface SessionApp {
  readonly url: string;
  readonly sessions: OwnSessions;
  readonly store: Store;
  /** What the observer was told, as text. */
  readonly told: readonly string[];
  /** Moves its clock on. */
  advance(ms: number): void;
  /** From now on requests of `/held/…` wait when their session has been opened; the answer lets them go on. */
  hold(): { readonly waiting: Promise<void>; release(): void };
  close(): Promise<void>;
}

export const SECRET = 'a secret of thirty-two characters';
export const ORIGIN = 'https://app.example';
const MINUTE_MS = 60_000;

export async function startSessionApp(
  storeUrl: string,
  options: Partial<SessionsOptions> = {},
): Promise<SessionApp> {
  let shiftMs = 0;
  const clock = { now: () => Date.now() + shiftMs };
  const { store } = await openStore(
    {
      ...{
        store: storeUrl,
        store_timeout_ms: 500,
        memory_limit_mib: 16,
        disk_limit_mib: 16,
        namespace: 'app',
      },
      near_cache: { max_age_ms: 1000 },
    },
    { clock, observer: {}, env: {} },
  );
  await store!.ping();
  const told: string[] = [];
  const sessions = createSessions({
    ...{
      store: store!,
      keys: createStoreKeys('app', SECRET),
      secrets: [SECRET],
      namespace: 'app',
      mode: 'store',
    },
    ...{ idleMs: 30 * MINUTE_MS, absoluteMs: 720 * MINUTE_MS, jwtOnlyMs: 15 * MINUTE_MS },
    ...{ degradedWrites: 'refuse', maxBytes: 65_536, allowedOrigins: [], clock },
    cookie: { name: 'session', secure: true, sameSite: 'Lax', path: '/' },
    observer: recording(told),
    ...options,
  });
  let held: { arrived(): void; released: Promise<void> } | null = null;

  async function act({ session }: OpenedSession, action: string, value: string): Promise<void> {
    if (action === 'set') session.set('basket', value);
    if (action === 'add') await session.update('basket', (before) => `${before ?? ''}${value}`);
    if (action === 'login') await session.login(value, { roles: ['reader'] });
    if (action === 'rotate') await session.rotate();
    if (action === 'logout') await session.logout();
  }

  async function answer(received: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(received.url!, ORIGIN);
    const [, action = '', heldAction] = url.pathname.split('/');
    const opened = await sessions.open(sessionRequest(received));
    if (opened.crossSite) return void response.writeHead(403).end('{}');
    if (heldAction !== undefined && held !== null) {
      held.arrived();
      await held.released;
    }
    await act(opened, heldAction ?? action, url.searchParams.get('value') ?? '');
    const { user, roles, degraded, unavailable } = opened.session;
    const shown: Shown = { user, roles, basket: opened.session.get('basket') ?? null, degraded, unavailable };
    const cookies = opened.needsCommit() ? await opened.commit() : [];
    response
      .writeHead(200, cookies.length === 0 ? {} : { 'set-cookie': [...cookies] })
      .end(JSON.stringify(shown));
  }

  const server = createServer((received, response) => {
    answer(received, response).catch((error: { code?: string }) => {
      response.writeHead(503).end(JSON.stringify({ code: error.code ?? String(error) }));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ...{ sessions, store: store!, told },
    advance(ms) {
      shiftMs += ms;
    },
    hold() {
      const [waiting, arrived] = settled();
      const [released, release] = settled();
      held = { arrived, released };
      return { waiting, release };
    },
    async close() {
      server.close();
      server.closeAllConnections();
      await sessions.close(100);
      await store!.close();
    },
  };
}

function settled(): [Promise<void>, () => void] {
  let settle = () => {};
  const promise = new Promise<void>((resolve) => {
    settle = resolve;
  });
  return [promise, () => settle()];
}

function recording(told: string[]): object {
  return new Proxy(
    {},
    {
      get:
        (_, name) =>
        (...all: unknown[]) =>
          void told.push([name, ...all].map(String).join(' ')),
    },
  );
}

function sessionRequest({ method, headers }: IncomingMessage) {
  const { cookie, origin, host } = headers;
  return {
    method: method!,
    cookie,
    origin,
    host,
    fetchSite: headers['sec-fetch-site'] as string | undefined,
  };
}

export interface SessionAnswer {
  readonly status: number;
  readonly shown: Shown & { readonly code?: string };
  /** The `Set-Cookie` values. */
  readonly cookies: readonly string[];
}

/** Sends one request, as the application's own page would unless `fields` say otherwise. */
export async function ask(
  app: SessionApp,
  target: string,
  cookie: string | null,
  fields: Readonly<Record<string, string>> = {},
): Promise<SessionAnswer> {
  const method = target === '/' ? 'GET' : 'POST';
  const headers = { host: 'app.example', ...(cookie === null ? {} : { cookie }), ...fields };
  const sent = request(`${app.url}${target}`, { method, headers, agent: false });
  sent.end();
  const [received] = (await once(sent, 'response')) as [IncomingMessage];
  let body = '';
  for await (const chunk of received.setEncoding('utf8')) body += chunk;
  return {
    status: received.statusCode!,
    shown: JSON.parse(body),
    cookies: received.headers['set-cookie'] ?? [],
  };
}

/** What a browser sends back of the last `Set-Cookie` of an answer: `name=value`. */
export function cookieOf({ cookies }: SessionAnswer): string {
  const value = cookies.at(-1)?.split(';', 1)[0];
  if (value === undefined) throw new Error('No cookie was set');
  return value;
}

/** The token in `name=token`. */
export function tokenIn(cookie: string): string {
  return cookie.slice(cookie.indexOf('=') + 1);
}
