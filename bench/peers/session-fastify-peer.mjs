// Fastify 5 with @fastify/session and connect-redis: `node session-fastify-peer.mjs PORT STORE-PORT CLIENT ROLLING`.
import cookie from '@fastify/cookie';
import session from '@fastify/session';
import { RedisStore } from 'connect-redis';
import fastify from 'fastify';
import { IDLE_SECONDS, NUMBER, pageText, SECRET } from '../page-workload.mjs';
import { connectRedis } from './session-redis.mjs';

const [port, storePort, client, rolling] = process.argv.slice(2);

const app = fastify({ logger: false });
await app.register(cookie);
await app.register(session, {
  secret: SECRET,
  store: new RedisStore({ client: await connectRedis(client, storePort), ttl: IDLE_SECONDS }),
  saveUninitialized: false,
  rolling: rolling === 'always',
  cookie: { secure: false },
});

app.get('/', (request, reply) => {
  reply.type('text/html; charset=utf-8').send(pageText(request.session.user, request.session.n));
});
app.post('/login', async (request, reply) => {
  await request.session.regenerate();
  request.session.user = request.query.user;
  request.session.n = NUMBER;
  return reply.code(204).send();
});
app.post('/logout', async (request, reply) => {
  await request.session.destroy();
  return reply.code(204).send();
});
await app.listen({ port: Number(port), host: '127.0.0.1' });
