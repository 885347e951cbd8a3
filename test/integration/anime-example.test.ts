import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startValkeyServer } from '../support/valkey-server.ts';

// The example on the built package, as its README says, with fewer series and quicker origins.

const RUN = resolve(import.meta.dirname, '../../examples/anime-enrichment/run.mjs');
const DEADLINE_MS = 60_000;
const ENTRIES = 30;
/** One more is asked for that nobody knows: it is a 404 of the first origin. */
const ASKED = ENTRIES + 1;
/** Every 25th of the list stands in it twice. */
const AGAIN = 2;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cachegate-example-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function runTwice(cacheUrl: string) {
  const { REDIS_URL: _, ...env } = process.env;
  const { stdout } = await promisify(execFile)(process.execPath, [RUN, '--json'], {
    env: {
      ...env,
      CACHE_URL: cacheUrl,
      ENTRIES: String(ENTRIES),
      DELAY_MS: '10',
      JIKAN_LIMITS: '1000/1,2000/3',
      ANILIST_LIMITS: '1000/1',
    },
    timeout: DEADLINE_MS,
  });
  const runs = JSON.parse(stdout);
  expect(runs).toHaveLength(2);
  return runs;
}

function expectCached([first, second]: Awaited<ReturnType<typeof runTwice>>) {
  const counts = { warmed_count: ENTRIES, failed_count: 1, total_requested: ASKED, duplicates: AGAIN };
  expect(first.report.counts).toEqual(counts);
  expect(second.report.counts).toEqual(counts);
  expect(second.report.best).toEqual(first.report.best);
  expect(first.asked).toEqual({ jikan: ASKED, anilist: ENTRIES });
  expect(second.asked).toEqual({ jikan: 0, anilist: 0 });
  expect(first.report.stats).toMatchObject({ hit_rate: 0, total_misses: ASKED + 2 * ENTRIES });
  expect(second.report.stats).toMatchObject({
    hit_rate: 1,
    total_hits: ASKED + 2 * ENTRIES,
    total_entries: ASKED + 2 * ENTRIES,
    per_service: {
      jikan: { hit_rate: 1, total_hits: ASKED, total_misses: 0 },
      anilist: { hit_rate: 1, total_hits: ENTRIES, total_misses: 0 },
      values: { hit_rate: 1, total_hits: ENTRIES, total_misses: 0 },
    },
  });
}

describe('the pipeline that is run twice', () => {
  it(
    'asks its origins once for each series, and on disk it stays so',
    async () => expectCached(await runTwice(`lmdb:${folder}`)),
    DEADLINE_MS,
  );

  it(
    'keeps it in Valkey where CACHE_URL says so',
    async () => {
      const valkey = await startValkeyServer();
      try {
        expectCached(await runTwice(valkey.url));
      } finally {
        await valkey.stop();
      }
    },
    DEADLINE_MS,
  );
});
