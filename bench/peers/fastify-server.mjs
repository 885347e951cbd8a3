import cors from '@fastify/cors';
import rateLimit from '@fastify/rate-limit';
import fastify from 'fastify';
import { Redis } from 'iovalkey';
import { Agent, cacheStores, request as fetchOrigin, interceptors } from 'undici';
import { RedisCacheStore } from 'undici-cache-redis';
import {
  ALLOWED_ORIGIN,
  RATE_LIMIT,
  RATE_WINDOW_MS,
  SERVICE_PATH,
  SESSION_COOKIE,
  SESSION_HEADER,
  TTL_SECONDS,
} from '../workload.mjs';

const [limiter, responses, port, storePort, originUrl, authorityUrl] = process.argv.slice(2);

const SESSION_ID = /^[\w-]{1,128}$/;
const sessionHeader = SESSION_HEADER.toLowerCase();
const allowedOrigins = new Set([ALLOWED_ORIGIN]);

const store = new Redis(Number(storePort), '127.0.0.1');
const cacheStore =
  responses === 'memory'
    ? new cacheStores.MemoryCacheStore()
    : // In a database of its own: it scans all keys of its database on each look-up.
      new RedisCacheStore({
        tracking: false,
        clientOpts: { host: '127.0.0.1', port: Number(storePort), db: 1 },
      });
const origin = new Agent().compose(interceptors.cache({ store: cacheStore }));

const app = fastify({ logger: false });
await app.register(cors, { origin: [...allowedOrigins] });
app.addHook('onRequest', refuseOtherOrigins);
await app.register(rateLimit, {
  max: RATE_LIMIT,
  timeWindow: RATE_WINDOW_MS,
  keyGenerator: (request) => request.headers[sessionHeader] ?? request.ip,
  ...(limiter === 'store' ? { redis: store } : {}),
});
app.get(`${SERVICE_PATH}/*`, { preHandler: requireSession }, answerFromOrigin);
await app.listen({ port: Number(port), host: '127.0.0.1' });

// @fastify/cors leaves it to the browser to refuse.
function refuseOtherOrigins(request, reply, done) {
  if (allowedOrigins.has(request.headers.origin)) done();
  else reply.code(403).send({ error: 'Origin not allowed' });
}

async function requireSession(request, reply) {
  const id = request.headers[sessionHeader];
  if (id !== undefined && SESSION_ID.test(id) && (await isValidSession(id))) return;
  return reply.code(401).send({ error: 'Session required' });
}

async function isValidSession(id) {
  if ((await store.get(`session:${id}`)) === 'true') return true;
  const verdict = await fetch(authorityUrl, { headers: { Cookie: `${SESSION_COOKIE}=${id}` } });
  if (verdict.ok) await store.set(`session:${id}`, 'true', 'EX', TTL_SECONDS);
  return verdict.ok;
}

async function answerFromOrigin(request, reply) {
  const url = originUrl + request.url.slice(SERVICE_PATH.length);
  const { statusCode, headers, body } = await fetchOrigin(url, { dispatcher: origin });
  reply.code(statusCode).header('Content-Type', headers['content-type']);
  return reply.send(await body.text());
}
