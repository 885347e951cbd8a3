import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'iovalkey';
import { Pool } from 'undici';
import { decodeStoredForm } from '../dist/response-cache/stored-form.js';
import { proxySettings } from './gate.mjs';
import { startProbedGate } from './probed-gate.mjs';
import { startStore } from './store.mjs';
import { BODY, startUnchangingOrigin } from './unchanging-origin.mjs';

// The process is warm then: its code is compiled, its heap as large as it is going to be.
const WARMING = 2_000;
const FIRST = 200;
const ALL = 2_000;
// Each client asks for a resource of its own, one request after the other, so that each is one validation.
const CLIENTS = 8;
const SETTLING_MS = 500;
const RENEWED_AFTER_MS = 1_100;

// What may differ between two looks at a process that holds the same.
const SLACK = { sockets: 0, handles: 2, heapMib: 1, residentMib: 16 };

const HEAD = ['store', 'answered with 304', 'sockets', 'handles', 'heap MiB', 'resident MiB'];

/** @type {import('./run.mjs').Case} */
export const revalidations = {
  name: 'revalidations',
  about: `${ALL} validations, each answered with 304`,
  async run(around) {
    const rows = [];
    const faults = [];
    const store = await startStore();
    try {
      for (const [name, url] of Object.entries({ memory: 'memory:', Valkey: store.url })) {
        const result = await runOn(name, url, around);
        rows.push(...result.rows);
        faults.push(...result.faults.map((fault) => `${name}: ${fault}`));
      }
    } finally {
      await store.kill();
    }
    return { tables: [{ title: 'Validations', head: HEAD, rows }], faults };
  },
};

async function runOn(name, storeUrl, around) {
  const origin = await startUnchangingOrigin();
  const gate = await startProbedGate(`revalidations-${name}`, proxySettings(origin.url, storeUrl), around);
  const pool = new Pool(gate.url, { connections: CLIENTS });
  try {
    const faults = await ask(pool, WARMING);
    const before = origin.validations();
    const looks = [];
    for (const count of [FIRST, ALL - FIRST]) {
      faults.push(...(await ask(pool, count)));
      await delay(SETTLING_MS);
      looks.push({ ...(await gate.holdings()), validations: origin.validations() - before });
    }
    if (looks[1].validations !== ALL) faults.push(`${looks[1].validations} validations, not ${ALL}`);
    faults.push(...growth(...looks), ...gate.faults());
    if (storeUrl !== 'memory:') faults.push(...(await storeFaults(storeUrl, pool)));
    return { rows: looks.map((look) => rowOf(name, look)), faults };
  } finally {
    await pool.destroy();
    await gate.end();
    await origin.close();
  }
}

/** So many requests, shared out among the clients; each answer must be whole, and newer than the client's last. */
async function ask(pool, count) {
  const faults = new Set();
  await Promise.all(
    Array.from({ length: CLIENTS }, async (_, client) => {
      let last = 0;
      for (let i = client; i < count; i += CLIENTS) {
        const { statusCode, headers, body } = await pool.request({ method: 'GET', path: `/${client}` });
        if (statusCode !== 200 || (await body.text()) !== BODY) faults.add('an answer was not whole');
        if (Number(headers.served) <= last) faults.add('an answer has old fields');
        last = Number(headers.served);
      }
    }),
  );
  return [...faults];
}

function growth(first, last) {
  return Object.entries(SLACK)
    .filter(([name, slack]) => last[name] > first[name] + slack)
    .map(([name]) => `${name}: ${first[name]} after ${FIRST}, ${last[name]} after ${ALL}`);
}

/** The store's own copy: its time to live begins anew, its fields are those of the 304, its body is what it was. */
async function storeFaults(url, pool) {
  const client = new Redis(url);
  const look = async () => {
    const [key] = (await client.keys('response:*}')).sort();
    const { response, body } = decodeStoredForm(await client.getBuffer(key));
    const at = response.fields.indexOf('Served');
    return { ttlMs: await client.pttl(key), served: response.fields[at + 1], body: String(body) };
  };
  await delay(RENEWED_AFTER_MS);
  const before = await look();
  const faults = await ask(pool, CLIENTS);
  await delay(SETTLING_MS);
  const after = await look();
  client.disconnect();
  if (after.ttlMs <= before.ttlMs) faults.push(`time to live: ${before.ttlMs} ms, then ${after.ttlMs} ms`);
  if (after.served === before.served) faults.push('the stored fields are old');
  if (after.body !== BODY) faults.push('the stored body is another');
  return faults;
}

function rowOf(name, { validations, sockets, handles, heapMib, residentMib }) {
  return [name, validations, sockets, handles, heapMib.toFixed(1), residentMib.toFixed(1)];
}
