import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createBackground } from '../../src/background.ts';
import { systemClock as clock } from '../../src/clock.ts';
import type { FetchServiceOptions } from '../../src/fetch/fetch-service.ts';
import {
  createRoutedFetch,
  type RoutedFetch,
  type RoutedFetchOptions,
} from '../../src/fetch/routed-fetch.ts';
import { createResponseCache } from '../../src/response-cache/response-cache.ts';
import { createStoreKeys } from '../../src/store/keys.ts';
import { createMemoryStore } from '../../src/store/memory/memory-store.ts';
import type { Store } from '../../src/store/store.ts';
import { PLAIN_POLICY } from './exchange.ts';

/** An origin that keeps what it was asked. */
export interface SimpleOrigin {
  readonly url: string;
  /** As `METHOD target`, with ` <content>` behind it where there was any. */
  readonly asked: string[];
  readonly requests: IncomingMessage[];
  close(): Promise<void>;
}

export type OriginAnswer = (request: IncomingMessage, response: ServerResponse, content: string) => void;

/** @param answer called when all of a request has arrived; for a target below `/now`, when its header section has */
export async function startOrigin(answer: OriginAnswer): Promise<SimpleOrigin> {
  const asked: string[] = [];
  const requests: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    requests.push(request);
    const line = `${request.method} ${request.url}`;
    if (request.url!.startsWith('/now')) {
      asked.push(line);
      answer(request, response, '');
      return;
    }
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const content = Buffer.concat(chunks).toString('latin1');
      asked.push(content === '' ? line : `${line} <${content}>`);
      answer(request, response, content);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    requests,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

export const KEYS = createStoreKeys('', 'secret');

/** A service with patience, and nothing that nobody has configured. */
export function serviceAt(url: string, change: Partial<FetchServiceOptions> = {}): FetchServiceOptions {
  return {
    ...{ name: 'api', origin: new URL(url), policy: PLAIN_POLICY, maxBodyBytes: 1_000_000 },
    keying: { sortQuery: false, ignoreQuery: [], lowerCasePath: false },
    ...{ keyedMethods: [], maxKeyBodyBytes: 1_000, retryAfterLimitMs: 0, tags: [], compressFromBytes: null },
    ...{ connectMs: 5_000, headersMs: 10_000, bodyMs: 10_000, stallMs: 10_000, collapseMs: 10_000 },
    ...{ budget: null, uncached: false },
    ...change,
  };
}

/** The cached `fetch` of one process. */
export interface FetchParts {
  readonly fetch: RoutedFetch;
  readonly store: Store;
  /** What origins have failed with, and what is a fault here. */
  readonly failures: unknown[];
  /** Resolves when nothing is under way behind the answers. */
  settle(): Promise<void>;
}

export function createFetchParts(
  services: readonly FetchServiceOptions[],
  {
    store = createMemoryStore({ maxBytes: 64 * 1024 * 1024, clock }),
    ...other
  }: Partial<RoutedFetchOptions> = {},
): FetchParts {
  const failures: unknown[] = [];
  const background = createBackground(1_000, (error) => failures.push(error));
  const observer = {
    originFailed: (_service: string, error: unknown) => void failures.push(error),
    requestFailed: (_service: string, error: unknown) => void failures.push(error),
  };
  const parts = { store, keys: KEYS, clock, background, observer };
  const fetch = createRoutedFetch({ ...parts, responses: createResponseCache(parts), services, ...other });
  return {
    ...{ fetch, store, failures },
    async settle() {
      if (!(await background.settle(10_000))) throw new Error('the work behind the answers does not end');
    },
  };
}

/** How a response came about: `hit`, or why it was forwarded. */
export function outcomeOf({ headers }: Response): string {
  return headers.get('cache-status')?.split(';')[1]?.trim() ?? 'none';
}
