import { createServer } from 'node:http';
import {
  SAMPLE_TABLE,
  startAirtableOrigin,
} from '../../examples/wagtail-airtable/sample/airtable-origin.mjs';
import { startAuthority } from '../../examples/wagtail-airtable/sample/authority.mjs';

// The servers that the cases of gate-behaviour.mjs need behind a gate. Plain JavaScript: it runs wherever they do.

/**
 * @typedef {object} PlainOrigin
 * @property {string} url
 * @property {{ method: string, url: string, headers: import('node:http').IncomingHttpHeaders }[]} received
 * @property {(() => void)[]} held lets go on what `/held/…` has begun to answer, each in its turn
 * @property {{ closed: number }} broken answers that nobody took to their end
 * @property {() => Promise<void>} close
 */

/** Starts them all; `env` is what gate-behaviour.yaml is to be read with. */
export async function startWorld({ delayMs = 0 } = {}) {
  const [authority, airtable, plain] = await Promise.all([
    startAuthority({ delayMs, sessionPrefix: 'load' }),
    startAirtableOrigin({ delayMs }),
    startPlainOrigin(),
  ]);
  return {
    ...{ authority, airtable, plain },
    env: {
      WAGTAIL_API_URL: authority.apiUrl,
      AIRTABLE_API_KEY: SAMPLE_TABLE.apiKey,
      AIRTABLE_BASE_ID: SAMPLE_TABLE.baseId,
      AIRTABLE_TABLE_NAME: SAMPLE_TABLE.tableName,
      AIRTABLE_ORIGIN: airtable.url,
      PLAIN_ORIGIN: plain.url,
      // Nobody listens on the port of Discard.
      AWAY_ORIGIN: 'http://127.0.0.1:9',
    },
    async close() {
      await Promise.all([authority.close(), airtable.close(), plain.close()]);
    },
  };
}

/** @returns {Promise<PlainOrigin>} */
async function startPlainOrigin() {
  /** @type {PlainOrigin['received']} */
  const received = [];
  /** @type {PlainOrigin['held']} */
  const held = [];
  const broken = { closed: 0 };
  const server = createServer((request, response) => {
    const { method = '', url = '', headers } = request;
    received.push({ method, url, headers });
    response.on('close', () => {
      if (!response.writableFinished) broken.closed += 1;
    });
    answer(request, response, { received, held });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(null)));
  const address = /** @type {import('node:net').AddressInfo} */ (server.address());
  return {
    ...{ received, held, broken, url: `http://127.0.0.1:${address.port}` },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/**
 * @param {import('node:http').IncomingMessage} request
 * @param {import('node:http').ServerResponse} response
 * @param {Pick<PlainOrigin, 'received' | 'held'>} state
 */
function answer(request, response, { received, held }) {
  const path = new URL(request.url ?? '/', 'http://origin.invalid').pathname;
  const [, first] = path.split('/');
  switch (first) {
    case 'echo': {
      response.writeHead(200, { 'Content-Type': 'text/plain', 'X-Method': String(request.method) });
      return void request.pipe(response);
    }
    case 'held': {
      response.writeHead(200, { 'Content-Type': 'text/plain' });
      response.write('first,');
      return void held.push(() => response.end('last'));
    }
    case 'endless': {
      response.writeHead(200, { 'Content-Type': 'text/plain' });
      return pour(response);
    }
    case 'broken': {
      response.writeHead(200, { 'Content-Type': 'text/plain', 'Content-Length': '1000' });
      return void response.write('not all', () => setTimeout(() => response.destroy(), 20));
    }
    case 'cookies': {
      return void response.writeHead(200, { 'Set-Cookie': ['a=1; Path=/', 'b=2; HttpOnly'] }).end('cookies');
    }
    case 'nothing': {
      return void response.writeHead(204).end();
    }
    case 'cached': {
      const fields = { 'Cache-Control': 'max-age=60', ETag: '"one"', 'Content-Type': 'text/plain' };
      return void response.writeHead(200, fields).end(`answer ${received.length}`);
    }
    case 'revalidated': {
      const fields = { 'Cache-Control': 'max-age=0, stale-while-revalidate=60', ETag: '"same"' };
      if (request.headers['if-none-match'] === '"same"') return void response.writeHead(304, fields).end();
      return void response.writeHead(200, fields).end('revalidated');
    }
    case 'redirect': {
      return void response.writeHead(302, { Location: '/elsewhere' }).end();
    }
    default: {
      response.writeHead(200, { 'Content-Type': 'text/plain' }).end(request.url);
    }
  }
}

/**
 * Writes for as long as somebody reads.
 * @param {import('node:http').ServerResponse} response
 */
function pour(response) {
  const chunk = 'x'.repeat(16_384);
  const more = () => {
    while (!response.destroyed && response.write(chunk));
  };
  response.on('drain', more);
  more();
}
