import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FleetOrigin, type OriginRequest, startFleetOrigin } from '../fleet/fleet-origin.ts';
import { createGateClient, type GateClient, type Got } from '../fleet/gate-client.ts';
import { type LocalFleet, startLocalFleet } from '../fleet/local-fleet.ts';
import { createRandom } from '../model/random.ts';

const GATES = 4;
const CLIENTS = 50;
const STORABLE = { 'Cache-Control': 'max-age=60' };
// Hundreds of requests in the process of the test may well take longer than a store's usual deadline.
const SETTINGS = { store_timeout_ms: 10_000 };

describe(`${GATES} gates that are asked for cold keys by ${CLIENTS} clients each`, () => {
  let origin: FleetOrigin;
  let fleet: LocalFleet;
  let clients: GateClient[];
  let answers: (request: OriginRequest) => Promise<unknown> | false;
  let release: () => void;

  beforeEach(async () => {
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    answers = () => held;
    origin = await startFleetOrigin(GATES, (request) => ({ fields: STORABLE, when: answers(request) }));
    fleet = await startLocalFleet(origin.urls, SETTINGS);
    clients = fleet.urls.map((url) => createGateClient(url, CLIENTS));
  });
  afterEach(async () => {
    release();
    await Promise.all(clients.map((client) => client.close()));
    await fleet.close();
    await origin.close();
  });

  const askAll = (targetOf: (client: number) => string, gates = clients) =>
    Promise.all(
      gates.flatMap((client) => Array.from({ length: CLIENTS }, (_, i) => client.get(targetOf(i)))),
    );
  const outcomes = (all: readonly Got[]) => [...new Set(all.map(({ status, body }) => `${status} ${body}`))];

  it('cost one origin request', async () => {
    const asking = askAll(() => '/cold');
    await expect.poll(() => origin.asked('/cold').length).toBe(1);
    release();
    expect(outcomes(await asking)).toEqual(['200 /cold 0']);
    expect(origin.asked('/cold')).toHaveLength(1);
  });

  it('cost one origin request for each of 50 keys at random', async () => {
    const random = createRandom(7);
    const targets = Array.from({ length: 50 }, (_, i) => `/cold-${i}`);
    release();
    const all = await askAll(() => random.pick(targets));
    expect(new Set(all.map(({ status }) => status))).toEqual(new Set([200]));
    expect(targets.map((target) => origin.asked(target).length).filter((count) => count > 1)).toEqual([]);
  });

  it('cost two when the first to ask loses its way to the store and is never answered', async () => {
    answers = ({ number }) => number > 0 && Promise.resolve();
    const asking = clients.map((client) => askAll(() => '/cold', [client]));
    await expect.poll(() => origin.asked('/cold').length).toBe(1);
    const leader = origin.asked('/cold')[0]!.gate;
    fleet.proxies[leader]!.refuse();
    const survivors = await Promise.all(asking.filter((_, gate) => gate !== leader));
    expect(outcomes(survivors.flat())).toHaveLength(1);
    expect(survivors[0]![0]!.status).toBe(200);
    // Of those that had no answer of the store yet, the first one's process asks for each.
    expect(origin.asked('/cold').filter(({ gate }) => gate !== leader)).toHaveLength(1);
    await clients[leader]!.close();
    await asking[leader];
  });

  it('wait for nobody when the answer is not to be shared', async () => {
    await origin.close();
    const own = { 'Cache-Control': 'private' };
    origin = await startFleetOrigin(GATES, () => ({ fields: own }));
    await fleet.close();
    fleet = await startLocalFleet(origin.urls, SETTINGS);
    clients = fleet.urls.map((url) => createGateClient(url, CLIENTS));
    const all = await askAll(() => '/own');
    expect(new Set(all.map(({ status }) => status))).toEqual(new Set([200]));
    expect(outcomes(all)).toHaveLength(GATES * CLIENTS);
  });
});
