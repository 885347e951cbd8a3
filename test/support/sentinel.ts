import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'iovalkey';
import { freePort, type ServerProcess, startServerProcess, untilSo } from './server-process.ts';
import { findServerProgram, type ServerKind } from './server-program.ts';
import { startValkeyServer, type ValkeyServer } from './valkey-server.ts';

/** A real master with a replica, watched by three sentinels, all on loopback. */
export interface SentinelSetup {
  /** As the product's configuration has it: `redis+sentinel://host:port,…/name`. */
  readonly url: string;
  readonly sentinels: readonly (ServerProcess & { readonly port: number })[];
  /** The one that began as the master first. */
  readonly servers: readonly ValkeyServer[];
  /** The master as the sentinels know it now. */
  master(): Promise<ValkeyServer>;
  /** Has the replica take the master's place; resolves when it has, and the old master follows it. */
  failover(): Promise<void>;
  /** Resolves when the sentinels agree on a living master with a replica in sync (unless told otherwise). */
  well(options?: { readonly replicated?: boolean }): Promise<void>;
  stop(): Promise<void>;
}

export interface SentinelOptions {
  readonly kind?: ServerKind;
  /** How long the master may be silent before a sentinel takes it for dead. */
  readonly downAfterMs?: number;
  /** Further settings of the servers. */
  readonly args?: readonly string[];
}

const NAME = 'cachegate';
const SENTINELS = 3;

export async function startSentinel({
  kind = 'any',
  downAfterMs = 1_000,
  args = [],
}: SentinelOptions = {}): Promise<SentinelSetup> {
  const first = await startValkeyServer({ kind, args });
  const servers = [first, await startValkeyServer({ kind, args, replicaOf: first })];
  const dir = await mkdtemp(join(tmpdir(), 'cachegate-sentinel-'));
  const sentinels: (ServerProcess & { readonly port: number })[] = [];
  const clients = new Map<number, Redis>();
  const ask = (port: number, name: string, ...rest: string[]) => clients.get(port)!.call(name, ...rest);

  async function stop() {
    for (const client of clients.values()) client.disconnect();
    await Promise.all([...sentinels.map((one) => one.kill()), ...servers.map((one) => one.stop())]);
    await rm(dir, { recursive: true, force: true });
  }
  const masterPort = async (sentinel: number) => {
    const [, port] = (await ask(sentinel, 'SENTINEL', 'GET-MASTER-ADDR-BY-NAME', NAME)) as [string, string];
    return Number(port);
  };
  const agreedMaster = async () => {
    const ports = await Promise.all(sentinels.map(({ port }) => masterPort(port)));
    return ports.every((port) => port === ports[0])
      ? servers.find(({ port }) => port === ports[0])
      : undefined;
  };
  const isWell = async (replicated: boolean) => {
    const master = await agreedMaster();
    if (master === undefined) return false;
    const info = (await ask(master.port, 'INFO', 'replication')) as string;
    if (!info.includes('role:master') || (replicated && !/slave0:.*state=online/.test(info))) return false;
    const known = await Promise.all(sentinels.map(({ port }) => ask(port, 'SENTINEL', 'MASTER', NAME)));
    return known.every((fields) => {
      const of = pairsOf(fields as string[]);
      return of.get('num-other-sentinels') === String(SENTINELS - 1) && of.get('num-slaves') !== '0';
    });
  };
  const setup: SentinelSetup = {
    get url() {
      return `redis+sentinel://${sentinels.map(({ port }) => `127.0.0.1:${port}`).join(',')}/${NAME}`;
    },
    sentinels,
    servers,
    async master() {
      const master = await agreedMaster();
      if (master === undefined) throw new Error('The sentinels do not agree on a master');
      return master;
    },
    async failover() {
      const before = await setup.master();
      await untilSo('A failover begins', async () => {
        await ask(sentinels[0]!.port, 'SENTINEL', 'FAILOVER', NAME);
        return true;
      });
      await untilSo('The replica is the master', async () => {
        const now = await agreedMaster();
        return now !== undefined && now !== before && (await isWell(false));
      });
      // The sentinels would say so too, but only after eight seconds.
      await ask(before.port, 'REPLICAOF', '127.0.0.1', String((await setup.master()).port));
      await setup.well();
    },
    well: ({ replicated = true } = {}) => untilSo('The sentinels are well', () => isWell(replicated)),
    stop,
  };
  try {
    for (const { port } of servers) clients.set(port, clientOf(port));
    // A sentinel looks for replicas at once, then every ten seconds: this one must be known by then.
    await untilSo('The replica is in sync', async () =>
      /slave0:.*state=online/.test((await ask(first.port, 'INFO', 'replication')) as string),
    );
    for (let i = 0; i < SENTINELS; i += 1) {
      const sentinel = await startOne(kind, dir, first.port, downAfterMs);
      sentinels.push(sentinel);
      clients.set(sentinel.port, clientOf(sentinel.port));
    }
    await setup.well();
  } catch (error) {
    await stop();
    throw error;
  }
  return setup;
}

async function startOne(kind: ServerKind, dir: string, masterPort: number, downAfterMs: number) {
  const port = await freePort();
  const file = join(dir, `${port}.conf`);
  // A sentinel keeps what it learns in its configuration file.
  await writeFile(
    file,
    [
      ...[`port ${port}`, 'bind 127.0.0.1', `dir ${dir}`],
      `sentinel monitor ${NAME} 127.0.0.1 ${masterPort} 2`,
      `sentinel down-after-milliseconds ${NAME} ${downAfterMs}`,
      `sentinel failover-timeout ${NAME} 3000`,
      '',
    ].join('\n'),
  );
  return { ...(await startServerProcess(findServerProgram(kind), [file, '--sentinel'], port)), port };
}

function clientOf(port: number): Redis {
  const client = new Redis(port, '127.0.0.1', {
    ...{ maxRetriesPerRequest: 0, commandTimeout: 5_000, enableReadyCheck: false },
    retryStrategy: () => 50,
  });
  client.on('error', () => {});
  return client;
}

function pairsOf(fields: readonly string[]): Map<string, string> {
  const pairs = new Map<string, string>();
  for (let i = 0; i < fields.length; i += 2) pairs.set(fields[i]!, fields[i + 1]!);
  return pairs;
}
