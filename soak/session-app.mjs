// An application of the soaks: `node session-app.mjs PORT OPTIONS`, with the options of `createCachegate` as JSON.
import fastify from 'fastify';
import { createCachegate } from '../dist/app/create-cachegate.js';
import { cachegatePlugin } from '../dist/frameworks/fastify.js';

const [port, options] = process.argv.slice(2);

const sessions = { secrets: ['of the soaks: nothing secret is behind it'], cookie: { secure: false } };
const cachegate = await createCachegate({ ...JSON.parse(options), sessions });
const app = fastify({ logger: false });
await app.register(cachegatePlugin, { cachegate });

app.get('/', async ({ session }) => {
  const { user, degraded, unavailable } = session;
  return { user, n: session.get('n') ?? 0, degraded, unavailable };
});
app.get('/status', async () => cachegate.sessions.status());
app.get('/read', async ({ session, query }) => ({ value: session.get(query.field) ?? null }));
/** The fields that `/add` has set. */
app.get('/fields', async ({ session, query }) => {
  const names = Array.from({ length: Number(query.count) }, (_, i) => `f${i}`);
  return {
    n: session.get('n') ?? 0,
    fields: Object.fromEntries(names.map((name) => [name, session.get(name)])),
  };
});
app.post('/login', async ({ session, query }, reply) => {
  await session.login(query.user);
  return reply.code(204).send();
});
app.post('/logout', async ({ session }, reply) => {
  await session.logout();
  return reply.code(204).send();
});
app.post('/rotate', async ({ session }, reply) => {
  await session.rotate();
  return reply.code(204).send();
});
app.post('/end-all', async ({ query }, reply) => {
  await cachegate.sessions.endAll(query.user);
  return reply.code(204).send();
});
app.post('/count', async ({ session }) => ({ n: await session.update('n', (n = 0) => n + 1) }));
/** Reads a field and sets it, as most handlers do. */
app.post('/add', async ({ session, query: { field } }) => {
  session.set(field, (session.get(field) ?? 0) + 1);
  return { value: session.get(field) };
});
process.once('SIGTERM', () => app.close().finally(() => process.exit()));
await app.listen({ port: Number(port), host: '127.0.0.1' });
