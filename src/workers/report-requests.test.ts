import { expect, it } from 'vitest';
import type { WorkerReport } from './messages.ts';
import { createReportRequests } from './report-requests.ts';

const REPORT: WorkerReport = { store: { type: 'memory', state: 'available' } };

it('gives each request its own answer, whatever their order', async () => {
  const sent: number[] = [];
  const requests = createReportRequests((id) => void sent.push(id));
  const both = [requests.ask(), requests.ask()];
  const away: WorkerReport = { store: { type: 'redis', state: 'away' } };
  requests.answer(sent[1]!, away);
  requests.answer(sent[0]!, REPORT);
  expect(await Promise.all(both)).toEqual([REPORT, away]);
});

it('has none from a worker that says nothing, or is gone, and takes none that comes late', async () => {
  const sent: number[] = [];
  const requests = createReportRequests((id) => void sent.push(id));
  expect(await requests.ask()).toBeNull();
  requests.answer(sent[0]!, REPORT);
  const asked = requests.ask();
  requests.end();
  expect(await asked).toBeNull();
});
