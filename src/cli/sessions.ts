import { Command } from 'commander';
import { ConfigError, faultAt } from '../config/fault.ts';
import type { AdminClient } from './admin-client.ts';
import { exampleText, type Target, withAdmin, withTargetOptions } from './admin-target.ts';
import { createFormat, type Format } from './format.ts';
import { print, printJson } from './print.ts';
import { shown, tableLines } from './table.ts';

const EXAMPLES = [
  'cachegate sessions list --user ann',
  'cachegate sessions revoke --user ann',
  'cachegate sessions revoke --reference 3q2-7wAAAAAAAAAAAAAAAA --admin http://127.0.0.1:9180',
];

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
    sessions.addCommand(withTargetOptions(command, EXAMPLES));
  }
  return sessions.addHelpText('after', exampleText(EXAMPLES));
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
  await withAdmin(target, 'sessions', async (client) => {
    const sessions: Listed[] = [];
    let cursor: string | null = null;
    do {
      const query = new URLSearchParams({ ...(user !== undefined && { user }), ...(cursor && { cursor }) });
      const part: Part = await client.ask('GET', `/sessions?${query}`, isPart);
      sessions.push(...part.sessions);
      cursor = part.cursor;
    } while (cursor !== null);
    if (target.json) printJson({ sessions });
    else print(table(sessions, createFormat()));
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
  await withAdmin(target, 'sessions', async (client) => {
    const ended = user === undefined ? await endOne(client, reference!) : await endAll(client, user);
    if (target.json) printJson({ ended });
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

const COLUMNS = ['REFERENCE', 'USER', 'ROLES', 'CREATED', 'SEEN', 'EXPIRES'].map((heading) => ({ heading }));

function table(sessions: readonly Listed[], { instant }: Format): string {
  // Names come from whoever signs up.
  const rows = sessions.map((each) =>
    [
      each.reference,
      each.user ?? '-',
      each.roles.join(',') || '-',
      ...[each.createdAt, each.seenAt, each.expiresAt].map(instant),
    ].map((cell) => shown(cell)),
  );
  return tableLines(COLUMNS, rows).join('\n');
}
