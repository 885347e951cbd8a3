import { serve } from '@hono/node-server';
import { cachegateMiddleware, rateLimit } from 'cachegate/hono';
import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { cachegate, closed, count, home, logIn, logOut, PORT, serveUntilAsked } from './site.mjs';

const app = new Hono();
app.use(cachegateMiddleware(cachegate));
app.use(bodyLimit({ maxSize: 1024 }));

/** @param {import('./site.mjs').Answer} answer */
const send = (c, { status, headers, body }) => c.body(body, status, headers);

app.get('/', (c) => send(c, home(c.var.session)));
app.post('/login', rateLimit, async (c) => send(c, await logIn(c.var.session, await c.req.parseBody())));
app.post('/count', async (c) => send(c, await count(c.var.session)));
app.post('/logout', async (c) => send(c, await logOut(c.var.session)));

const server = serve({ fetch: app.fetch, port: PORT, hostname: 'localhost' }, () =>
  serveUntilAsked(async () => {
    await closed(server);
    await cachegate.close();
  }),
);
