import { setTimeout as sleep } from 'node:timers/promises';
import { createRandom, type Random } from '../model/random.ts';
import type { TcpProxy } from '../support/tcp-proxy.ts';
import { BOUNDS, type Disturbance, type History, type Purge, type Read } from './coherence.ts';
import { type FleetOrigin, type OriginRequest, startFleetOrigin } from './fleet-origin.ts';
import { createGateClient, type GateClient } from './gate-client.ts';

/**
 * A fleet under random requests: reads, purges, expiries and broken links. What is asked, of whom, in which order by each
 * worker, and what happens to the links, follows from the seed; how the workers' steps interleave does not.
 */
export interface CoherenceRun {
  readonly seed: number;
  readonly operations: number;
  /** How many requests are under way. */
  readonly workers?: number;
  /** Whether links are broken. */
  readonly disturbed?: boolean;
}

export interface CoherenceFleet {
  readonly urls: readonly string[];
  /** Between each gate and the store. */
  readonly proxies: readonly TcpProxy[];
}

const KEYS = Array.from({ length: 40 }, (_, i) => `/key-${i}`);
const tagsOf = (key: string) => {
  const number = Number(key.slice('/key-'.length));
  return [`t${number % 7}`, `u${number % 3}`];
};
const freshSeconds = (key: string) => (Number(key.slice('/key-'.length)) % 4 === 0 ? 1 : 600);
/** How long the origin takes at most, each as often as the number before it says. */
const DELAYS_MS = [
  [50, 1],
  [45, 30],
  [5, 600],
] as const;

/** The origin of such a run, with an address for each gate. */
export function startCoherenceOrigin(gates: number, seed: number): Promise<FleetOrigin> {
  const random = createRandom(seed);
  return startFleetOrigin(gates, ({ target }: OriginRequest) => ({
    fields: { 'Cache-Control': `max-age=${freshSeconds(target)}`, 'Cache-Tag': tagsOf(target).join(', ') },
    delayMs: random.weighted(DELAYS_MS.map(([weight, most]) => [weight, random.below(most)] as const)),
  }));
}

export async function runCoherence(
  fleet: CoherenceFleet,
  origin: FleetOrigin,
  { seed, operations, workers = 24, disturbed = true }: CoherenceRun,
): Promise<History & { readonly hits: number; readonly failedPurges: number }> {
  const clients = fleet.urls.map((url) => createGateClient(url, workers));
  const recorder = new Recorder(clients);
  let left = operations;
  const work = async (random: Random) => {
    while (left > 0) {
      left -= 1;
      await oneOperation(random, recorder, clients.length);
    }
  };
  const stop = new AbortController();
  const disturbing = disturbed
    ? disturb(fleet.proxies, createRandom(~seed), stop.signal)
    : Promise.resolve([]);
  await Promise.all(Array.from({ length: workers }, (_, i) => work(createRandom(seed * 1_000 + i))));
  stop.abort();
  const disturbances = await disturbing;
  // What was wrongly kept is seen when every purge binds every gate.
  await sleep(BOUNDS.disturbedMs + 100);
  for (const key of KEYS) await Promise.all(clients.map((_, gate) => recorder.read(gate, key)));
  await Promise.all(clients.map((client) => client.close()));
  return {
    ...{ reads: recorder.reads, purges: recorder.purges, disturbances },
    askedAt: (key, number) => origin.asked(key)[number]?.at,
    freshMs: (key) => freshSeconds(key) * 1_000,
    hits: recorder.hits,
    failedPurges: recorder.purges.filter(({ ackedAt }) => ackedAt === null).length,
  };
}

class Recorder {
  readonly reads: Read[] = [];
  readonly purges: Purge[] = [];
  hits = 0;
  readonly #clients: readonly GateClient[];

  constructor(clients: readonly GateClient[]) {
    this.#clients = clients;
  }

  async read(gate: number, key: string): Promise<void> {
    const { sentAt, status, number, cacheStatus, body } = await this.#clients[gate]!.get(key);
    if (/;\s*hit\b/.test(cacheStatus)) this.hits += 1;
    const about = number === null ? body.slice(0, 200) : cacheStatus;
    this.reads.push({ gate, key, sentAt, status, number, about });
  }

  async purge(
    gate: number,
    what: { target: string } | { tags: string[] },
    how: { wait: boolean; soft: boolean },
  ): Promise<void> {
    const { sentAt, ackedAt } = await this.#clients[gate]!.purge(what, how);
    const keys =
      'target' in what
        ? [what.target]
        : KEYS.filter((key) => what.tags.every((tag) => tagsOf(key).includes(tag)));
    const about = `${how.soft ? 'soft' : 'hard'}, ${how.wait ? 'with' : 'without'} wait, ${JSON.stringify(what)}`;
    this.purges.push({ gate, about, keys, sentAt, ackedAt, wait: how.wait });
  }
}

async function oneOperation(random: Random, recorder: Recorder, gates: number): Promise<void> {
  const gate = random.below(gates);
  // A few are asked for most of the time, so that much happens to them at once.
  const key = random.chance(0.6) ? KEYS[random.below(6)]! : random.pick(KEYS);
  const how = { wait: random.chance(0.5), soft: random.chance(0.3) };
  const what = random.weighted([
    [900, 'read'],
    [30, 'read everywhere'],
    [45, 'purge'],
    [12, 'purge a tag'],
    [13, 'purge two tags'],
  ] as const);
  if (what === 'read') return recorder.read(gate, key);
  if (what === 'purge') return recorder.purge(gate, { target: key }, how);
  if (what === 'read everywhere') {
    await Promise.all(Array.from({ length: gates }, (_, each) => recorder.read(each, key)));
    return;
  }
  const tags = tagsOf(key);
  return recorder.purge(gate, { tags: what === 'purge a tag' ? [random.pick(tags)] : tags }, how);
}

/** Does to the links what networks do, one after the other; answers what was done when. */
async function disturb(
  proxies: readonly TcpProxy[],
  random: Random,
  signal: AbortSignal,
): Promise<Disturbance[]> {
  const done: Disturbance[] = [];
  while (!signal.aborted) {
    await sleep(100 + random.below(400));
    const gate = random.below(proxies.length);
    const from = performance.now();
    const about = await disturbOnce(proxies[gate]!, random);
    done.push({ gate, about, from, to: performance.now() });
  }
  return done;
}

const tracks = ({ names }: { readonly names: readonly string[] }) => names.includes('SUBSCRIBE');

async function disturbOnce(proxy: TcpProxy, random: Random): Promise<string> {
  const what = random.pick([
    'cut',
    'cut tracking',
    'cut the rest',
    'swallow',
    'swallow tracking',
    'delay',
  ] as const);
  const lastsMs = 50 + random.below(1_500);
  if (what === 'cut') proxy.cut();
  else if (what === 'cut tracking') proxy.cut(tracks);
  else if (what === 'cut the rest') proxy.cut((connection) => !tracks(connection));
  else {
    if (what === 'delay') proxy.delay(1 + random.below(40));
    else proxy.swallow(what === 'swallow' ? undefined : tracks);
    await sleep(lastsMs);
    proxy.heal();
  }
  return what;
}
