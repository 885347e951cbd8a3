import { beforeEach, describe, expect, it } from 'vitest';
import { CachegateError } from '../errors.ts';
import { createLog, type LoggingLevel } from './log.ts';
import { createPurgeLog } from './purge-log.ts';

let records: Record<string, unknown>[];
beforeEach(() => {
  records = [];
});
const logAt = (level: LoggingLevel) => {
  const destination = { write: (line: string) => void records.push(JSON.parse(line) as never) };
  return createPurgeLog(createLog({ level, destination }), { now: () => 0 });
};
const asked = { correlationId: () => 'id-1' };
const done = { by: 'tag', names: ['news'], mode: 'soft', wait: false, purged: 12, durationMs: 3.4 } as const;

describe('the log of purges', () => {
  it('says what was purged, by what, and how', () => {
    logAt('aggregate').purged?.(done, asked);
    expect(records).toEqual([
      expect.objectContaining({
        level: 30,
        msg: 'Purged 12 responses by tag news (soft)',
        operation: 'purge',
        by: 'tag',
        mode: 'soft',
        wait: false,
        purged: 12,
        duration: 3,
        correlationId: 'id-1',
      }),
    ]);
  });

  it('names one response, several tags, a service, and a URL without its query', () => {
    const log = logAt('detailed');
    log.purged?.({ ...done, purged: 1, names: ['a', 'b'] }, asked);
    log.purged?.({ ...done, by: 'service', names: ['api'], mode: 'hard' }, asked);
    log.purged?.({ ...done, by: 'url', names: ['/a/b?key=secret'] }, asked);
    expect(records.map(({ msg }) => msg)).toEqual([
      'Purged 1 response by tags a, b (soft)',
      'Purged 12 responses by service api (hard)',
      'Purged 12 responses by URL /a/b (soft)',
    ]);
  });

  it('cuts what is long', () => {
    logAt('detailed').purged?.({ ...done, names: ['x'.repeat(1_000)] }, asked);
    expect(records[0]!.msg).toBe(`Purged 12 responses by tag ${'x'.repeat(200)}… (soft)`);
  });

  it('says at every level what failed and who was refused, ten times a second', () => {
    const log = logAt('minimal');
    log.purged?.(done, asked);
    const error = new CachegateError('ERR_STORE_TIMEOUT', 'Connection timeout');
    for (let i = 0; i < 20; i++) log.purgeFailed?.(done, error, asked);
    for (let i = 0; i < 20; i++) log.purgeRefused?.('192.0.2.7', 'wrong token', asked);
    expect(records).toHaveLength(20);
    expect(records[0]).toMatchObject({
      level: 50,
      msg: 'Purge by tag news (soft) failed: Connection timeout',
      errorType: 'ERR_STORE_TIMEOUT',
    });
    expect(records[10]).toMatchObject({
      level: 40,
      msg: 'Purge refused: wrong token, from 192.0.2.7',
      address: '192.0.2.7',
      reason: 'wrong token',
    });
  });
});
