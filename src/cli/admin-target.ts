import type { Command } from 'commander';
import { ConfigError, faultAt } from '../config/fault.ts';
import { describeFound } from '../config/found.ts';
import type { Config } from '../config/schema.ts';
import { type AdminAddress, type AdminClient, createAdminClient } from './admin-client.ts';

/** The options by which a command finds a running server. */
export interface Target {
  readonly admin?: string;
  readonly config?: string;
  readonly json?: boolean;
}

const HOW = `
A running server is asked on its admin address. Without --admin it is that of the configuration file: --config, or
cachegate.yaml in this folder. A server that was started without a file is at --admin http://127.0.0.1:9180. Where it asks
for a token (admin_token), the token is CACHEGATE_ADMIN_TOKEN of the environment, or else the file's.
`;

/** Adds what all commands have that ask a running server, and examples to their help. */
export function withTargetOptions(
  command: Command,
  examples: readonly string[],
  json = 'print JSON',
): Command {
  return command
    .option('--admin <url>', 'the admin address: http://HOST:PORT, https://HOST:PORT or unix:/path')
    .option('--config <file>', 'the configuration file that says the admin address')
    .option('--json', json)
    .addHelpText('after', HOW + exampleText(examples));
}

export function exampleText(examples: readonly string[]): string {
  return `\nExamples:\n${examples.map((example) => `  $ ${example}\n`).join('')}`;
}

/** Uses the admin address of a server, and lets go of it. @param command for the fault where none is named */
export async function withAdmin<T>(
  target: Target,
  command: string,
  use: (client: AdminClient) => Promise<T>,
  deadlineMs?: number,
): Promise<T> {
  const client = await createAdminClient(await addressOf(target, command), deadlineMs);
  try {
    return await use(client);
  } finally {
    client.close();
  }
}

const ADMIN_FORM = /^(?:https?:\/\/[^\s/?#@]+\/?|unix:\/.+)$/;

/** @throws ConfigError */
async function addressOf({ admin, config }: Target, command: string): Promise<AdminAddress> {
  const token = tokenOf(process.env);
  if (admin !== undefined && !isAddress(admin)) {
    const accepted = 'http://HOST:PORT, https://HOST:PORT or unix:/path';
    throw new ConfigError([faultAt('', ['--admin'], describeFound(admin, false), accepted)]);
  }
  const address = admin?.replace(/(?<=[^/])\/$/, '');
  if (address !== undefined && (config === undefined || token !== null)) return { address, token };
  const cwd = process.cwd();
  // Loaded here, so that who names the address does not wait for it.
  const { findConfig } = await import('./find-config.ts');
  const file = config ?? (await findConfig(cwd, command, '--admin URL'));
  const { loadConfig } = await import('../config/load-config.ts');
  const settings = await loadConfig({ file, cwd, env: process.env }).catch((error: unknown) => {
    throw address === undefined ? withAnotherWay(error) : error;
  });
  return {
    address: address ?? adminUrl(settings.admin_listen),
    token: token ?? sendable(settings.admin_token, 'admin_token', []),
  };
}

/** Who only asks need not have what the file of the server needs. */
function withAnotherWay(error: unknown): unknown {
  if (!(error instanceof ConfigError)) return error;
  return new ConfigError([...error.faults, faultAt('', ['--admin'], 'not given', ADMIN_WITHOUT_FILE)]);
}

const ADMIN_WITHOUT_FILE = 'http://HOST:PORT of the running server, for which no file is read';

function isAddress(admin: string): boolean {
  return ADMIN_FORM.test(admin) && (admin.startsWith('unix:') || URL.canParse(admin));
}

function adminUrl(listen: Config['admin_listen']): string {
  if (listen === 'off') {
    throw new ConfigError([faultAt('admin_listen', [], 'found "off"', 'an address, or --admin URL')]);
  }
  if (listen.kind === 'unix') return `unix:${listen.path}`;
  // The address of every interface is also this machine's own.
  const host = listen.host ?? '127.0.0.1';
  return `http://${host.includes(':') ? `[${host}]` : host}:${listen.port}`;
}

const TOKEN = 'CACHEGATE_ADMIN_TOKEN';

/** Never an argument: everybody on the machine can see those of a process. */
function tokenOf(env: NodeJS.ProcessEnv): string | null {
  return sendable(env[TOKEN] || undefined, '', [TOKEN]);
}

function sendable(token: string | undefined, path: string, names: readonly string[]): string | null {
  if (token === undefined) return null;
  if (/^\S(?:.*\S)?$/.test(token) && !/\p{Cc}/u.test(token)) return token;
  const accepted = 'a text without controls, and without spaces around it';
  throw new ConfigError([faultAt(path, names, describeFound(token, true), accepted)]);
}
