import { Redis } from 'iovalkey';
import { afterAll, beforeAll, it } from 'vitest';
import { createTracking } from '../../src/store/valkey/tracking.ts';
import { type SentinelSetup, startSentinel } from '../support/sentinel.ts';
import { untilSo } from '../support/server-process.ts';

const KEY = 'response:{svc:a}';

let setup: SentinelSetup;
beforeAll(async () => {
  setup = await startSentinel();
});
afterAll(() => setup.stop());

it('tracking follows the client to the new master after a failover', async () => {
  const sentinels = setup.sentinels.map(({ port }) => ({ host: '127.0.0.1', port }));
  const client = new Redis({ sentinels, name: 'cachegate', failoverDetector: true, retryStrategy: () => 50 });
  client.on('error', () => {});
  const tracking = createTracking({ client });
  const heard: string[] = [];
  tracking.listen({ changed: (key) => heard.push(key), lost: () => heard.push('lost') });
  const coherent = () =>
    untilSo('Changes are heard', async () => tracking.coherentUntil(KEY)! > performance.now());
  await coherent();
  await setup.failover();
  await untilSo('The failover is noticed', async () => heard.includes('lost'));
  await coherent();
  const master = new Redis((await setup.master()).port, '127.0.0.1');
  await master.set(KEY, 'x', 'PX', 60_000);
  await untilSo('The write is heard of', async () => heard.includes(KEY));
  await tracking.confirmed();
  master.disconnect();
  await tracking.close();
  client.disconnect();
});
