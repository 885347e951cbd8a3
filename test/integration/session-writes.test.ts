import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type SessionProcess, startSessionProcess } from '../support/session-process.ts';
import { startValkeyServer, type ValkeyServer } from '../support/valkey-server.ts';

// `npm run soak -- session-writes` is the same over HTTP, timed.

const WRITES = 1_000;
const FIELDS = Array.from({ length: WRITES }, (_, i) => `f${i}`);

let valkey: ValkeyServer;
beforeAll(async () => {
  valkey = await startValkeyServer();
});
afterAll(() => valkey.stop());

describe.each(['on', 'off'])('two processes that write to one session, near cache %s', (nearCache) => {
  let processes: SessionProcess[];
  let cookie: string;

  beforeAll(() => {
    const sessions = { secrets: ['a secret that both processes are given'] };
    const near = nearCache === 'off' ? { near_cache: 'off' } : {};
    const options = {
      store: valkey.url,
      store_timeout_ms: 10_000,
      logging_level: 'minimal',
      ...near,
      sessions,
    };
    processes = [startSessionProcess(options), startSessionProcess(options)];
  });
  beforeEach(async () => {
    cookie = await processes[0]!.login('ada');
  });
  afterAll(() => Promise.all(processes.map((each) => each.close())));

  /** Each of them does its half, all at once. */
  async function both(kind: 'add' | 'count', fields: readonly string[]): Promise<void> {
    const half = (which: number) => fields.filter((_, i) => i % 2 === which);
    await Promise.all(processes.map((each, i) => each[kind](cookie, half(i))));
  }

  it('lose none of 1,000 changes of different fields', async () => {
    await both('add', FIELDS);
    for (const each of processes) {
      await expect.poll(() => each.read(cookie, FIELDS)).toEqual(FIELDS.map(() => 1));
    }
    expect(await processes[1]!.user(cookie)).toBe('ada');
  });

  it('lose none of 1,000 updates of one field', async () => {
    await both(
      'count',
      FIELDS.map(() => 'n'),
    );
    for (const each of processes) await expect.poll(() => each.read(cookie, ['n'])).toEqual([WRITES]);
  });

  it('lose no changes while another process updates a field', async () => {
    const [one, other] = processes as [SessionProcess, SessionProcess];
    await Promise.all([
      one.add(cookie, FIELDS.slice(0, 200)),
      other.count(
        cookie,
        FIELDS.slice(0, 200).map(() => 'n'),
      ),
    ]);
    await expect
      .poll(() => other.read(cookie, ['n', ...FIELDS.slice(0, 200)]))
      .toEqual([200, ...FIELDS.slice(0, 200).map(() => 1)]);
  });

  it('bring no session back that one of them ends meanwhile', async () => {
    const [one, other] = processes as [SessionProcess, SessionProcess];
    await Promise.all([other.add(cookie, FIELDS.slice(0, 100)), one.logout(cookie)]);
    await other.add(cookie, ['late']);
    for (const each of processes) await expect.poll(() => each.user(cookie)).toBeNull();
  });
});
