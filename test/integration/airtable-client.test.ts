import { resolve } from 'node:path';
import Airtable from 'airtable';
import { expect, it } from 'vitest';
import {
  SAMPLE_TABLE,
  startAirtableOrigin,
} from '../../examples/wagtail-airtable/sample/airtable-origin.mjs';
import { loadConfig } from '../../src/config/load-config.ts';
import { createLog } from '../../src/observe/log.ts';
import { startServer } from '../../src/server.ts';

const CONFIG = resolve(import.meta.dirname, '../../examples/airtable-cache/cachegate.yaml');

it('Airtable’s own client lists a whole table through the cache; the second time the origin is not asked', async () => {
  const origin = await startAirtableOrigin({ delayMs: 0 });
  const env = { AIRTABLE_API_KEY: SAMPLE_TABLE.apiKey };
  const overrides = { listen: '127.0.0.1:0', origins: { airtable: origin.url } };
  const config = await loadConfig({ file: CONFIG, cwd: '/', env, overrides });
  const log = createLog({ level: 'minimal', destination: { write: () => {} } });
  const server = await startServer({ ...config, admin_listen: 'off' }, { env, log });
  try {
    // The client has a key of its own to send; the service puts the real one in its place.
    const base = new Airtable({ endpointUrl: server.url, apiKey: 'key-of-the-client' }).base(
      SAMPLE_TABLE.baseId,
    );
    const list = () => base(SAMPLE_TABLE.tableName).select().all();
    const first = await list();
    const pages = origin.counters.requests;
    expect(first.length).toBeGreaterThan(200);
    expect(pages).toBeGreaterThan(2);
    for (const { headers } of origin.received) {
      expect((headers as Record<string, string>).authorization).toBe(`Bearer ${SAMPLE_TABLE.apiKey}`);
    }
    const second = await list();
    expect(second.map(({ id, fields }) => ({ id, fields }))).toEqual(
      first.map(({ id, fields }) => ({ id, fields })),
    );
    expect(origin.counters.requests).toBe(pages);
  } finally {
    await server.close(1_000);
    await origin.close();
  }
});
