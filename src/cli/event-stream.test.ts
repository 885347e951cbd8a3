import { expect, it } from 'vitest';
import { readEvents, type ServerEvent } from './event-stream.ts';

async function read(...chunks: (string | Uint8Array)[]): Promise<ServerEvent[]> {
  async function* source() {
    for (const chunk of chunks) yield typeof chunk === 'string' ? new TextEncoder().encode(chunk) : chunk;
  }
  const events: ServerEvent[] = [];
  for await (const event of readEvents(source())) events.push(event);
  return events;
}

it.each(['\n', '\r\n', '\r'])('reads events whose lines end in %j, cut anywhere', async (end) => {
  const text = [
    ': hello',
    '',
    'event: progress',
    'data: {"a":',
    'data:1}',
    'id: 7',
    '',
    'data: ü',
    '',
    '',
  ].join(end);
  const expected = [
    { name: 'progress', data: '{"a":\n1}' },
    { name: 'message', data: 'ü' },
  ];
  // A lone CR at the end might be half of an end of line.
  const bytes = new TextEncoder().encode(`${text}: more`);
  for (let at = 1; at < bytes.length; at += 1) {
    expect(await read(bytes.subarray(0, at), bytes.subarray(at))).toEqual(expected);
  }
});

it('tells nothing of an event that was broken off, or that has no data', async () => {
  expect(await read('event: end\n\n', 'event: progress\ndata: 1\n')).toEqual([]);
});

it('ends at an event without end', async () => {
  const chunk = `data: ${'x'.repeat(400_000)}\n`;
  await expect(read(chunk, chunk, chunk)).rejects.toThrow('too long');
  await expect(read('data: 1\n\n', 'x'.repeat(1_100_000))).rejects.toThrow('too long');
});
