import fastify, { type FastifyInstance } from 'fastify';
import { createAccess } from './access.ts';
import type { AdminSources } from './admin-sources.ts';
import { ANSWER_FIELDS } from './answer-fields.ts';
import { addCacheTestRoute } from './cache-test-route.ts';
import { addDocsPage } from './docs-page.ts';
import { addExplainRoutes } from './explain-routes.ts';
import { addOpenApi } from './openapi.ts';
import { addProbeRoutes } from './probe-routes.ts';
import { problemOf, problemOfError, sendProblem } from './problem.ts';
import { addPurgeRoutes } from './purge-routes.ts';
import { checkRequests } from './request-check.ts';
import { readJsonAlone, readQuery, SMALL_CONTENT } from './request-content.ts';
import { noteRoutedMethods } from './routed-methods.ts';
import { addServiceRoutes } from './service-routes.ts';
import { addSessionRoutes } from './session-routes.ts';
import { addStatsRoutes } from './stats-routes.ts';
import { addWarmRoutes } from './warm-routes.ts';

const MAX_CONNECTIONS = 256;
const REQUEST_TIMEOUT_MS = 30_000;
/** How often it is looked for requests that take longer; Node's own 30 s would give them twice their time. */
const CHECK_MS = 2_000;
/** Longer than any answer takes to begin: so long nothing is sent or taken, and the connection is somebody else's. */
const SILENCE_TIMEOUT_MS = 60_000;
const KEEP_ALIVE_MS = 10_000;

/**
 * The operator's side, which listens nowhere yet.
 * @param host the name or address of `admin_listen`; `null`: it has none
 */
export async function createAdmin(sources: AdminSources, host: string | null): Promise<FastifyInstance> {
  const server = createServer(sources);
  const token = sources.token ?? null;
  const routedMethods = noteRoutedMethods(server);
  const access = createAccess({ token, host, refused: sources.refused?.bind(sources) });
  server.addHook('onRequest', async (request, reply) => {
    reply.headers(ANSWER_FIELDS);
    if (access(request, reply)) return reply;
    if (!request.is404) return;
    const path = request.url.replace(/\?.*$/s, '');
    const methods = routedMethods(path);
    if (methods.length === 0) return sendProblem(reply, 404, nothingAt(path, routedMethods));
    reply.header('Allow', methods.join(', '));
    if (request.method === 'OPTIONS') return reply.code(204).send();
    return sendProblem(reply, 405, `${request.method} is not for here; accepted: ${methods.join(', ')}`);
  });
  // Files of the page bring fields of their own.
  server.addHook('onSend', async (_request, reply) => void reply.header('Cache-Control', 'no-store'));
  await addOpenApi(server, token !== null);
  addRoutes(server, sources);
  await addDocsPage(server);
  await server.ready();
  return server;
}

/** What is not there for everybody, and what it takes. */
const NOT_ALWAYS: Readonly<Record<string, string>> = {
  sessions: 'Sessions are not configured here: the configuration has no block sessions',
  metrics: 'Metrics are turned off here, by metrics: false or METRICS_ENABLED=false',
  'cache-test': 'This is there with NODE_ENV=development alone',
};

function nothingAt(path: string, routedMethods: (path: string) => readonly string[]): string {
  const first = path.split('/', 2)[1] ?? '';
  const isOff = Object.hasOwn(NOT_ALWAYS, first) && routedMethods(`/${first}`).length === 0;
  return isOff ? NOT_ALWAYS[first]! : `${NOTHING}; /docs/ shows what there is`;
}

function createServer(sources: AdminSources): FastifyInstance {
  const server = fastify({
    logger: false,
    forceCloseConnections: true,
    bodyLimit: SMALL_CONTENT,
    requestTimeout: REQUEST_TIMEOUT_MS,
    // Node takes the longer of these two for that of the whole request, whichever it is.
    http: { headersTimeout: REQUEST_TIMEOUT_MS, connectionsCheckingInterval: CHECK_MS },
    connectionTimeout: SILENCE_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    routerOptions: { querystringParser: readQuery },
    // What is sent is what is meant: nothing is made of another type, left out, or filled in.
    ajv: {
      customOptions: {
        ...{ coerceTypes: false, removeAdditional: false, useDefaults: false },
        ...{ verbose: true, allowUnionTypes: true, keywords: ['x-examples'] },
      },
    },
    frameworkErrors: (error, _request, reply) => void sendError(reply, error),
    clientErrorHandler: (error, socket) => {
      if (!socket.writable) return void socket.destroy(error);
      socket.end(unreadable((error as { code?: string }).code));
    },
  });
  server.server.maxConnections = MAX_CONNECTIONS;
  readJsonAlone(server);
  checkRequests(server);
  // What routes of the page do not find.
  server.setNotFoundHandler((_request, reply) => sendProblem(reply, 404, NOTHING));
  server.setErrorHandler((error, request, reply) => {
    const { status } = sendError(reply, error);
    if (status === 500) sources.failed?.(error, `${request.method} ${request.routeOptions.url ?? ''}`);
  });
  return server;
}

function addRoutes(server: FastifyInstance, sources: AdminSources): void {
  const { operations, sessions } = sources;
  if (operations !== undefined) {
    addStatsRoutes(server, operations);
    addExplainRoutes(server, operations);
    addPurgeRoutes(server, operations);
    addWarmRoutes(server, operations.warm);
  }
  if (sessions) addSessionRoutes(server, sessions);
  addProbeRoutes(server, sources);
  if (operations === undefined) return;
  addServiceRoutes(server, operations);
  if (operations.testCache !== null) addCacheTestRoute(server, operations.testCache);
}

function sendError(reply: Parameters<typeof sendProblem>[0], error: unknown) {
  const problem = problemOfError(error);
  sendProblem(reply, problem.status, problem.detail, problem.code);
  return problem;
}

const NOTHING = 'There is nothing here';

const UNREADABLE: Readonly<Record<string, readonly [number, string]>> = {
  HPE_HEADER_OVERFLOW: [431, 'The fields are too large'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'The request took too long to arrive'],
};

/** What is no HTTP is answered before any route is found. */
function unreadable(code = ''): string {
  const problem = problemOf(...(UNREADABLE[code] ?? ([400, 'The request can not be read'] as const)));
  const body = JSON.stringify(problem);
  const fields = { ...ANSWER_FIELDS, 'Content-Type': 'application/problem+json' };
  const lines = Object.entries({ ...fields, 'Content-Length': body.length, Connection: 'close' });
  const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  return `HTTP/1.1 ${problem.status} ${problem.title}\r\n${head}\r\n${body}`;
}
