import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** A server program that runs as a child of this process. */
export interface ServerProcess {
  readonly pid: number;
  /** Ends it as a crash would. */
  kill(): Promise<void>;
  /** Stops it from running; its connections stay. */
  freeze(): void;
  thaw(): void;
}

const START_DEADLINE_MS = 15_000;

const running = new Set<ChildProcess>();
// One listener for all of them: a cluster alone has more than a process likes to have listeners.
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** Resolves when the server listens. @throws Error with its last words when it ends before, or does not in time. */
export async function startServerProcess(
  program: string,
  args: readonly string[],
  port: number,
): Promise<ServerProcess> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  running.add(child);
  let output = '';
  let failure: string | null = null;
  const listen = (data: Buffer) => {
    output = (output + data).slice(-2000);
  };
  child.stdout.on('data', listen);
  child.stderr.on('data', listen);
  child.once('error', (error) => {
    failure = `Cannot start ${program}: ${error.message}`;
  });
  child.once('exit', () => {
    running.delete(child);
    failure ??= `${program} ended; its last words:\n${output}`;
  });
  const kill = () => killed(child);
  const giveUpAt = Date.now() + START_DEADLINE_MS;
  // Its own word, not a connection: what accepts on the port might be another's.
  while (!/Ready to accept connections|# \+monitor|Sentinel ID is/.test(output)) {
    if (failure !== null) throw new Error(failure);
    if (Date.now() > giveUpAt) {
      await kill();
      throw new Error(`${program} was not ready on port ${port} in ${START_DEADLINE_MS} ms:\n${output}`);
    }
    await sleep(5);
  }
  return {
    pid: child.pid!,
    kill,
    freeze: () => void child.kill('SIGSTOP'),
    thaw: () => void child.kill('SIGCONT'),
  };
}

async function killed(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

const LOWEST_PORT = 10_000;
/** From here on the system takes ports for outgoing connections, which could be in the way of a restart. */
const FIRST_EPHEMERAL_PORT = 32_768;

/** A port of loopback that nothing listens on, and that no outgoing connection will have. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < 100; tries += 1) {
    const port = LOWEST_PORT + Math.floor(Math.random() * (FIRST_EPHEMERAL_PORT - LOWEST_PORT));
    if (await isFree(port)) return port;
  }
  throw new Error('No free port');
}

async function isFree(port: number): Promise<boolean> {
  const listener = createServer().listen(port, '127.0.0.1');
  try {
    await once(listener, 'listening');
  } catch {
    return false;
  }
  listener.close();
  await once(listener, 'close');
  return true;
}

/** Asks again and again until it is so. @throws Error that names what was waited for. */
export async function untilSo(
  what: string,
  isSo: () => Promise<boolean>,
  { deadlineMs = START_DEADLINE_MS, everyMs = 25 } = {},
): Promise<void> {
  const giveUpAt = Date.now() + deadlineMs;
  let last = '';
  for (;;) {
    try {
      if (await isSo()) return;
    } catch (error) {
      last = `: ${(error as Error).message}`;
    }
    if (Date.now() > giveUpAt) throw new Error(`${what}: not in ${deadlineMs} ms${last}`);
    await sleep(everyMs);
  }
}
