import { Redis } from 'iovalkey';
import { Pool } from 'undici';
import { startSessionApp } from './session-application.mjs';
import { startStore } from './store.mjs';

const REQUESTS = Number(process.env.CRAWL_REQUESTS ?? 10_000);
const AT_ONCE = 50;

const HEAD = [
  'store',
  'requests',
  'answered',
  'cookies set',
  'keys before',
  'keys after',
  'commands a request',
];

const TOKEN = `${base64({ alg: 'HS256', typ: 'cachegate-session+jwt', kid: 'a' })}.${base64({ sid: 'x' })}.x`;

/** What visitors without a session send: nothing, somebody else's cookies, ids and tokens of their own making. */
const COOKIES = [
  undefined,
  'theme=dark; consent=yes',
  'session=',
  'session=AAAAAAAAAAAAAAAAAAAAAA',
  `session=${TOKEN}`,
  `session=${TOKEN}; session=other`,
  'connect.sid=s%3Aabc.def; sessionid=0123456789abcdef',
];
/** Says which processes hear of purges; it is there while they are. */
const PROCESSES = /^processes:\{\d+\}$/;

const PATHS = ['/', '/read?field=a', '/status', '/robots.txt'];

/** @type {import('./run.mjs').Case} */
export const anonymousCrawl = {
  name: 'anonymous-crawl',
  about: `${REQUESTS} requests of visitors who never log in`,
  async run(around) {
    const rows = [];
    const faults = [];
    for (const nearCache of ['on', 'off']) {
      const result = await runOnce(nearCache, around);
      rows.push(result.cells);
      faults.push(...result.faults.map((fault) => `near cache ${nearCache}: ${fault}`));
    }
    return { tables: [{ title: 'Visitors without a session', head: HEAD, rows }], faults };
  },
};

async function runOnce(nearCache, around) {
  const store = await startStore();
  const name = `anonymous-crawl-near-${nearCache}`;
  const app = await startSessionApp(name, { store: store.url, nearCache }, around);
  const client = new Redis(store.url);
  const pool = new Pool(app.url, { connections: AT_ONCE });
  try {
    const keysBefore = (await client.keys('*')).sort();
    const commandsBefore = await commandsOf(client);
    const { answered, cookies } = await crawl(pool);
    const commands = (await commandsOf(client)) - commandsBefore;
    const keysAfter = (await client.keys('*')).sort();
    const faults = app.faults();
    if (answered !== REQUESTS)
      faults.push(`${REQUESTS - answered} requests were not answered with 2xx or 404`);
    if (cookies > 0) faults.push(`${cookies} visitors were given a session`);
    const left = keysAfter.filter((key) => !keysBefore.includes(key) && !PROCESSES.test(key));
    if (left.length > 0) faults.push(`${left.length} keys are left, such as ${left[0]}`);
    const each = (commands / REQUESTS).toFixed(3);
    const where = `Valkey, near cache ${nearCache}`;
    return {
      cells: [where, REQUESTS, answered, cookies, shown(keysBefore), shown(keysAfter), each],
      faults,
    };
  } finally {
    client.disconnect();
    await pool.destroy();
    await app.end();
    await store.kill();
  }
}

const shown = (keys) => `${keys.length}${keys.length === 0 ? '' : ` (${keys.slice(0, 3).join(', ')})`}`;

async function commandsOf(client) {
  return Number(/^total_commands_processed:(\d+)/m.exec(await client.info('stats'))[1]);
}

async function crawl(pool) {
  let answered = 0;
  let cookies = 0;
  const lane = async (first) => {
    for (let i = first; i < REQUESTS; i += AT_ONCE) {
      const cookie = COOKIES[i % COOKIES.length];
      const { statusCode, headers, body } = await pool.request({
        method: i % 20 === 19 ? 'HEAD' : 'GET',
        path: PATHS[i % PATHS.length],
        headers: cookie === undefined ? {} : { cookie },
      });
      await body.dump();
      if (statusCode < 300 || statusCode === 404) answered += 1;
      // One that takes a cookie away has no value.
      if ([headers['set-cookie'] ?? []].flat().some((set) => !/^[^=]+=;/.test(set))) cookies += 1;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, (_, i) => lane(i)));
  return { answered, cookies };
}

function base64(value) {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
