import { cachegateMiddleware, rateLimit, sessionErrors } from 'cachegate/express';
import express from 'express';
import { cachegate, closed, count, home, logIn, logOut, PORT, serveUntilAsked } from './site.mjs';

const app = express();
app.disable('x-powered-by');
app.use(cachegateMiddleware(cachegate));
app.use(express.urlencoded({ extended: false, limit: '1kb' }));

/** @param {import('./site.mjs').Answer} answer */
const send = (res, { status, headers, body }) => res.status(status).set(headers).send(body);

app.get('/', (req, res) => send(res, home(req.session)));
app.post('/login', rateLimit, async (req, res) => send(res, await logIn(req.session, req.body ?? {})));
app.post('/count', async (req, res) => send(res, await count(req.session)));
app.post('/logout', async (req, res) => send(res, await logOut(req.session)));
app.use(sessionErrors);

const server = app.listen(PORT, 'localhost', (error) => {
  if (error !== undefined) throw error;
  serveUntilAsked(async () => {
    await closed(server);
    await cachegate.close();
  });
});
