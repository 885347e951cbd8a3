// Express 5 with cachegate's sessions: `node session-express.mjs PORT STORE-URL NEAR-CACHE BUILD [timed]`.
import express from 'express';
import { NUMBER, pageText } from '../page-workload.mjs';
import { openOwnSessions } from './session-cachegate.mjs';

const [port, storeUrl, nearCache, build, timed] = process.argv.slice(2);

const options = { storeUrl, nearCache, timed: timed === 'timed' };
const { cachegate, framework, takeTimes } = await openOwnSessions(build, 'express', options);
const app = express();
app.use(framework.cachegateMiddleware(cachegate));

app.get('/', (request, response) => {
  response.send(pageText(request.session.user, request.session.get('n')));
});
app.post('/login', async (request, response) => {
  await request.session.login(request.query.user);
  request.session.set('n', NUMBER);
  response.sendStatus(204);
});
app.get('/look-ups', (_request, response) => {
  response.send(takeTimes());
});
app.post('/logout', async (request, response) => {
  await request.session.logout();
  response.sendStatus(204);
});
app.listen(Number(port), '127.0.0.1');
