// Fastify 5 with cachegate's sessions: `node session-fastify.mjs PORT STORE-URL NEAR-CACHE BUILD [timed]`.
import fastify from 'fastify';
import { NUMBER, pageText } from '../page-workload.mjs';
import { openOwnSessions } from './session-cachegate.mjs';

const [port, storeUrl, nearCache, build, timed] = process.argv.slice(2);

const options = { storeUrl, nearCache, timed: timed === 'timed' };
const { cachegate, framework, takeTimes } = await openOwnSessions(build, 'fastify', options);
const app = fastify({ logger: false });
await app.register(framework.cachegatePlugin, { cachegate });

app.get('/', (request, reply) => {
  reply.type('text/html; charset=utf-8').send(pageText(request.session.user, request.session.get('n')));
});
app.post('/login', async (request, reply) => {
  await request.session.login(request.query.user);
  request.session.set('n', NUMBER);
  return reply.code(204).send();
});
app.get('/look-ups', async () => takeTimes() ?? {});
app.post('/logout', async (request, reply) => {
  await request.session.logout();
  return reply.code(204).send();
});
await app.listen({ port: Number(port), host: '127.0.0.1' });
