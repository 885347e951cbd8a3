import { cachegatePlugin, rateLimit } from 'cachegate/fastify';
import fastify from 'fastify';
import { cachegate, count, home, logIn, logOut, PORT, serveUntilAsked } from './site.mjs';

const app = fastify({ bodyLimit: 1024 });
app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, done) =>
  done(null, Object.fromEntries(new URLSearchParams(String(body)))),
);
await app.register(cachegatePlugin, { cachegate });

/** @param {import('./site.mjs').Answer} answer */
const send = (reply, { status, headers, body }) => reply.code(status).headers(headers).send(body);

app.get('/', async (request, reply) => send(reply, home(request.session)));
app.post('/login', { onRequest: rateLimit }, async (request, reply) =>
  send(reply, await logIn(request.session, request.body ?? {})),
);
app.post('/count', async (request, reply) => send(reply, await count(request.session)));
app.post('/logout', async (request, reply) => send(reply, await logOut(request.session)));

await app.listen({ port: PORT, host: 'localhost' });
serveUntilAsked(() => app.close());
