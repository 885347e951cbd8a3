import { expect, it } from 'vitest';
import { createAdminLog } from './admin-log.ts';
import { createLog } from './log.ts';

it('tells at every level, ten times a second of each kind', () => {
  const records: Record<string, unknown>[] = [];
  const destination = { write: (line: string) => void records.push(JSON.parse(line)) };
  const told = createAdminLog(createLog({ level: 'minimal', destination }), { now: () => 0 });
  for (let i = 0; i < 20; i++) told.refused('wrong token', '192.0.2.7');
  for (let i = 0; i < 20; i++) told.failed(new Error('a bug'), '/stats');
  expect(records).toHaveLength(20);
  expect(records[0]).toMatchObject({
    level: 40,
    msg: 'Admin request refused: wrong token',
    address: '192.0.2.7',
    operation: 'admin',
  });
  expect(records[10]).toMatchObject({ level: 50, msg: 'An admin request failed', route: '/stats' });
});
