import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type AdminStandIn, addJob, type JobStandIn, startAdminStandIn } from '../support/admin-stand-in.ts';
import { runCommand, sourceCommand, startCommand } from '../support/source-command.ts';
import { startInTerminal, type TerminalCommand } from '../support/terminal-command.ts';

let folder: string;
let admin: AdminStandIn;
let terminal: TerminalCommand | null;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cachegate-warm-'));
});
afterAll(() => rm(folder, { recursive: true }));
beforeEach(async () => {
  terminal = null;
  admin = await startAdminStandIn();
});
afterEach(async () => {
  await admin.close();
  terminal?.kill();
  await terminal?.ended;
});

const options = () => ({ cwd: folder, env: { LC_ALL: 'en_US.UTF-8', TZ: 'UTC' } });
const warm = (...args: string[]) => runCommand(['warm', ...args, '--admin', admin.url], options());
const start = (...args: string[]) => startCommand(['warm', ...args, '--admin', admin.url], options());
const follows = (job: JobStandIn) => expect.poll(job.followers, { timeout: 15_000 }).toBe(1);
const DONE = {
  state: 'done',
  rate_per_second: 0,
  seconds_left: null,
  ended_at: '2026-05-01T12:05:00.000Z',
} as const;

describe('what is warmed', () => {
  it('comes from a file', async () => {
    await writeFile(join(folder, 'ids.txt'), '1\nzwei\n');
    addJob(admin, { ...DONE, total_requested: 2, warmed_count: 2 });
    const args = ['--file', 'ids.txt', '--template', '/a/{id}', '--concurrency', '8'];
    expect(await warm(...args)).toMatchObject({ how: 0, output: 'warmed 2 of 2\n' });
    expect(admin.asked.map(({ method, path }) => `${method} ${path}`)).toEqual(['POST /warm']);
    expect(admin.asked[0]!.body).toEqual({ ids: ['1', 'zwei'], template: '/a/{id}', concurrency: 8 });
  });

  it('comes from standard input', async () => {
    addJob(admin, DONE);
    const child = spawn(process.execPath, sourceCommand(['warm', '--file', '-', '--admin', admin.url]), {
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    child.stdin.end('7\n8\n');
    expect(await once(child, 'close')).toEqual([0, null]);
    expect(admin.asked[0]!.body).toEqual({ ids: ['7', '8'] });
  });

  it.each([
    [[], 'found none; accepted: one of them'],
    [['--hot', 'many'], "option '--hot <number>' argument 'many' is invalid"],
    [['status', '--follow'], '--follow: found no job; accepted: the id of a job'],
  ])('%j is wrong usage', async (args, text) => {
    const { how, output, errors } = await warm(...args);
    expect([how, output]).toEqual([2, '']);
    expect(errors).toContain(text);
    expect(admin.asked).toEqual([]);
  });
});

describe('a job', () => {
  it('is followed to its end; what has failed is exit code 3', async () => {
    const job = addJob(admin);
    const command = start('/a');
    await follows(job);
    for (const warmed of [20, 21, 60]) job.change({ warmed_count: warmed });
    const failures = [
      { id: 'x\u001b[2J', reason: '502 from\nthe origin' },
      { id: 'y', reason: 'timeout' },
    ];
    job.change({ ...DONE, warmed_count: 97, failed_count: 3, duplicates: 5, failures });
    const { how, output, errors } = await command.ended;
    expect([how, output]).toEqual([3, 'warmed 97 of 100 (failed 3, duplicates 5)\n']);
    expect(errors.split('\n')).toEqual([
      'warming job-1: 0 of 100 (0%), 12.5/s, 8 sec left',
      'warming job-1: 20 of 100 (20%), 12.5/s, 8 sec left',
      'warming job-1: 60 of 100 (60%), 12.5/s, 8 sec left',
      'warming job-1: 100 of 100 (100%), failed 3',
      'cachegate: Failed to warm cache for x\\u001b[2J: 502 from the origin',
      'cachegate: Failed to warm cache for y: timeout',
      'cachegate: 1 more failed; the log of the server names them',
      '',
    ]);
  });

  it('is a line of JSON for each report with --json', async () => {
    const job = addJob(admin);
    const command = start('/a', '--json');
    await follows(job);
    job.change({ warmed_count: 50 });
    job.change({ ...DONE, warmed_count: 100 });
    const { how, output, errors } = await command.ended;
    expect([how, errors]).toEqual([0, '']);
    const reports = output
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(reports.map(({ warmed_count }) => warmed_count)).toEqual(expect.arrayContaining([0, 50, 100]));
    expect(reports.at(-1)).toEqual(job.report());
  });

  it('goes on when the server is started anew', async () => {
    const job = addJob(admin);
    const command = start('/a');
    await follows(job);
    await admin.close();
    job.change({ warmed_count: 40 });
    await admin.reopen();
    await expect.poll(job.followers, { timeout: 15_000 }).toBe(2);
    job.change({ ...DONE, warmed_count: 100 });
    expect(await command.ended).toMatchObject({ how: 0, output: 'warmed 100 of 100\n' });
  });

  it.each(['SIGINT', 'SIGTERM'] as const)('is left by %s where there is nobody to ask', async (signal) => {
    const job = addJob(admin);
    const command = start('/a');
    await follows(job);
    command.signal(signal);
    const { how, output, errors } = await command.ended;
    expect([how, output, job.report().state]).toEqual([3, '', 'running']);
    const at = `--admin ${admin.url}`;
    expect(errors).toContain(
      `cachegate: job job-1 goes on; to follow it: cachegate warm status job-1 --follow ${at}; to end it: cachegate warm cancel job-1 ${at}\n`,
    );
  });

  it('is started alone with --detach', async () => {
    const job = addJob(admin);
    const { how, output, errors } = await warm('/a', '--detach');
    expect([how, errors, job.followers()]).toEqual([0, '', 0]);
    expect(output).toMatch(
      /^warming 100 in job job-1; to follow it: cachegate warm status job-1 --follow --admin /,
    );
    expect(JSON.parse((await warm('/a', '--detach', '--json')).output)).toEqual(job.report());
  });

  it('is reported, listed and cancelled', async () => {
    const job = addJob(admin, { warmed_count: 40, failed_count: 2 });
    expect((await warm('status')).output).toBe(
      [
        'JOB    STATE    DONE  TOTAL  FAILED    RATE  CREATED',
        'job-1  running    42    100       2  12.5/s  May 1, 2026, 12:00:00 PM',
        '',
      ].join('\n'),
    );
    expect((await warm('status', 'job-1')).output).toContain('State       running: 12.5/s, 8 sec left\n');
    expect(JSON.parse((await warm('status', '--json')).output)).toEqual({ jobs: [job.report()] });
    expect(JSON.parse((await warm('status', 'job-1', '--json')).output)).toEqual(job.report());
    const unknown = await warm('status', 'job-2');
    expect([unknown.how, unknown.errors]).toEqual([
      1,
      'cachegate: There is nothing here; cachegate warm status lists the jobs\n',
    ]);
    expect(await warm('cancel', 'job-1')).toEqual({
      ...{ how: 0, output: 'job-1 cancelled: warmed 40 of 100 (failed 2)\n', errors: '' },
    });
    expect(await warm('status', 'job-1', '--follow')).toMatchObject({
      ...{ how: 3, output: 'warmed 40 of 100 (failed 2); cancelled\n' },
    });
  }, 60_000);
});

describe('in a terminal', () => {
  const inTerminal = async (...args: string[]) => {
    terminal = await startInTerminal(['warm', ...args, '--admin', admin.url], { LC_ALL: 'en_US.UTF-8' });
    return terminal;
  };
  const sees = (text: string) => expect.poll(() => terminal!.screen(), { timeout: 15_000 }).toContain(text);
  const QUESTION = '[l]eave it running, [c]ancel it, or [g]o on? ';

  it('shows a bar, and takes it away at the end', async () => {
    const job = addJob(admin);
    await inTerminal('/a');
    await sees('] 0 of 100 (0%), 12.5/s, 8 sec left');
    job.change({ warmed_count: 50 });
    await sees('[###############---------------] 50 of 100 (50%), 12.5/s, 8 sec left');
    job.change({ ...DONE, warmed_count: 100 });
    const { how, screen, settings } = await terminal!.ended;
    expect(how).toBe(0);
    expect(screen.trimEnd()).toMatch(/warmed 100 of 100$/);
    expect(screen.lastIndexOf('\u001b[?25h')).toBeGreaterThan(screen.lastIndexOf('\u001b[?25l'));
    expect(settings).toMatch(/ icanon .* echo /);
  });

  it('asks at Ctrl-C, and leaves it running', async () => {
    const job = addJob(admin);
    await inTerminal('/a');
    await sees('0 of 100');
    terminal!.type('\u0003');
    await sees(QUESTION);
    terminal!.type('l\r');
    const { how, screen, settings } = await terminal!.ended;
    expect([how, job.report().state]).toEqual([3, 'running']);
    expect(screen).toContain('job job-1 goes on; to follow it: cachegate warm status job-1 --follow');
    expect(screen.lastIndexOf('\u001b[?25h')).toBeGreaterThan(screen.lastIndexOf('\u001b[?25l'));
    expect(settings).toMatch(/ icanon .* echo /);
  });

  it('asks at Ctrl-C, goes on, asks again, and cancels it', async () => {
    const job = addJob(admin);
    await inTerminal('/a');
    await sees('0 of 100');
    terminal!.type('\u0003');
    await sees(QUESTION);
    terminal!.type('what?\r');
    await expect
      .poll(() => terminal!.screen().split(QUESTION).length, { timeout: 15_000 })
      .toBeGreaterThan(2);
    terminal!.type('g\r');
    job.change({ warmed_count: 30 });
    await sees('30 of 100');
    const asked = terminal!.screen().split(QUESTION).length;
    terminal!.type('\u0003');
    await expect
      .poll(() => terminal!.screen().split(QUESTION).length, { timeout: 15_000 })
      .toBeGreaterThan(asked);
    terminal!.type('c\r');
    const { how, screen } = await terminal!.ended;
    expect([how, job.report().state]).toEqual([3, 'cancelled']);
    expect(screen).toContain('warmed 30 of 100; cancelled');
  });

  it.each([
    ['Ctrl-C once more', '\u0003'],
    ['the end of input', '\u0004'],
  ])('leaves it running at %s', async (_, key) => {
    const job = addJob(admin);
    await inTerminal('/a');
    await sees('0 of 100');
    terminal!.type('\u0003');
    await sees(QUESTION);
    terminal!.type(key);
    const { how, settings } = await terminal!.ended;
    expect([how, job.report().state]).toEqual([3, 'running']);
    expect(settings).toMatch(/ icanon .* echo /);
  });

  it('takes the question back when the job is over', async () => {
    const job = addJob(admin);
    await inTerminal('/a');
    await sees('0 of 100');
    terminal!.type('\u0003');
    await sees(QUESTION);
    job.change({ ...DONE, warmed_count: 100 });
    const { how, screen, settings } = await terminal!.ended;
    expect(how).toBe(0);
    expect(screen).toContain('warmed 100 of 100');
    expect(settings).toMatch(/ icanon .* echo /);
  });
});
