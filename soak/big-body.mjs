import { Redis } from 'iovalkey';
import { startBigBodyOrigin } from './big-body-origin.mjs';
import { BODY_BYTES, chunked, declared, firstByteLater, STALL_MS, uploaded } from './big-body-parts.mjs';
import { startChild } from './child.mjs';
import { proxySettings, startGate } from './gate.mjs';
import { watchResidentMemory } from './resident-memory.mjs';
import { startStore } from './store.mjs';

const MAX_GROWTH_MIB = 100;
// Less than a body that may be stored, more than connections take.
const MAX_STORED_MIB = 4;
const WARMING_REQUESTS = 200;

const SERVICE = { timeouts: { stall_ms: STALL_MS } };

const HEAD = ['1 GiB', 'origin asked', 'seconds', 'MiB a second', 'memory before MiB', 'grown by MiB'];

/** @type {import('./run.mjs').Case} */
export const bigBody = {
  name: 'big-body',
  about: '1 GiB to eight slow and eight fast readers, and one that stalls; and 1 GiB from a client',
  async run(around) {
    const origin = await startBigBodyOrigin(BODY_BYTES);
    const store = await startStore();
    const gate = await startGate('big-body', proxySettings(origin.url, store.url, SERVICE), around);
    const readers = startChild(new URL('body-readers-process.mjs', import.meta.url), [gate.url]);
    try {
      return await measure({ origin, store, gate, readers });
    } finally {
      await readers.end();
      await gate.end();
      await origin.close();
      await store.kill();
    }
  },
};

async function measure({ origin, store, gate, readers }) {
  const ask = (task, ...args) => readers.ask({ task, args });
  for (let i = 0; i < WARMING_REQUESTS; i += 1) await (await fetch(`${gate.url}/small`)).text();
  const stored = await watchStored(store.url);
  const firstByte = await firstByteLater(ask, origin);
  const rows = [];
  const faults = [...firstByte.faults];
  for (const part of [declared, chunked, uploaded]) {
    const memory = watchResidentMemory(gate.pid);
    const result = await part(ask, origin);
    const { beforeMib, grownMib } = memory.stop();
    rows.push([...result.cells, Math.round(beforeMib), Math.round(grownMib)]);
    if (grownMib >= MAX_GROWTH_MIB)
      faults.push(`${result.about}: memory grew by ${Math.round(grownMib)} MiB`);
    faults.push(...result.faults.map((fault) => `${result.about}: ${fault}`));
  }
  faults.push(...(await stored.faults()), ...gate.faults());
  return { tables: [{ title: 'Big bodies', head: HEAD, rows }, firstByte.table], faults };
}

/** Watches that nothing comes into a store which has a few small responses. */
async function watchStored(url) {
  const client = new Redis(url);
  const used = async () => Number(/^used_memory_peak:(\d+)/m.exec(await client.info('memory'))[1]);
  const keysBefore = await client.dbsize();
  const bytesBefore = await used();
  return {
    async faults() {
      const keys = (await client.dbsize()) - keysBefore;
      const mib = ((await used()) - bytesBefore) / (1024 * 1024);
      client.disconnect();
      const faults = keys === 0 ? [] : [`${keys} responses more were stored`];
      return mib < MAX_STORED_MIB ? faults : [...faults, `the store held ${mib.toFixed(1)} MiB more`];
    },
  };
}
