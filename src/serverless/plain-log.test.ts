import { describe, expect, it } from 'vitest';
import { CachegateError } from '../errors.ts';
import { logThrough, setLoggingLevel } from '../observe/known-logs.ts';
import { createLog, type Log } from '../observe/log.ts';
import { createPlainLog } from './plain-log.ts';

/** The same is said to both logs; the lines of each, without what only the process's own log has. */
function bothOf(say: (log: Log) => void) {
  const plain: string[] = [];
  const full: string[] = [];
  say(createPlainLog({ level: 'detailed', write: (line) => plain.push(line) }));
  say(createLog({ level: 'detailed', destination: { write: (line) => void full.push(line) } }));
  return [plain, full].map((lines) => lines.map(read));
}

function read(line: string) {
  expect(line.endsWith('\n')).toBe(true);
  const { time, pid: _, hostname: __, ...record } = JSON.parse(line);
  expect(time).toBeTypeOf('number');
  return record;
}

const outer = (() => {
  const cause = Object.assign(new Error('connect to redis://u:p4ss@store.test'), { code: 'ECONNREFUSED' });
  return new TypeError('fetch failed', { cause });
})();

const circular: Record<string, unknown> = {};
circular.self = circular;

describe('the plain log', () => {
  it.each<[string, (log: Log) => void]>([
    ['a text', (log) => log.info('text')],
    ['a text with places', (log) => log.warn('%s of %d', 'one', 2)],
    ['fields and a text', (log) => log.info({ a: 1, b: undefined, c: null, d: ['e'] }, 'text')],
    ['fields alone', (log) => log.info({ a: 1 })],
    ['fields with a date', (log) => log.info({ at: new Date(0) }, 'text')],
    ['secrets', (log) => log.info({ token: 'a', headers: { cookie: 'b', accept: 'c' } }, 'text')],
    [
      'an error of ours',
      (log) => log.error({ err: new CachegateError('ERR_STORE_CLOSED', 'closed') }, 'text'),
    ],
    ['an error of others', (log) => log.error({ err: outer }, 'text')],
    ['an error by itself', (log) => log.error(outer)],
    ['an error and a text', (log) => log.error(outer, 'text')],
    ['what is thrown and no error', (log) => log.error({ err: 'thrown' }, 'text')],
    ['what holds itself', (log) => log.info({ circular }, 'text')],
    ['a child', (log) => log.child({ part: 'a', token: 'b' }).info({ c: 1 }, 'text')],
    ['a log through it', (log) => logThrough(log).error({ err: outer }, 'text')],
    ['what is not shown', (log) => log.debug('text')],
    ['fatal', (log) => log.fatal('text')],
  ])("says %s as the process's own log does", (_, say) => {
    const [plain, full] = bothOf(say);
    expect(plain).toEqual(full);
  });

  it('has level, time and name first, and the text last', () => {
    const lines: string[] = [];
    createPlainLog({ level: 'aggregate', write: (line) => lines.push(line) }).info({ msg2: 1 }, 'text');
    expect(lines).toEqual([
      expect.stringMatching(/^\{"level":30,"time":\d+,"name":"cachegate","msg2":1,"msg":"text"\}\n$/),
    ]);
  });

  it('says of itself what it shows', () => {
    const lines: string[] = [];
    const log = createPlainLog({ level: 'minimal', write: (line) => lines.push(line) });
    expect([log.level, log.levelVal, log.isLevelEnabled('info')]).toEqual(['warn', 40, false]);
    log.info('not shown');
    setLoggingLevel(log, 'detailed');
    expect([log.level, log.levelVal, log.isLevelEnabled('info')]).toEqual(['info', 30, true]);
    log.level = 'debug';
    log.debug('shown');
    log.level = 'silent';
    log.fatal('not shown');
    expect(lines.map((line) => read(line).msg)).toEqual(['shown']);
  });

  it('writes numbers that JSON has none of', () => {
    const lines: string[] = [];
    createPlainLog({ level: 'minimal', write: (line) => lines.push(line) }).error({ count: 10n }, 'text');
    expect(read(lines[0]!)).toMatchObject({ count: '10' });
  });
});
