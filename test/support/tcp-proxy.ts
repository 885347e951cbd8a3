import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { CommandReader } from './command-reader.ts';

/** A proxy of TCP connections to a store, with which a test may do what networks do. */
export interface TcpProxy {
  readonly port: number;
  /** The store's URL by way of the proxy. */
  readonly url: string;
  /** All connections so far, in order. */
  readonly connections: readonly ProxiedConnection[];
  /** Over all connections, since the last `reset`. */
  readonly sent: WireCount;
  reset(): void;
  /** Breaks connections: all of them, or those that say so. New ones are taken. */
  cut(which?: (connection: ProxiedConnection) => boolean): void;
  /** Breaks all connections, and every new one at once. */
  refuse(): void;
  /** Keeps connections, takes new ones, and forwards nothing: as a network that lost the other end. */
  swallow(which?: (connection: ProxiedConnection) => boolean): void;
  /** Forwards bytes so much later, each way. */
  delay(ms: number): void;
  /** As at first; what was swallowed stays lost, so those connections are broken. */
  heal(): void;
  close(): Promise<void>;
}

export interface WireCount {
  /** How many requests (RESP commands) were sent to the store. */
  readonly commands: number;
  /** How often a connection began to send after an answer had come to it, or for the first time: round trips. */
  readonly flights: number;
}

export interface ProxiedConnection extends WireCount {
  readonly open: boolean;
  /** The first words of the commands sent, in capitals: `CLIENT`, `EVALSHA`; the newest 1,000. */
  readonly names: readonly string[];
}

/** @param target where the store listens */
export async function startTcpProxy(target: { readonly port: number }): Promise<TcpProxy> {
  const state: ProxyState = { refusing: false, swallowing: () => false, delayMs: 0 };
  const connections: Connection[] = [];
  let before: WireCount = { commands: 0, flights: 0 };
  const server = createServer((socket) => {
    if (state.refusing) return void socket.resetAndDestroy();
    connections.push(new Connection(socket, connect(target.port, '127.0.0.1'), state));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;

  const cut = (which: (connection: ProxiedConnection) => boolean = () => true) => {
    for (const each of connections) if (each.open && which(each)) each.break();
  };
  const total = (): WireCount => ({
    commands: connections.reduce((sum, { commands }) => sum + commands, 0),
    flights: connections.reduce((sum, { flights }) => sum + flights, 0),
  });
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    connections,
    get sent() {
      const now = total();
      return { commands: now.commands - before.commands, flights: now.flights - before.flights };
    },
    reset: () => {
      before = total();
    },
    cut,
    refuse() {
      state.refusing = true;
      cut();
    },
    swallow(which = () => true) {
      state.swallowing = which;
    },
    delay(ms) {
      state.delayMs = ms;
    },
    heal() {
      state.refusing = false;
      state.swallowing = () => false;
      state.delayMs = 0;
      cut(({ hasLost }: ProxiedConnection & { hasLost?: boolean }) => hasLost === true);
    },
    async close() {
      server.close();
      cut();
      await once(server, 'close');
    },
  };
}

interface ProxyState {
  refusing: boolean;
  swallowing: (connection: ProxiedConnection) => boolean;
  delayMs: number;
}

const NAMES_KEPT = 1_000;

class Connection implements ProxiedConnection {
  commands = 0;
  flights = 0;
  readonly names: string[] = [];
  /** Bytes were swallowed: what comes after them would make no sense. */
  hasLost = false;
  open = true;
  readonly #ends: readonly [Socket, Socket];
  readonly #state: ProxyState;
  readonly #reader: CommandReader;
  #answered = true;

  constructor(client: Socket, store: Socket, state: ProxyState) {
    this.#ends = [client, store];
    this.#state = state;
    this.#reader = new CommandReader((name) => this.#count(name));
    this.#pipe(client, store, (bytes) => this.#reader.add(bytes));
    this.#pipe(store, client, () => {
      this.#answered = true;
    });
  }

  break(): void {
    this.open = false;
    for (const end of this.#ends) end.resetAndDestroy();
  }

  #count(name: string): void {
    if (this.#answered) this.flights += 1;
    this.#answered = false;
    this.commands += 1;
    this.names.push(name);
    if (this.names.length > NAMES_KEPT) this.names.shift();
  }

  #pipe(from: Socket, to: Socket, look: (bytes: Buffer) => void): void {
    from.setNoDelay(true);
    const line = new DelayLine();
    const forward = (act: () => void) => line.add(act, this.#state.delayMs);
    from.on('data', (bytes) => {
      look(bytes);
      if (this.#state.swallowing(this)) this.hasLost = true;
      else forward(() => void (this.open && to.write(bytes)));
    });
    from.on('error', () => {});
    from.once('close', () => {
      // A network that swallows swallows this too.
      if (!this.open || this.#state.swallowing(this)) return;
      this.open = false;
      forward(() => to.destroy());
    });
  }
}

/** Does things later, in the order in which they were said. */
class DelayLine {
  readonly #waiting: { readonly dueAt: number; readonly act: () => void }[] = [];

  add(act: () => void, delayMs: number): void {
    if (delayMs === 0 && this.#waiting.length === 0) {
      act();
      return;
    }
    this.#waiting.push({ dueAt: performance.now() + delayMs, act });
    if (this.#waiting.length === 1) setTimeout(() => this.#run(), delayMs);
  }

  #run(): void {
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      const leftMs = next.dueAt - performance.now();
      if (leftMs > 0) return void setTimeout(() => this.#run(), leftMs);
      this.#waiting.shift();
      next.act();
    }
  }
}
