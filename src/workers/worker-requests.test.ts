import { expect, it } from 'vitest';
import { createWorkerRequests } from './worker-requests.ts';

const DEADLINE_MS = 50;

function setUp() {
  const sent: { id: number; question: string }[] = [];
  const send = (id: number, question: string) => void sent.push({ id, question });
  return { sent, requests: createWorkerRequests<string, string>(send, DEADLINE_MS) };
}

it('gives each request its own answer, whatever their order', async () => {
  const { sent, requests } = setUp();
  const both = [requests.ask('a'), requests.ask('b')];
  expect(sent.map(({ question }) => question)).toEqual(['a', 'b']);
  requests.answer(sent[1]!.id, 'to b');
  requests.answer(sent[0]!.id, 'to a');
  expect(await Promise.all(both)).toEqual(['to a', 'to b']);
});

it('has none from a worker that says nothing, or is gone, and takes none that comes late', async () => {
  const { sent, requests } = setUp();
  expect(await requests.ask('a')).toBeNull();
  requests.answer(sent[0]!.id, 'late');
  const asked = requests.ask('b');
  requests.end();
  expect(await asked).toBeNull();
});
