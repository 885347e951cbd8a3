import type { FastifyInstance, InjectOptions } from 'fastify';
import type { AdminSources } from '../../src/admin/admin-sources.ts';
import { fakeOperations } from './fake-operations.ts';

const session = { reference: 'r', user: 'ann', roles: ['a'], createdAt: 0, seenAt: 1, expiresAt: 2 };

const sessions = {
  list: async () => ({ sessions: [session], cursor: null }),
  end: async (reference: string) => reference === 'r',
  endAll: async () => 2,
  status: () => ({ mode: 'store', degraded: false, kept: 0 }),
} as unknown as NonNullable<AdminSources['sessions']>;

/** What an admin address of a test tells and does, but for what is given. */
export function fakeSources(given: Partial<AdminSources> = {}): AdminSources {
  return {
    isReady: () => true,
    storeStatus: () => ({ type: 'memory', state: 'available' }),
    metrics: async () => ({ contentType: 'text/plain; version=0.0.4', text: 'a 1\n' }),
    sessions,
    operations: fakeOperations(),
    ...given,
  };
}

export type AskAdminOptions = InjectOptions & {
  /** Sent as JSON, by `POST` where nothing else is said. */
  readonly json?: unknown;
};

/** Asks without a network, as `localhost` where nothing else is said. */
export async function askAdmin(server: FastifyInstance, url: string, options: AskAdminOptions = {}) {
  const { json, headers, ...rest } = options;
  const answer = await server.inject({
    ...{ url, method: json === undefined ? 'GET' : 'POST', ...rest },
    headers: {
      host: 'localhost',
      ...(json !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(json !== undefined && { payload: JSON.stringify(json) }),
  });
  const isJson = /json/.test(String(answer.headers['content-type'])) && answer.body !== '';
  return {
    status: answer.statusCode,
    headers: answer.headers,
    type: answer.headers['content-type'],
    body: isJson ? answer.json() : answer.body,
  };
}
