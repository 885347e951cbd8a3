import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';

const SECRET = 'a-secret-of-the-test-of-so-many-characters';
/** Whatever the machine's environment names. */
const env = {};

/**
 * Uses the parts of the package as an application does, in memory; the modules are given as they were loaded.
 *
 * @param {Record<'root' | 'app' | 'session' | 'web' | 'fetch' | 'function', any>} loaded
 */
export async function useParts(loaded) {
  const origin = await startOrigin();
  const cachegate = await loaded.app.createCachegate(
    { store: 'memory:', sessions: { secrets: [SECRET] }, logging_level: 'minimal' },
    { env },
  );
  try {
    await useSessions(loaded.session, cachegate.store);
    await useRequests(loaded.web, cachegate);
    await useFetch(loaded.fetch, origin);
    await useFunction(loaded.function, cachegate.store);
    await seeErrors(loaded);
  } finally {
    await cachegate.close();
    await origin.close();
  }
}

async function useSessions({ createSessionStore }, store) {
  const sessions = createSessionStore({ store, secrets: [SECRET] });
  const { id } = await sessions.create({ user: 'ada', data: { visits: 1 } });
  assert.equal((await sessions.get(id)).user, 'ada');
  assert.equal(await sessions.delete(id), true);
  assert.equal(await sessions.get(id), null);
}

async function useRequests({ withCachegate, requireSession }, cachegate) {
  const answer = withCachegate(cachegate, async (request, { session }) => {
    if (new URL(request.url).pathname === '/login') await session.login('ada');
    return Response.json({ user: session.user });
  });
  const guarded = withCachegate(cachegate, () => new Response('in'), { guards: [requireSession] });
  assert.equal((await guarded(new Request('https://app.example/'))).status, 401);
  const login = await answer(new Request('https://app.example/login', { method: 'POST' }));
  const cookie = login.headers.getSetCookie()[0].split(';')[0];
  const request = new Request('https://app.example/', { headers: { cookie } });
  assert.equal(await (await guarded(request)).text(), 'in');
}

async function useFetch({ createCachedFetch, cacheOutcomeOf }, origin) {
  const services = { books: { origin: origin.url, cache: { ttl_seconds: 60 } } };
  const cachedFetch = await createCachedFetch({ store: 'memory:', services });
  try {
    assert.equal(await (await cachedFetch(`${origin.url}/1`)).text(), 'book');
    const second = await cachedFetch(`${origin.url}/1`);
    assert.equal(await second.text(), 'book');
    assert.equal(cacheOutcomeOf(second).hit, true);
    assert.equal(origin.asked(), 1);
  } finally {
    await cachedFetch.close();
  }
}

async function useFunction({ createFunctionCache }, store) {
  let calls = 0;
  const functions = await createFunctionCache({ store });
  const double = functions.cached(
    async (/** @type {{ n: number }} */ { n }) => {
      calls += 1;
      return { twice: 2 * n, at: new Date(0) };
    },
    { name: 'double', ttl: 60 },
  );
  assert.deepEqual(await double({ n: 4 }), { twice: 8, at: new Date(0) });
  assert.deepEqual(await double({ n: 4 }), { twice: 8, at: new Date(0) });
  assert.equal(calls, 1);
  await double.invalidate({ n: 4 });
  await double({ n: 4 });
  assert.equal(calls, 2);
  await functions.close();
}

/** An error of one subpath is of the class, and has the codes, that another exports. */
async function seeErrors({ root, app, session, web }) {
  const log = { error() {}, warn() {}, info() {}, debug() {}, child: () => log };
  const gate = web.createGate({ format: 0, config: {}, variables: [], transforms: {} }, { env, log });
  for (const call of [async () => session.createSessionStore({ secrets: [] }), () => gate.ready()]) {
    const error = await call().then(
      () => assert.fail('it is none'),
      (reason) => reason,
    );
    for (const { CachegateError, hasCode } of [root, app, session]) {
      assert.ok(error instanceof CachegateError, error.stack);
      assert.ok(hasCode(error, 'ERR_CONFIG_INVALID'));
    }
  }
}

async function startOrigin() {
  let asked = 0;
  const server = createServer((_request, response) => {
    asked += 1;
    response.setHeader('content-type', 'text/plain').end('book');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    asked: () => asked,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
