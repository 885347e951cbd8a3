import { Command } from 'commander';
import { ConfigError, faultAt } from '../config/fault.ts';
import { describeFound, oneLine } from '../config/found.ts';
import { loadConfig } from '../config/load-config.ts';
import { type AdminClient, createAdminClient } from './admin-client.ts';
import { findConfig } from './find-config.ts';

interface Target {
  readonly admin?: string;
  readonly config?: string;
  readonly json?: boolean;
}

const EXAMPLES = `
A running server is asked on its admin address. Without --admin it is that of the configuration file.

Examples:
  $ cachegate sessions list --user ann
  $ cachegate sessions revoke --user ann
  $ cachegate sessions revoke --reference 3q2-7wAAAAAAAAAAAAAAAA --admin http://127.0.0.1:9180
`;

export function sessionsCommand(): Command {
  const list = new Command('list')
    .description('list the sessions of a user, or all')
    .option('--user <user>', 'the user; without it, all sessions')
    .action(listSessions);
  const revoke = new Command('revoke')
    .description('end sessions, in every process')
    .option('--user <user>', 'the user whose sessions end')
    .option('--reference <reference>', 'the one session that ends, as the list names it')
    .action(revokeSessions);
  const sessions = new Command('sessions').description(
    'list and end own sessions, by asking a running server',
  );
  for (const command of [list, revoke]) {
    command
      .option('--admin <url>', 'the admin address: http://HOST:PORT or unix:/path')
      .option('--config <file>', 'the configuration file that says the admin address')
      .option('--json', 'print JSON')
      .addHelpText('after', EXAMPLES);
    sessions.addCommand(command);
  }
  return sessions.addHelpText('after', EXAMPLES);
}

interface Listed {
  readonly reference: string;
  readonly user: string | null;
  readonly roles: readonly string[];
  readonly createdAt: string;
  readonly seenAt: string;
  readonly expiresAt: string;
}

interface Part {
  readonly sessions: readonly Listed[];
  readonly cursor: string | null;
}

function isPart(answer: unknown): answer is Part {
  const { sessions, cursor } = (answer ?? {}) as Partial<Part>;
  return (
    Array.isArray(sessions) && sessions.every(isListed) && (cursor === null || typeof cursor === 'string')
  );
}

function isListed(found: unknown): found is Listed {
  const { reference, user, roles, ...rest } = (found ?? {}) as Partial<Listed>;
  const instants = [rest.createdAt, rest.seenAt, rest.expiresAt];
  const isNamed = typeof reference === 'string' && (user === null || typeof user === 'string');
  return isNamed && Array.isArray(roles) && instants.every((instant) => typeof instant === 'string');
}

async function listSessions({ user, ...target }: Target & { readonly user?: string }): Promise<void> {
  await withClient(target, async (client) => {
    const sessions: Listed[] = [];
    let cursor: string | null = null;
    do {
      const query = new URLSearchParams({ ...(user !== undefined && { user }), ...(cursor && { cursor }) });
      const part: Part = await client.ask('GET', `/sessions?${query}`, isPart);
      sessions.push(...part.sessions);
      cursor = part.cursor;
    } while (cursor !== null);
    print(target.json ? JSON.stringify({ sessions }) : table(sessions));
  });
}

interface RevokeOptions extends Target {
  readonly user?: string;
  readonly reference?: string;
}

async function revokeSessions({ user, reference, ...target }: RevokeOptions): Promise<void> {
  if ((user === undefined) === (reference === undefined)) {
    const found = user === undefined ? 'found neither' : 'found both';
    throw new ConfigError([faultAt('', ['--user', '--reference'], found, 'one of them')]);
  }
  await withClient(target, async (client) => {
    const ended = user === undefined ? await endOne(client, reference!) : await endAll(client, user);
    if (target.json) print(JSON.stringify({ ended }));
    else print(`ended ${ended} ${ended === 1 ? 'session' : 'sessions'}`);
  });
}

async function endOne(client: AdminClient, reference: string): Promise<number> {
  await client.ask('DELETE', `/sessions/${encodeURIComponent(reference)}`, isNothing);
  return 1;
}

const isNothing = (answer: unknown): answer is null => answer === null;

async function endAll(client: AdminClient, user: string): Promise<number> {
  const query = new URLSearchParams({ user });
  return (await client.ask('DELETE', `/sessions?${query}`, isCount)).ended;
}

function isCount(answer: unknown): answer is { readonly ended: number } {
  return Number.isSafeInteger((answer as { ended?: unknown } | null | undefined)?.ended);
}

async function withClient(target: Target, use: (client: AdminClient) => Promise<void>): Promise<void> {
  const client = createAdminClient(await addressOf(target));
  try {
    await use(client);
  } finally {
    await client.close();
  }
}

const ADMIN_FORM = /^(?:https?:\/\/[^\s/?#@]+\/?|unix:\/.+)$/;

async function addressOf({ admin, config }: Target): Promise<string> {
  if (admin !== undefined) {
    if (ADMIN_FORM.test(admin) && (admin.startsWith('unix:') || URL.canParse(admin))) return admin;
    const accepted = 'http://HOST:PORT, https://HOST:PORT or unix:/path';
    throw new ConfigError([faultAt('', ['--admin'], describeFound(admin, false), accepted)]);
  }
  const cwd = process.cwd();
  const file = config ?? (await findConfig(cwd, 'sessions', '--admin URL'));
  const { admin_listen: address } = await loadConfig({ file, cwd, env: process.env });
  if (address === 'off') {
    throw new ConfigError([faultAt('admin_listen', [], 'found "off"', 'an address, or --admin URL')]);
  }
  if (address.kind === 'unix') return `unix:${address.path}`;
  // The address of every interface is also this machine's own.
  const host = address.host ?? '127.0.0.1';
  return `http://${host.includes(':') ? `[${host}]` : host}:${address.port}`;
}

const HEADINGS = ['REFERENCE', 'USER', 'ROLES', 'CREATED', 'SEEN', 'EXPIRES'];
const MAX_CELL = 60;

function table(sessions: readonly Listed[]): string {
  const rows = sessions.map((each) => [
    each.reference,
    each.user ?? '-',
    each.roles.join(',') || '-',
    ...[each.createdAt, each.seenAt, each.expiresAt].map((instant) => instant.replace(/\.\d+Z$/, 'Z')),
  ]);
  // Names come from whoever signs up: nothing of them may move or hide what stands beside them.
  const cells = [HEADINGS, ...rows].map((row) => row.map((cell) => oneLine(cell, MAX_CELL)));
  const widths = HEADINGS.map((_, column) => Math.max(...cells.map((row) => row[column]!.length)));
  const lines = cells.map((row) => row.map((cell, column) => cell.padEnd(widths[column]!)).join('  '));
  return lines.map((line) => line.trimEnd()).join('\n');
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
