import { afterEach, describe, expect, it, vi } from 'vitest';
import { ConfigError, faultAt } from '../config/fault.ts';
import type { Config } from '../config/schema.ts';
import { createLog } from '../observe/log.ts';
import { reloadSignal } from './reload-signal.ts';

const NEXT = {} as Config;
const hangUp = () => process.emit('SIGHUP');
const others = new Set(process.listeners('SIGHUP'));

afterEach(() => {
  for (const listener of process.listeners('SIGHUP')) {
    if (!others.has(listener)) process.removeListener('SIGHUP', listener);
  }
});

function logged() {
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push((JSON.parse(line) as { msg: string }).msg) };
  return { log: createLog({ level: 'aggregate', destination }), lines };
}

describe('reloadSignal', () => {
  it('heeds a signal that came before the start was done', async () => {
    const load = vi.fn(async () => NEXT);
    const takeOn = vi.fn(async () => {});
    const reloads = reloadSignal(load);
    hangUp();
    hangUp();
    expect(load).not.toHaveBeenCalled();
    reloads.use(logged().log, takeOn);
    await expect.poll(() => takeOn.mock.calls.length).toBe(1);
    expect(load).toHaveBeenCalledTimes(1);
  });

  it('loads nothing unasked', async () => {
    const load = vi.fn(async () => NEXT);
    reloadSignal(load).use(logged().log, async () => {});
    await Promise.resolve();
    expect(load).not.toHaveBeenCalled();
  });

  it('loads once more for all that come while one is under way, one after the other', async () => {
    let underWay = 0;
    let most = 0;
    const ends: (() => void)[] = [];
    const load = vi.fn(async () => NEXT);
    reloadSignal(load).use(logged().log, async () => {
      most = Math.max(most, ++underWay);
      await new Promise<void>((resolve) => ends.push(resolve));
      underWay--;
    });
    hangUp();
    await expect.poll(() => ends.length).toBe(1);
    for (let i = 0; i < 100; i++) hangUp();
    ends[0]!();
    await expect.poll(() => ends.length).toBe(2);
    ends[1]!();
    await expect.poll(() => underWay).toBe(0);
    expect([load.mock.calls.length, most]).toEqual([2, 1]);
    hangUp();
    await expect.poll(() => ends.length).toBe(3);
    ends[2]!();
  });

  it('goes on after a refusal, of which it tells', async () => {
    const { log, lines } = logged();
    const taken: Config[] = [];
    let isBad = true;
    reloadSignal(async () => {
      if (isBad) throw new ConfigError([faultAt('listen', [], 'found x', 'an address')]);
      return NEXT;
    }).use(log, async (loading) => void taken.push(await loading));
    hangUp();
    await expect.poll(() => lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^Reload refused, all is as before: .*listen.*found x/);
    isBad = false;
    hangUp();
    await expect.poll(() => taken).toEqual([NEXT]);
  });
});
