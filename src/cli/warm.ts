import { Command, InvalidArgumentError } from 'commander';
import { ConfigError, faultAt } from '../config/fault.ts';
import type { WarmReport } from '../warm/warm-job.ts';
import type { AdminClient } from './admin-client.ts';
import { type Target, withAdmin, withTargetOptions } from './admin-target.ts';
import { Incomplete } from './command-failure.ts';
import { createFormat } from './format.ts';
import { print, printJson } from './print.ts';
import {
  createBarProgress,
  createJsonProgress,
  createLineProgress,
  type ProgressDisplay,
} from './warm-progress.ts';
import { failureLines, isReport, isReportList, reportTable, reportText, resultText } from './warm-report.ts';
import { type WarmInput, warmRequestOf } from './warm-request.ts';
import { watchJob } from './watch-job.ts';

interface WarmOptions extends Target, WarmInput {
  readonly detach?: boolean;
}

const EXAMPLES = [
  'cachegate warm /api/anime/1 /api/anime/2',
  "cachegate warm --ids 1,2,3 --template '/api/anime/{id}'",
  'cachegate warm --file ids.txt --concurrency 8',
  'cachegate warm --hot 1000 --detach',
  'cachegate warm status',
  'cachegate warm status dd51de77165a57e3 --follow',
  'cachegate warm cancel dd51de77165a57e3',
];
const JSON_REPORTS = 'print JSON, of a job that is followed a line for each report';

export function warmCommand(): Command {
  const warm = new Command('warm')
    .description('fetch responses ahead, in the background of a running server')
    .argument('[url...]', 'paths of the server with their queries, or URLs of which the host says nothing')
    .option('--ids <ids>', 'ids for the template, separated by commas')
    .option('--file <file>', 'a file with a URL or an id in each line; - is standard input')
    .option('--template <path>', 'where ids belong, such as /api/anime/{id}; by default warm.template')
    .option('--hot <number>', 'so many of the busiest URLs of the last day', wholeNumber)
    .option('--concurrency <number>', 'requests at once; by default warm.concurrency', wholeNumber)
    .option('--detach', 'start it and go')
    .enablePositionalOptions()
    .action(warmAction);
  const status = new Command('status')
    .description('how a job stands, or all of them')
    .argument('[id]', 'the job')
    .option('--follow', 'until it is over')
    .action(statusAction);
  const cancel = new Command('cancel')
    .description('end a job')
    .argument('<id>', 'the job')
    .action(cancelAction);
  warm.addCommand(withTargetOptions(status, EXAMPLES.slice(-3, -1), JSON_REPORTS));
  warm.addCommand(withTargetOptions(cancel, EXAMPLES.slice(-1)));
  return withTargetOptions(warm, EXAMPLES, JSON_REPORTS);
}

function wholeNumber(text: string): number {
  if (!/^[0-9]{1,9}$/.test(text)) throw new InvalidArgumentError('It is a whole number.');
  return Number(text);
}

async function warmAction(urls: readonly string[], options: WarmOptions): Promise<void> {
  const body = await warmRequestOf(urls, options);
  await withAdmin(options, 'warm', async (client) => {
    const started = await client.ask('POST', '/warm', isReport, { body });
    if (!options.detach) return follow(client, started, options);
    if (options.json) return printJson(started);
    const { number } = createFormat();
    print(
      `warming ${number(started.total_requested)} in job ${started.id}; ${whatNext(started.id, options)}`,
    );
  });
}

async function statusAction(id: string | undefined, options: Target & { follow?: boolean }): Promise<void> {
  if (id === undefined && options.follow) {
    // A script whose id is missing would take the list for a job that has ended well.
    const accepted = 'the id of a job: cachegate warm status ID --follow';
    throw new ConfigError([faultAt('', ['--follow'], 'found no job', accepted)]);
  }
  await withAdmin(options, 'warm', async (client) => {
    if (id === undefined) {
      const list = await client.ask('GET', '/warm', isReportList);
      if (options.json) printJson(list);
      else print(reportTable(list.jobs, createFormat()));
      return;
    }
    const report = await client.ask('GET', pathOf(id), isReport, KNOWN_JOBS);
    if (options.follow) return follow(client, report, options);
    if (options.json) printJson(report);
    else print(reportText(report, createFormat()));
  });
}

async function cancelAction(id: string, options: Target): Promise<void> {
  await withAdmin(options, 'warm', async (client) => {
    const report = await client.ask('DELETE', pathOf(id), isReport, KNOWN_JOBS);
    if (options.json) return printJson(report);
    const what =
      report.state === 'cancelled' ? 'cancelled' : report.state === 'done' ? 'was done' : 'is ending';
    print(`${report.id} ${what}: ${resultText(report, createFormat())}`);
  });
}

const KNOWN_JOBS = { notFound: 'cachegate warm status lists the jobs' };

function pathOf(id: string): string {
  return `/warm/${encodeURIComponent(id)}`;
}

/** Shows a job to its end, and what came of it. @throws Incomplete unless all of it is warmed */
async function follow(client: AdminClient, first: WarmReport, options: Target): Promise<void> {
  const format = createFormat();
  const display = await displayFor(options, format);
  const { report, isLeft } = await watchJob(client, first, display);
  if (isLeft) throw new Incomplete(`job ${report.id} goes on; ${whatNext(report.id, options)}`);
  const result = resultText(report, format);
  if (!options.json) print(report.state === 'cancelled' ? `${result}; cancelled` : result);
  const failures = failureLines(report, format);
  if (report.state === 'cancelled') failures.push('the job was cancelled');
  if (failures.length > 0) throw new Incomplete(failures.join('\n'));
}

async function displayFor(
  { json }: Target,
  format: ReturnType<typeof createFormat>,
): Promise<ProgressDisplay> {
  if (json) return createJsonProgress();
  if (process.stderr.isTTY) return createBarProgress(process.stderr, format);
  return createLineProgress(format, (line) => void process.stderr.write(line));
}

/** The commands that go on with a job, at the same server. */
function whatNext(id: string, { admin, config }: Target): string {
  const at =
    admin !== undefined
      ? ` --admin ${quoted(admin)}`
      : config !== undefined
        ? ` --config ${quoted(config)}`
        : '';
  return `to follow it: cachegate warm status ${id} --follow${at}; to end it: cachegate warm cancel ${id}${at}`;
}

function quoted(argument: string): string {
  return /^[\w./:@%+=,[\]-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", `'\\''`)}'`;
}
