import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, type ServerProcess, startServerProcess } from './server-process.ts';
import { findServerProgram, type ServerKind } from './server-program.ts';
import type { TlsFiles } from './tls-files.ts';

/** A real Valkey or Redis server, a child of this process on a free port of loopback. */
export interface ValkeyServer extends ServerProcess {
  /** `redis:`, or `rediss:` with TLS; without user and password. */
  readonly url: string;
  readonly port: number;
  /** Starts it again on the same port, after `kill` if it runs. */
  restart(): Promise<void>;
  /** Ends it and removes its files. */
  stop(): Promise<void>;
}

export interface ValkeyServerOptions {
  readonly kind?: ServerKind;
  /** Where it keeps its data over restarts. Without it, it keeps none. */
  readonly dir?: string;
  /** Takes connections over TLS alone; clients need no certificate unless `args` say so (`--tls-auth-clients yes`). */
  readonly tls?: TlsFiles;
  /** ACL rules, a user each: `app on >secret ~app:* +@all`. The default user stays as it is unless it is named. */
  readonly users?: readonly string[];
  /** Begins as a replica of this server. */
  readonly replicaOf?: { readonly port: number };
  readonly port?: number;
  /** Further settings, as on its command line. */
  readonly args?: readonly string[];
}

/** The server that VALKEY_URL names, or one started for this; for tests that leave the server itself alone. */
export async function someValkey(): Promise<Pick<ValkeyServer, 'url' | 'stop'>> {
  const url = process.env.VALKEY_URL;
  return url === undefined || url === '' ? startValkeyServer() : { url, stop: async () => {} };
}

/** @throws Error that names what to install, when there is no server program. */
export async function startValkeyServer(options: ValkeyServerOptions = {}): Promise<ValkeyServer> {
  const program = findServerProgram(options.kind);
  const port = options.port ?? (await freePort());
  const ownDir = options.dir === undefined ? await mkdtemp(join(tmpdir(), 'cachegate-valkey-')) : undefined;
  const args = argsOf(options, port, options.dir ?? ownDir!);
  let child = await startServerProcess(program, args, port);
  return {
    url: `redis${options.tls === undefined ? '' : 's'}://127.0.0.1:${port}`,
    port,
    get pid() {
      return child.pid;
    },
    kill: () => child.kill(),
    freeze: () => child.freeze(),
    thaw: () => child.thaw(),
    async restart() {
      await child.kill();
      child = await startServerProcess(program, args, port);
    },
    async stop() {
      await child.kill();
      if (ownDir !== undefined) await rm(ownDir, { recursive: true, force: true });
    },
  };
}

function argsOf(options: ValkeyServerOptions, port: number, dir: string): string[] {
  const { tls, users = [], replicaOf } = options;
  const listening =
    tls === undefined
      ? ['--port', String(port)]
      : [
          ...['--port', '0', '--tls-port', String(port), '--tls-auth-clients', 'no'],
          ...[
            '--tls-ca-cert-file',
            tls.caFile,
            '--tls-cert-file',
            tls.certFile,
            '--tls-key-file',
            tls.keyFile,
          ],
        ];
  return [
    ...[...listening, '--bind', '127.0.0.1', '--dir', dir, '--save', ''],
    ...['--appendonly', options.dir === undefined ? 'no' : 'yes'],
    ...users.flatMap((rules) => ['--user', ...rules.split(' ')]),
    // At once: nobody else is waited for.
    ...(replicaOf === undefined ? [] : ['--replicaof', '127.0.0.1', String(replicaOf.port)]),
    ...['--repl-diskless-sync-delay', '0'],
    ...(options.args ?? []),
  ];
}
