import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

/** A real Valkey or Redis server, a child of this process on a free port of loopback. */
export interface ValkeyServer {
  readonly url: string;
  readonly port: number;
  /** Ends it as a crash would. */
  kill(): Promise<void>;
  /** Stops it from running; its connections stay. */
  freeze(): void;
  thaw(): void;
  /** Starts it again on the same port, after `kill` if it runs. */
  restart(): Promise<void>;
  /** Ends it and removes its files. */
  stop(): Promise<void>;
}

export interface ValkeyServerOptions {
  /** Where it keeps its data over restarts. Without it, it keeps none. */
  readonly dir?: string;
  /** Further settings, as on its command line. */
  readonly args?: readonly string[];
}

/** The server that VALKEY_URL names, or one started for this; for tests that leave the server itself alone. */
export async function someValkey(): Promise<Pick<ValkeyServer, 'url' | 'stop'>> {
  const url = process.env.VALKEY_URL;
  return url === undefined || url === '' ? startValkeyServer() : { url, stop: async () => {} };
}

const START_DEADLINE_MS = 10_000;

/** @throws Error that names what to install, when there is no server program. */
export async function startValkeyServer(options: ValkeyServerOptions = {}): Promise<ValkeyServer> {
  const program = findServerProgram();
  const port = await freePort();
  const ownDir = options.dir === undefined ? await mkdtemp(join(tmpdir(), 'cachegate-valkey-')) : undefined;
  const args = [
    ...['--port', String(port), '--bind', '127.0.0.1', '--save', ''],
    ...['--appendonly', options.dir === undefined ? 'no' : 'yes', '--dir', options.dir ?? ownDir!],
    ...(options.args ?? []),
  ];
  let child = await launch(program, args, port);

  async function kill(): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }

  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    kill,
    freeze: () => void child.kill('SIGSTOP'),
    thaw: () => void child.kill('SIGCONT'),
    async restart() {
      await kill();
      child = await launch(program, args, port);
    },
    async stop() {
      await kill();
      if (ownDir !== undefined) await rm(ownDir, { recursive: true, force: true });
    },
  };
}

function findServerProgram(): string {
  const named = process.env.VALKEY_SERVER;
  if (named !== undefined && named !== '') return named;
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/bin'];
  for (const name of ['valkey-server', 'redis-server']) {
    const found = folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
    if (found !== undefined) return found;
  }
  throw new Error(
    'No valkey-server or redis-server on the PATH: install the package "valkey" or "redis" of your system ' +
      '(Debian: valkey-server or redis-server), or name the program in VALKEY_SERVER',
  );
}

async function freePort(): Promise<number> {
  const listener = createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as AddressInfo;
  listener.close();
  await once(listener, 'close');
  return port;
}

async function launch(program: string, args: readonly string[], port: number): Promise<ChildProcess> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  const endWithUs = () => child.kill('SIGKILL');
  process.once('exit', endWithUs);
  child.once('exit', () => process.removeListener('exit', endWithUs));
  let output = '';
  child.stdout.on('data', (data) => {
    output = (output + data).slice(-2000);
  });
  const failed = new Promise<never>((_, reject) => {
    child.once('error', (error) => reject(new Error(`Cannot start ${program}: ${error.message}`)));
    child.once('exit', () => reject(new Error(`${program} ended at once; its last words:\n${output}`)));
  });
  failed.catch(() => {});
  await Promise.race([failed, listening(port)]);
  return child;
}

/** Asks until something accepts connections. */
async function listening(port: number): Promise<void> {
  const giveUpAt = Date.now() + START_DEADLINE_MS;
  while (!(await accepts(port))) {
    if (Date.now() > giveUpAt)
      throw new Error(`Nothing listened on port ${port} for ${START_DEADLINE_MS} ms`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  const accepted = await new Promise<boolean>((resolve) => {
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
  });
  socket.destroy();
  return accepted;
}
