import { setTimeout as delay } from 'node:timers/promises';

const KEYS = Array.from({ length: 100 }, (_, i) => `/purged-${i}`);
const LOADERS = 8;
const LOADER_RESTS_MS = 3;
const ASKERS = 2;
// Long enough to see that nothing old comes after something new.
const WATCHED_ON_MS = 5;
const GIVE_UP_MS = 5_000;

/**
 * Purges one key after the other on one process, while the others are asked for it all the time.
 *
 * @param {object} task
 * @param {number} task.purges
 * @param {boolean} task.wait
 * @param {boolean} task.disturbed whether a connection is broken about when a purge is sent
 * @param {import('../test/fleet/fleet-origin.ts').FleetOrigin} task.origin
 * @param {import('./fleet.mjs').Fleet} task.fleet
 * @param {any} task.parts
 */
export async function measurePurges({ purges, wait, disturbed, origin, fleet, parts }) {
  const random = parts.createRandom(1);
  const clients = fleet.urls.map((url) => parts.createGateClient(url, ASKERS + LOADERS + 2));
  const failures = new Set();
  const load = startLoad(clients, random, failures);
  const servedOnMs = [];
  const ackMs = [];
  const startedAt = performance.now();
  for (let i = 0; i < purges; i += 1) {
    const key = KEYS[i % KEYS.length];
    await Promise.all(clients.map((client) => client.get(key)));
    const breaking = disturbed ? breakOne(fleet.proxies, random) : null;
    const result = await purgeOnce({ clients, by: i % clients.length, key, wait, origin });
    if (result.purge.ackedAt !== null) {
      servedOnMs.push(result.servedOnMs);
      ackMs.push(result.purge.ackedAt - result.purge.sentAt);
    }
    for (const fault of result.failures) failures.add(fault);
    await breaking;
  }
  const seconds = (performance.now() - startedAt) / 1_000;
  const loaded = await load.stop();
  await Promise.all(clients.map((client) => client.close()));
  return { servedOnMs, ackMs, loadRate: Math.round(loaded / seconds), failures: [...failures] };
}

/** Asks each process for warm keys, so that all have something to do. */
function startLoad(clients, random, failures) {
  let stopped = false;
  let count = 0;
  const work = async () => {
    while (!stopped) {
      const { status, body } = await random.pick(clients).get(random.pick(KEYS));
      if (status !== 200) failures.add(`a request of the load was answered with ${status}: ${body}`);
      count += 1;
      await delay(LOADER_RESTS_MS);
    }
  };
  const working = Array.from({ length: LOADERS }, work);
  return {
    async stop() {
      stopped = true;
      await Promise.all(working);
      return count;
    },
  };
}

/** One purge; `servedOnMs`: how long after its answer a request was sent that another process answered with what was purged. */
async function purgeOnce({ clients, by, key, wait, origin }) {
  const others = clients.filter((_, gate) => gate !== by);
  const seen = { answers: [], isOver: false };
  const asking = others.flatMap((client, other) =>
    Array.from({ length: ASKERS }, () => askOn(client, key, other, seen)),
  );
  await delay(1);
  const purge = await clients[by].purge({ target: key }, { wait });
  const isOld = ({ number }) => number !== null && origin.asked(key)[number].at < purge.sentAt;
  const newAt = (other) =>
    seen.answers.find((got) => got.other === other && got.sentAt > purge.ackedAt && !isOld(got))?.doneAt;
  const giveUpAt = performance.now() + GIVE_UP_MS;
  const isSettled = () =>
    others.every(
      (_, other) => performance.now() - (newAt(other) ?? Number.POSITIVE_INFINITY) > WATCHED_ON_MS,
    );
  while (purge.ackedAt !== null && !isSettled() && performance.now() < giveUpAt) await delay(1);
  seen.isOver = true;
  await Promise.all(asking);
  const old = purge.ackedAt === null ? [] : seen.answers.filter(isOld);
  const bad = seen.answers.find(({ status }) => status !== 200);
  return {
    purge,
    servedOnMs: Math.max(0, ...old.map(({ sentAt }) => sentAt - purge.ackedAt)),
    failures: bad === undefined ? [] : [`a request was answered with ${bad.status}: ${bad.body}`],
  };
}

async function askOn(client, key, other, seen) {
  while (!seen.isOver) seen.answers.push({ ...(await client.get(key)), other });
}

/** Breaks the tracking of a process at a random moment about now, in one of the ways in which it can break. */
async function breakOne(proxies, random) {
  const tracks = ({ names }) => names.includes('SUBSCRIBE');
  const proxy = random.pick(proxies);
  await delay(random.below(20));
  if (random.chance(0.5)) {
    proxy.cut(tracks);
    return;
  }
  proxy.swallow(tracks);
  await delay(random.below(1_500));
  proxy.heal();
}
