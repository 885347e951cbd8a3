import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type AdminStandIn, answering, startAdminStandIn } from '../support/admin-stand-in.ts';
import { runCommand, startCommand } from '../support/source-command.ts';
import { startInTerminal, type TerminalCommand } from '../support/terminal-command.ts';

const ENTER = '\u001b[?1049h';
const LEAVE = '\u001b[?1049l';
const ready = { status: 'ready', store: { type: 'redis', state: 'available' } };
const counts = { hit_rate: 0.5, total_hits: 1, total_misses: 1 };
const stats = {
  ...{ ...counts, enabled: true, storage_type: 'redis', statistics_storage: 'redis', redis_url: null },
  ...{ total_requests: 2, total_entries: 1_234, cache_size_bytes: 5_000, cache_size_mb: 0 },
  ...{ average_ttl_remaining: null, average_ttl_remaining_hours: null, sample: null },
};

let admin: AdminStandIn;
let terminal: TerminalCommand | null;
beforeEach(async () => {
  terminal = null;
  admin = await startAdminStandIn();
  admin.routes.set(
    'GET /readyz',
    answering({ ...ready, status: 'not ready', sessions: { mode: 'store', degraded: true, kept: 2 } }, 503),
  );
  admin.routes.set('GET /stats', answering({ ...stats, per_service: { jikan: counts } }));
  let hits = 0;
  admin.routes.set('GET /metrics', (_, response) => {
    hits += 30;
    const line = (service: string, outcome: string, value: number) =>
      `cachegate_requests_total{service="${service}",outcome="${outcome}"} ${value}\n`;
    const names = Array.from({ length: 30 }, (_each, index) => `service-${index}`);
    response.end(
      line('jikan', 'hit', hits) +
        line('jikan', 'uri-miss', hits / 3) +
        names.map((each) => line(each, 'hit', 0)).join(''),
    );
  });
});
afterEach(async () => {
  await admin.close();
  terminal?.kill();
  await terminal?.ended;
});

const top = async () => {
  terminal = await startInTerminal(['top', '--admin', admin.url], { LC_ALL: 'en_US.UTF-8' });
  return terminal;
};
const sees = (text: string | RegExp) =>
  expect.poll(() => terminal!.screen(), { timeout: 15_000 }).toMatch(text);

describe('cachegate top', () => {
  it('prints one frame', async () => {
    const text = await runCommand(['top', '--once', '--admin', admin.url], {
      env: { LC_ALL: 'en_US.UTF-8' },
    });
    expect([text.how, text.errors]).toEqual([0, '']);
    expect(text.output).toMatch(
      /^cachegate at http.*: NOT READY .*\nstore: redis, available {2}sessions: DEGRADED/,
    );
    expect(text.output).toMatch(/\njikan +[\d.]+\/s +75%/);
    expect(text.output).not.toContain('Ctrl-C');
    const json = await runCommand(['top', '--once', '--json', '--admin', admin.url]);
    expect(JSON.parse(json.output)).toMatchObject({
      ...{ ready: false, metrics: true, hit_rate: 0.75, total_entries: 1_234, store: ready.store },
      services: expect.arrayContaining([expect.objectContaining({ name: 'jikan', hit_rate: 0.75 })]),
    });
  });

  it('prints frames as lines of JSON until it is stopped', async () => {
    const command = startCommand(['top', '--json', '--admin', admin.url]);
    await expect.poll(() => command.output().split('\n').length, { timeout: 15_000 }).toBeGreaterThan(2);
    command.signal('SIGINT');
    const { how, output, errors } = await command.ended;
    expect([how, errors]).toEqual([0, '']);
    const frames = output
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(frames[1]).toMatchObject({ hit_rate: 0.75, window_seconds: expect.any(Number) });
  });

  it('says on standard error why no lines come, once each time', async () => {
    const command = startCommand(['top', '--json', '--admin', admin.url]);
    const lines = () => command.output().split('\n').length;
    await expect.poll(lines, { timeout: 15_000 }).toBeGreaterThan(1);
    admin.routes.set('GET /readyz', answering({ title: 'Busy', detail: 'the reason' }, 500));
    const asked = admin.asked.length;
    await expect.poll(() => admin.asked.length, { timeout: 15_000 }).toBeGreaterThan(asked + 2);
    const before = lines();
    admin.routes.set('GET /readyz', answering(ready));
    await expect.poll(lines, { timeout: 15_000 }).toBeGreaterThan(before);
    command.signal('SIGINT');
    const { how, errors } = await command.ended;
    expect([how, errors]).toEqual([0, 'cachegate: the reason\n']);
  });

  it('needs a terminal for the live view', async () => {
    const { how, errors } = await runCommand(['top', '--admin', admin.url]);
    expect([how, errors]).toEqual([
      2,
      'cachegate: top: found no terminal; accepted: --once or --json where the output is no terminal\n',
    ]);
  });

  it('shows requests by the statistics where there are no metrics', async () => {
    admin.routes.delete('GET /metrics');
    const { how, output } = await runCommand(['top', '--once', '--admin', admin.url]);
    expect(how).toBe(0);
    expect(output).toContain('\nno /metrics there (metrics: false)');
    expect(output).toMatch(/\njikan +0\/s/);
  });
});

describe('the live view', () => {
  it('fits, follows the size of the terminal, and leaves it as it was', async () => {
    await top();
    await sees(/jikan +[\d.]+\/s +75%/);
    await sees('and 17 more');
    expect(terminal!.screen().startsWith(ENTER)).toBe(true);
    await terminal!.resize(40, 12);
    await sees('and 29 more');
    const small = terminal!.screen().split('\u001b[2J').at(-1)!;
    expect(small.split('\n').length).toBeLessThanOrEqual(12);
    await sees(/service-0 +0\/s[ -]+…/);
    terminal!.type('q');
    const { how, screen, settings } = await terminal!.ended;
    expect(how).toBe(0);
    expect(screen.lastIndexOf(LEAVE)).toBeGreaterThan(screen.lastIndexOf(ENTER));
    expect(screen.lastIndexOf('\u001b[?25h')).toBeGreaterThan(screen.lastIndexOf('\u001b[?25l'));
    expect(settings).toMatch(/ icanon .* echo /);
  });

  it('ends at Ctrl-C, also while nothing answers', async () => {
    await top();
    await sees('jikan');
    admin.routes.set('GET /readyz', () => {});
    const asked = admin.asked.length;
    await expect.poll(() => admin.asked.length, { timeout: 15_000 }).toBeGreaterThan(asked);
    terminal!.type('\u0003');
    const { how, settings } = await terminal!.ended;
    expect(how).toBe(0);
    expect(settings).toMatch(/ icanon .* echo /);
  });

  it('goes on when the server is away for a while', async () => {
    await top();
    await sees('jikan');
    await admin.close();
    await sees('no answer from http');
    await admin.reopen();
    const before = terminal!.screen().lastIndexOf('no answer');
    await expect
      .poll(() => terminal!.screen().indexOf('jikan', before + 200), { timeout: 15_000 })
      .toBeGreaterThan(0);
    terminal!.type('q');
    expect((await terminal!.ended).how).toBe(0);
  });

  it('says what is wrong from the start as other commands do', async () => {
    await admin.close();
    await top();
    const { how, screen } = await terminal!.ended;
    await admin.reopen();
    expect(how).toBe(1);
    expect(screen).toMatch(/^cachegate: no answer from http/);
    expect(screen).not.toContain(ENTER);
  });
});
