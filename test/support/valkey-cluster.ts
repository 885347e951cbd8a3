import { Redis } from 'iovalkey';
import { freePort, untilSo } from './server-process.ts';
import type { ServerKind } from './server-program.ts';
import { startValkeyServer, type ValkeyServer } from './valkey-server.ts';

/** A real Cluster on loopback: three masters, each with a replica that takes over when its master dies. */
export interface ValkeyCluster {
  /** As the product's configuration has it: `redis+cluster://host:port,host:port,host:port`. */
  readonly url: string;
  /** Those that began as masters first, then their replicas in the same order. */
  readonly nodes: readonly ValkeyServer[];
  /** The masters as the living nodes know them now, in the order of their slots. */
  masters(): Promise<ValkeyServer[]>;
  /** The master that serves a slot now. */
  nodeOf(slot: number): Promise<ValkeyServer>;
  /** The slot of a key, as the servers count it. */
  slotOf(key: string): Promise<number>;
  /** The replicas of a master that are in sync with it. */
  replicasOf(master: ValkeyServer): Promise<ValkeyServer[]>;
  /** Resolves when each living node takes the Cluster for well, and (unless told otherwise) each master has a replica. */
  well(options?: { readonly replicated?: boolean }): Promise<void>;
  /** Moves an empty slot to another master. */
  moveSlot(slot: number, to: ValkeyServer): Promise<void>;
  /** The result of one command on one node. */
  command<Result>(node: ValkeyServer, ...words: (string | number)[]): Promise<Result>;
  stop(): Promise<void>;
}

export interface ValkeyClusterOptions {
  readonly kind?: ServerKind;
  /** How long a node may be silent before the rest take it for dead. */
  readonly nodeTimeoutMs?: number;
  readonly args?: readonly string[];
}

const MASTERS = 3;
const SLOTS = 16_384;

export async function startValkeyCluster(options: ValkeyClusterOptions = {}): Promise<ValkeyCluster> {
  const nodes = await Promise.all(Array.from({ length: MASTERS * 2 }, () => startNode(options)));
  const clients = new Map(nodes.map((node) => [node, clientOf(node.port)]));
  const command = <Result>(node: ValkeyServer, name: string | number, ...rest: (string | number)[]) =>
    clients.get(node)!.call(String(name), ...rest) as Promise<Result>;
  const slots = new Slots(nodes, command);

  async function stop() {
    for (const client of clients.values()) client.disconnect();
    await Promise.all(nodes.map((node) => node.stop()));
  }
  const cluster: ValkeyCluster = {
    url: `redis+cluster://${nodes.map(({ port }) => `127.0.0.1:${port}`).join(',')}`,
    nodes,
    command,
    stop,
    masters: async () => (await slots.ranges()).map(({ master }) => master),
    async nodeOf(slot) {
      const range = (await slots.ranges()).find(({ from, to }) => from <= slot && slot <= to);
      if (range === undefined) throw new Error(`Nobody serves slot ${slot}`);
      return range.master;
    },
    slotOf: async (key) => command<number>(await slots.someNode(), 'CLUSTER', 'KEYSLOT', key),
    replicasOf: (master) => slots.replicasOf(master),
    well: ({ replicated = true } = {}) => slots.well(replicated),
    moveSlot: (slot, to) => moveSlot(slots, command, slot, to),
  };
  try {
    await join(nodes, command);
    await cluster.well();
  } catch (error) {
    await stop();
    throw error;
  }
  return cluster;
}

type Command = ValkeyCluster['command'];

async function startNode({ kind = 'any', nodeTimeoutMs = 1_500, args = [] }: ValkeyClusterOptions) {
  return startValkeyServer({
    kind,
    args: [
      ...['--cluster-enabled', 'yes', '--cluster-node-timeout', String(nodeTimeoutMs)],
      ...['--cluster-port', String(await freePort()), '--cluster-require-full-coverage', 'no'],
      ...['--cluster-replica-validity-factor', '0', '--cluster-allow-replica-migration', 'no'],
      ...['--repl-ping-replica-period', '1', ...args],
    ],
  });
}

/** A client that asks again when its node was restarted, and fails at once while it is gone. */
function clientOf(port: number): Redis {
  const client = new Redis(port, '127.0.0.1', {
    ...{ maxRetriesPerRequest: 0, commandTimeout: 5_000, enableReadyCheck: false },
    retryStrategy: () => 50,
  });
  // A node that was killed: what is asked of it fails by itself.
  client.on('error', () => {});
  return client;
}

async function join(nodes: readonly ValkeyServer[], command: Command): Promise<void> {
  const busPorts = await Promise.all(nodes.map((node) => busPortOf(node, command)));
  await Promise.all(nodes.map((node, i) => command(node, 'CLUSTER', 'SET-CONFIG-EPOCH', i + 1)));
  const masters = nodes.slice(0, MASTERS);
  await Promise.all(
    masters.map((node, i) => {
      const [from, to] = [0, 1].map((more) => Math.floor(((i + more) * SLOTS) / MASTERS));
      return command(node, 'CLUSTER', 'ADDSLOTSRANGE', from!, to! - 1);
    }),
  );
  // Each with each: gossip would spread the word too, but slowly.
  for (const [i, node] of nodes.entries()) {
    for (const [j, other] of nodes.entries()) {
      if (j > i) await command(node, 'CLUSTER', 'MEET', '127.0.0.1', other.port, busPorts[j]!);
    }
  }
  const ids = await Promise.all(nodes.map((node) => command<string>(node, 'CLUSTER', 'MYID')));
  await untilSo('All nodes know each other', async () => {
    const known = await Promise.all(nodes.map((node) => command<string>(node, 'CLUSTER', 'NODES')));
    return known.every((text) => ids.every((id) => text.includes(id)) && !/handshake|noaddr/.test(text));
  });
  await Promise.all(nodes.slice(MASTERS).map((node, i) => command(node, 'CLUSTER', 'REPLICATE', ids[i]!)));
}

async function busPortOf(node: ValkeyServer, command: Command): Promise<number> {
  const [, port] = await command<[string, string]>(node, 'CONFIG', 'GET', 'cluster-port');
  return Number(port);
}

interface SlotRange {
  readonly from: number;
  readonly to: number;
  readonly master: ValkeyServer;
  readonly replicas: readonly ValkeyServer[];
}

/** What the nodes say of their Cluster. */
class Slots {
  readonly #nodes: readonly ValkeyServer[];
  readonly #command: Command;

  constructor(nodes: readonly ValkeyServer[], command: Command) {
    this.#nodes = nodes;
    this.#command = command;
  }

  async #living(): Promise<ValkeyServer[]> {
    const answers = await Promise.all(
      this.#nodes.map((node) =>
        this.#command(node, 'PING').then(
          () => node,
          () => null,
        ),
      ),
    );
    return answers.filter((node) => node !== null);
  }

  async someNode(): Promise<ValkeyServer> {
    const [node] = await this.#living();
    if (node === undefined) throw new Error('No node of the Cluster lives');
    return node;
  }

  async ranges(node?: ValkeyServer): Promise<SlotRange[]> {
    type Said = [from: number, to: number, ...nodes: [host: string, port: number, id: string][]];
    const said = await this.#command<Said[]>(node ?? (await this.someNode()), 'CLUSTER', 'SLOTS');
    const known = (port: number) => this.#nodes.find((each) => each.port === port)!;
    return said
      .map(([from, to, ...nodes]) => {
        const [master, ...replicas] = nodes.map(([, port]) => known(port));
        return { from, to, master: master!, replicas };
      })
      .sort((a, b) => a.from - b.from);
  }

  async replicasOf(master: ValkeyServer): Promise<ValkeyServer[]> {
    const replicas = (await this.ranges()).find((range) => range.master === master)?.replicas ?? [];
    const synced = await Promise.all(replicas.map((replica) => this.#isSynced(replica)));
    return replicas.filter((_, i) => synced[i]);
  }

  async #isSynced(replica: ValkeyServer): Promise<boolean> {
    const info = await this.#command<string>(replica, 'INFO', 'replication');
    return info.includes('role:slave') && info.includes('master_link_status:up');
  }

  async well(replicated: boolean): Promise<void> {
    await untilSo('The Cluster is well', async () => {
      const living = await this.#living();
      for (const node of living) {
        const info = await this.#command<string>(node, 'CLUSTER', 'INFO');
        if (!/^cluster_state:ok/m.test(info) || !info.includes(`cluster_slots_ok:${SLOTS}`)) return false;
        const ranges = await this.ranges(node);
        if (ranges.some(({ master }) => !living.includes(master))) return false;
        if (!replicated) continue;
        for (const { replicas } of ranges) {
          const synced = await Promise.all(replicas.map((replica) => this.#isSynced(replica)));
          if (!synced.includes(true)) return false;
        }
      }
      return true;
    });
  }
}

async function moveSlot(slots: Slots, command: Command, slot: number, to: ValkeyServer): Promise<void> {
  const id = await command<string>(to, 'CLUSTER', 'MYID');
  const masters = (await slots.ranges()).map(({ master }) => master);
  // The new owner first: until the old one knows, it sends on to where the slot is already served.
  for (const node of [to, ...masters.filter((each) => each !== to)])
    await command(node, 'CLUSTER', 'SETSLOT', slot, 'NODE', id);
}
