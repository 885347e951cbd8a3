import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';

// What a gate answers, wherever it runs: cases over anything like `fetch`, with the servers of behaviour-world.mjs behind
// a gate of gate-behaviour.yaml. Plain JavaScript, so that each runtime can run them as they are.

/**
 * @typedef {object} Asked
 * @property {(request: Request, context?: object) => Promise<Response>} fetch the gate's own, or one that leads to it
 * @property {Awaited<ReturnType<import('./behaviour-world.mjs').startWorld>>} world
 * @property {string} [base] where the gate is; the default is a name that `fetch` need not look up
 * @property {(line: string) => void} [log]
 */

const EXTENSION = 'chrome-extension://abcdefghijklmnopabcdefghijklmnop';
const PAGE = '/api/airtable-proxy?pagePath=/parking/resident-permits';

let sessions = 0;

/** A session that the authority knows and nobody else has. */
function newSession() {
  sessions += 1;
  return `load-${Date.now().toString(36)}-${sessions}`;
}

/** @param {Asked} asked */
function asker({ fetch, base = 'http://gate.test' }) {
  /** @type {Promise<unknown>[]} */
  const works = [];
  const context = {
    peer: '192.0.2.7',
    /** @param {Promise<unknown>} work */
    waitUntil: (work) => void works.push(work),
  };
  return {
    /**
     * @param {string} target
     * @param {RequestInit & { duplex?: 'half' }} [init]
     */
    ask: (target, init = {}) => fetch(new Request(base + target, { redirect: 'manual', ...init }), context),
    /**
     * As the extension asks for a page.
     * @param {{ session?: string | null, origin?: string | null, target?: string, method?: string, headers?: Record<string, string> }} [options]
     */
    page({ session = newSession(), origin = EXTENSION, target = PAGE, method = 'GET', headers = {} } = {}) {
      const all = {
        ...(origin !== null && { Origin: origin }),
        ...(session !== null && { 'X-Wagtail-Session': session }),
        ...headers,
      };
      return fetch(new Request(base + target, { method, headers: all }), context);
    },
    /** Until what was given to `waitUntil` is done; where nobody asks for it, nothing was given. */
    settled: () => Promise.all(works),
  };
}

/**
 * @param {Response} response
 * @param {number} status
 * @param {string} error
 */
async function assertRefused(response, status, error) {
  assert.equal(response.status, status);
  assert.match(response.headers.get('content-type') ?? '', /^application\/json/);
  assert.deepEqual(await response.json(), { error });
}

/** @param {() => boolean} condition */
async function eventually(condition) {
  for (let i = 0; i < 500 && !condition(); i += 1) await sleep(10);
  assert.ok(condition(), String(condition));
}

/**
 * What is stored is so behind an answer; where nobody says when, it is soon.
 * @param {() => Promise<Response>} ask
 */
async function untilHit(ask) {
  for (let attempts = 1; ; attempts += 1) {
    const response = await ask();
    const outcome = response.headers.get('cache-status') ?? '';
    if (attempts === 5 || outcome.startsWith('cachegate; hit')) {
      assert.match(outcome, /^cachegate; hit/);
      return response;
    }
    await response.arrayBuffer();
    await sleep(100);
  }
}

const unique = (/** @type {string} */ path) => `${path}/${Math.random().toString(36).slice(2)}`;

/** @type {Record<string, (asked: Asked) => Promise<void>>} */
export const GATE_CASES = {
  '200 with the records of a page, missed and then hit': async (asked) => {
    const { page, settled } = asker(asked);
    const session = newSession();
    const missed = await page({ session });
    assert.equal(missed.status, 200);
    assert.equal(missed.headers.get('access-control-allow-origin'), EXTENSION);
    assert.match(missed.headers.get('vary') ?? '', /Origin/);
    assert.match(missed.headers.get('ratelimit') ?? '', /^"session";r=9;t=\d+/);
    const { records } = await missed.json();
    assert.equal(records.length, 5);
    await settled();
    const hit = await untilHit(() => page({ session }));
    assert.match(hit.headers.get('cache-status') ?? '', /^cachegate; hit; ttl=\d+$/);
    assert.deepEqual(await hit.json(), { records });
  },

  'HEAD as GET, without the content': async (asked) => {
    const { page } = asker(asked);
    const head = await page({ method: 'HEAD' });
    assert.equal(head.status, 200);
    assert.equal(await head.text(), '');
    assert.match(head.headers.get('content-type') ?? '', /^application\/json/);
  },

  '204 to a preflight': async (asked) => {
    const headers = {
      'Access-Control-Request-Method': 'GET',
      'Access-Control-Request-Headers': 'x-wagtail-session',
    };
    const response = await asker(asked).page({ method: 'OPTIONS', session: null, headers });
    assert.equal(response.status, 204);
    assert.equal(response.headers.get('access-control-allow-methods'), 'GET, HEAD');
    assert.equal(response.headers.get('access-control-allow-origin'), EXTENSION);
    assert.equal(await response.text(), '');
  },

  '400 without a pagePath': async (asked) => {
    const response = await asker(asked).page({ target: '/api/airtable-proxy' });
    await assertRefused(response, 400, 'Missing pagePath parameter');
  },

  '401 without a session, or with one that nobody knows': async (asked) => {
    const { page } = asker(asked);
    for (const session of [null, 'unknown-0123456789', 'a'.repeat(5_000)]) {
      await assertRefused(await page({ session }), 401, 'Invalid or expired session');
    }
  },

  '403 to other origins, and to none': async (asked) => {
    const { page } = asker(asked);
    for (const origin of [null, 'https://evil.example', 'http://localhost:3000']) {
      const response = await page({ origin });
      assert.equal(response.headers.get('access-control-allow-origin'), null);
      await assertRefused(response, 403, 'Origin not allowed');
    }
  },

  '404 to what is no service': async (asked) => {
    await assertRefused(await asker(asked).ask('/nowhere'), 404, 'Not found');
  },

  '405 to other methods': async (asked) => {
    const response = await asker(asked).page({ method: 'POST' });
    assert.equal(response.headers.get('allow'), 'GET, HEAD');
    await assertRefused(response, 405, 'Method not allowed');
  },

  '429 to the eleventh request of a session': async (asked) => {
    const { page } = asker(asked);
    const session = newSession();
    for (let left = 9; left >= 0; left -= 1) {
      const response = await page({ session });
      assert.equal(response.status, 200);
      assert.match(response.headers.get('ratelimit') ?? '', new RegExp(`^"session";r=${left};t=\\d+`));
      await response.arrayBuffer();
    }
    const refused = await page({ session });
    const after = Number(refused.headers.get('retry-after'));
    assert.ok(after >= 1 && after <= 10, `Retry-After: ${after}`);
    await assertRefused(refused, 429, 'Too many requests');
  },

  '500 to a fault in the code': async (asked) => {
    await assertRefused(await asker(asked).ask('/failing'), 500, 'Internal server error');
  },

  '502 for an origin that is away': async (asked) => {
    await assertRefused(await asker(asked).ask(unique('/away')), 502, 'The origin could not be reached');
  },

  'the target as it was asked for': async (asked) => {
    const target = '/a%20b/%C3%A9;c=1?d=%2F&e&f=g+h&&';
    const response = await asker(asked).ask(`/plain${target}`);
    assert.equal(await response.text(), target);
  },

  'methods and contents as they came': async (asked) => {
    const { ask } = asker(asked);
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
      const response = await ask('/plain/echo', { method, body: `a ${method}` });
      assert.equal(response.headers.get('x-method'), method);
      assert.equal(await response.text(), `a ${method}`);
    }
  },

  'an upload while it comes': async (asked) => {
    const parts = ['one,', 'two,', 'three'];
    const body = new ReadableStream({
      async pull(controller) {
        const part = parts.shift();
        if (part === undefined) controller.close();
        else controller.enqueue(new TextEncoder().encode(part));
      },
    });
    const response = await asker(asked).ask('/plain/echo', { method: 'POST', body, duplex: 'half' });
    assert.equal(await response.text(), 'one,two,three');
  },

  'an answer while it comes': async (asked) => {
    const { held } = asked.world.plain;
    const response = await asker(asked).ask(unique('/plain/held'));
    assert.ok(response.body);
    const reader = response.body.getReader();
    const first = await reader.read();
    assert.equal(new TextDecoder().decode(first.value), 'first,');
    held.shift()?.();
    let rest = '';
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      rest += new TextDecoder().decode(next.value);
    }
    assert.equal(rest, 'last');
  },

  'an answer that breaks off as one that does': async (asked) => {
    const { ask } = asker(asked);
    const response = await ask(unique('/plain/broken'));
    assert.equal(response.status, 200);
    await assert.rejects(response.text());
  },

  'no more of an answer that nobody takes': async (asked) => {
    const { broken } = asked.world.plain;
    const before = broken.closed;
    const response = await asker(asked).ask(unique('/plain/endless'));
    assert.ok(response.body);
    const reader = response.body.getReader();
    await reader.read();
    await reader.cancel();
    await eventually(() => broken.closed > before);
  },

  'no more of an answer whose request is aborted': async (asked) => {
    const { broken } = asked.world.plain;
    const before = broken.closed;
    const client = new AbortController();
    const response = await asker(asked).ask(unique('/plain/endless'), { signal: client.signal });
    const reading = response.text();
    client.abort();
    await assert.rejects(reading);
    await eventually(() => broken.closed > before);
  },

  'each cookie that is set': async (asked) => {
    const response = await asker(asked).ask(unique('/plain/cookies'));
    assert.deepEqual(response.headers.getSetCookie(), ['a=1; Path=/', 'b=2; HttpOnly']);
    assert.equal(await response.text(), 'cookies');
  },

  '204 without content, and redirects as they are': async (asked) => {
    const { ask } = asker(asked);
    const nothing = await ask(unique('/plain/nothing'));
    assert.equal(nothing.status, 204);
    assert.equal(await nothing.text(), '');
    const redirect = await ask(unique('/plain/redirect'));
    assert.equal(redirect.status, 302);
  },

  'what is stored, whole and as 304': async (asked) => {
    const { ask, settled } = asker(asked);
    const target = unique('/plain/cached');
    const first = await (await ask(target)).text();
    await settled();
    const second = await untilHit(() => ask(target));
    assert.equal(second.headers.get('content-length'), String(first.length));
    assert.equal(await second.text(), first);
    const unchanged = await ask(target, { headers: { 'If-None-Match': '"one"' } });
    assert.equal(unchanged.status, 304);
    assert.equal(await unchanged.text(), '');
    const head = await ask(target, { method: 'HEAD' });
    assert.match(head.headers.get('cache-status') ?? '', /^cachegate; hit/);
    assert.equal(await head.text(), '');
  },

  'a stale answer at once, validated behind it': async (asked) => {
    const { received } = asked.world.plain;
    const { ask, settled } = asker(asked);
    const target = unique('/plain/revalidated');
    await (await ask(target)).text();
    await settled();
    const stale = await untilHit(() => ask(target));
    assert.equal(await stale.text(), 'revalidated');
    const asksFor = `/${target.split('/').slice(2).join('/')}`;
    const validations = () =>
      received.filter(({ url, headers }) => url === asksFor && headers['if-none-match'] === '"same"').length;
    await settled();
    // While the first answer is still being stored, the validation is left to whoever stores it.
    for (let i = 0; i < 100 && validations() === 0; i += 1) {
      await sleep(20);
      await (await ask(target)).arrayBuffer();
      await settled();
    }
    assert.ok(validations() >= 1);
  },
};
