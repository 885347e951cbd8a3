import { setTimeout as sleep } from 'node:timers/promises';
import { Command } from 'commander';
import { ConfigError, faultAt } from '../config/fault.ts';
import type { AdminClient } from './admin-client.ts';
import { type Target, withAdmin, withTargetOptions } from './admin-target.ts';
import { CommandFailure } from './command-failure.ts';
import { createFormat } from './format.ts';
import { print, printJson } from './print.ts';
import { shown } from './table.ts';
import { frameOf, type TopFrame } from './top-frame.ts';
import { topLines } from './top-lines.ts';
import { createSampler, type TopSample } from './top-sample.ts';
import { openScreen } from './top-screen.ts';

interface TopOptions extends Target {
  readonly once?: boolean;
}

const EXAMPLES = ['cachegate top', 'cachegate top --once', 'cachegate top --json | jq .hit_rate'];
const REFRESH_MS = 1_000;
/** Rates of one second alone jump. */
const WINDOW_MS = 10_000;
const DEADLINE_MS = 5_000;
const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const UNBOUNDED = { columns: 200, rows: 1_000 };

export function topCommand(): Command {
  const command = new Command('top')
    .description('hit rate, requests and latencies by service, live')
    .option('--once', 'print it once, of one second, and end');
  return withTargetOptions(command, EXAMPLES, 'print JSON, a line each second').action(top);
}

async function top(options: TopOptions): Promise<void> {
  if (!options.once && !options.json && !process.stdout.isTTY) {
    const accepted = '--once or --json where the output is no terminal';
    throw new ConfigError([faultAt('', ['top'], 'found no terminal', accepted)]);
  }
  const ending = new AbortController();
  const end = () => ending.abort();
  for (const signal of STOP_SIGNALS) process.on(signal, end);
  try {
    await withAdmin(options, 'top', (client) => run(client, options, ending), DEADLINE_MS);
  } catch (error) {
    // A request that was under way is broken off.
    if (!ending.signal.aborted) throw error;
  } finally {
    for (const signal of STOP_SIGNALS) process.off(signal, end);
  }
}

async function run(client: AdminClient, { once, json }: TopOptions, ending: AbortController): Promise<void> {
  const { signal } = ending;
  signal.addEventListener('abort', () => client.close());
  if (once) return runOnce(client, json === true, signal);
  if (!json) return runScreen(client, ending);
  await printFrames(client, signal);
}

async function printFrames(client: AdminClient, signal: AbortSignal): Promise<void> {
  let isAway = false;
  for await (const { frame, trouble } of frames(client, signal)) {
    if (trouble === null) printJson(frame);
    // Once each time: who reads the lines can't tell a silence from a reader that hangs.
    else if (!isAway) process.stderr.write(`cachegate: ${trouble}\n`);
    isAway = trouble !== null;
  }
}

async function runOnce(client: AdminClient, json: boolean, signal: AbortSignal): Promise<void> {
  const sample = createSampler(client);
  const first = await sample();
  await sleep(REFRESH_MS, undefined, { signal });
  const frame = frameOf(first, await sample());
  if (json) return printJson(frame);
  const lines = topLines(frame, client.address, null, UNBOUNDED, createFormat());
  // What tells of keys is for the live view.
  print(lines.slice(0, -2).join('\n'));
}

async function runScreen(client: AdminClient, ending: AbortController): Promise<void> {
  const format = createFormat();
  const taken = frames(client, ending.signal);
  // What is wrong from the beginning is told as by every other command.
  let current = await taken.next();
  if (current.done) return;
  const draw = () => {
    const { frame, trouble } = current.value as Shown;
    screen.show(topLines(frame, client.address, trouble, screen.size(), format));
  };
  const screen = await openScreen({ resized: () => draw(), ended: () => ending.abort() });
  try {
    while (!current.done) {
      draw();
      const next = await taken.next();
      if (next.done) break;
      current = next;
    }
  } finally {
    screen.close();
  }
}

interface Shown {
  readonly frame: TopFrame;
  readonly trouble: string | null;
}

/** A frame each second. Once there was one, a server that does not answer is a trouble, and the last frame stays. */
async function* frames(client: AdminClient, signal: AbortSignal): AsyncGenerator<Shown, undefined> {
  const sample = createSampler(client);
  let samples: TopSample[] = [];
  let frame: TopFrame | null = null;
  while (!signal.aborted) {
    let trouble: string | null = null;
    try {
      const newest = await sample();
      samples = [...samples.filter(({ atMs }) => newest.atMs - atMs <= WINDOW_MS), newest];
      frame = frameOf(samples[0]!, newest);
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof CommandFailure) || frame === null) throw error;
      trouble = shown(error.message, 200);
    }
    if (frame !== null) yield { frame, trouble };
    await sleep(REFRESH_MS, undefined, { signal }).catch(() => {});
  }
}
