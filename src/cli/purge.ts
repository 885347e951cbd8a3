import { Command } from 'commander';
import { ConfigError, faultAt } from '../config/fault.ts';
import type { PurgeRequest, PurgeResult, PurgeSubject } from '../purge/purge-request.ts';
import { type Target, withAdmin, withTargetOptions } from './admin-target.ts';
import { isNumber, shapeOf } from './answer-shape.ts';
import { createFormat } from './format.ts';
import { print, printJson } from './print.ts';

interface PurgeOptions extends Target {
  readonly url?: string;
  readonly tag?: readonly string[];
  readonly service?: string;
  readonly soft?: boolean;
  readonly wait?: boolean;
}

const EXAMPLES = [
  'cachegate purge --url /api/anime/1',
  'cachegate purge --tag anime --tag season-2 --soft',
  'cachegate purge --service jikan --wait',
];

export function purgeCommand(): Command {
  const command = new Command('purge')
    .description('delete stored responses: of a URL, of tags, or of a service')
    .option(
      '--url <url>',
      'all that is stored for a path with its query, or a URL of which the host says nothing',
    )
    .option('--tag <tag>', 'all that has this tag, and the other ones given (repeatable)', append)
    .option('--service <name>', 'all of a service')
    .option('--soft', 'mark as stale instead of deleting')
    .option('--wait', 'until no process answers with it any more');
  return withTargetOptions(command, EXAMPLES).action(purge);
}

function append(value: string, values: readonly string[] = []): string[] {
  return [...values, value];
}

async function purge(options: PurgeOptions): Promise<void> {
  const body: PurgeRequest = {
    ...subjectOf(options),
    ...(options.soft && { mode: 'soft' }),
    ...(options.wait && { wait: true }),
  };
  const { purged } = await withAdmin(options, 'purge', (client) =>
    client.ask('POST', '/purge', isResult, { body }),
  );
  if (options.json) printJson({ purged });
  else print(`purged ${createFormat().number(purged)} ${purged === 1 ? 'resource' : 'resources'}`);
  if (!options.json && purged === 0 && options.tag?.some((tag) => tag.includes(','))) print(ONE_TAG);
}

/** Nothing is wrong with such a tag, but most who give one mean several. */
const ONE_TAG = 'a comma is part of a tag: several are given as --tag A --tag B';

function subjectOf({ url, tag, service }: PurgeOptions): PurgeSubject {
  const given: PurgeSubject[] = [
    ...(url === undefined ? [] : [{ url }]),
    ...(tag === undefined ? [] : [{ tags: tag }]),
    ...(service === undefined ? [] : [{ service }]),
  ];
  const [subject, ...more] = given;
  if (subject !== undefined && more.length === 0) return subject;
  const found = subject === undefined ? 'found none' : 'found more than one';
  throw new ConfigError([faultAt('', ['--url', '--tag', '--service'], found, 'one of them')]);
}

const isResult = shapeOf<PurgeResult>({ purged: isNumber });
