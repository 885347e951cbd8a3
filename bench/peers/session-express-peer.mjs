// Express 5 with express-session and connect-redis: `node session-express-peer.mjs PORT STORE-PORT CLIENT TOUCH`.
import { RedisStore } from 'connect-redis';
import express from 'express';
import session from 'express-session';
import { IDLE_SECONDS, NUMBER, pageText, SECRET } from '../page-workload.mjs';
import { connectRedis } from './session-redis.mjs';

const [port, storePort, client, touch] = process.argv.slice(2);

const store = new RedisStore({
  client: await connectRedis(client, storePort),
  ttl: IDLE_SECONDS,
  disableTouch: touch === 'never',
});
const app = express();
app.use(session({ store, secret: SECRET, resave: false, saveUninitialized: false, rolling: false }));

app.get('/', (request, response) => {
  response.send(pageText(request.session.user, request.session.n));
});
app.post('/login', (request, response, next) => {
  request.session.regenerate((error) => {
    if (error) return next(error);
    request.session.user = request.query.user;
    request.session.n = NUMBER;
    response.sendStatus(204);
  });
});
app.post('/logout', (request, response, next) => {
  request.session.destroy((error) => (error ? next(error) : response.sendStatus(204)));
});
app.listen(Number(port), '127.0.0.1');
