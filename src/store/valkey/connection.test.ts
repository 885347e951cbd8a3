import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { watchConnection } from './connection.ts';

describe('watchConnection', () => {
  it('waits once for all who ask while it connects', async () => {
    const client = Object.assign(new EventEmitter(), { status: 'connecting', connect: async () => {} });
    const connection = watchConnection(client as never, () => {});
    const before = client.listenerCount('ready');
    const all = Promise.all(Array.from({ length: 20 }, () => connection.ready()));
    expect(client.listenerCount('ready')).toBe(before + 1);
    client.status = 'ready';
    client.emit('ready');
    await all;
    expect(client.listenerCount('ready')).toBe(before);
  });
});
