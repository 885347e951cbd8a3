import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { SLOTS } from './key-slot.ts';
import { watchMasters } from './masters.ts';

/** What a client of a Cluster knows: its nodes, and the names of those that serve slots. */
function clusterOf(...ports: number[]) {
  const nodeOf = (port: number) => ({ options: { host: 'h', port } });
  const nodes = ports.map(nodeOf);
  const events = new EventEmitter();
  return Object.assign(events, {
    status: 'ready',
    slots: Array.from({ length: SLOTS }, (_, slot) => [`h:${ports[slot % ports.length]}`]),
    nodes: () => nodes,
    call: async () => null,
    connect: async () => {},
    meet(port: number) {
      nodes.push(nodeOf(port));
      events.emit('+node');
    },
    forget() {
      nodes.pop();
      events.emit('-node');
    },
  });
}

describe('the masters of a Cluster', () => {
  it('are known by their slots', () => {
    const masters = watchMasters(clusterOf(1, 2) as never, () => {});
    expect(masters.all.map(({ tag }) => tag)).toHaveLength(2);
    expect([masters.complete, masters.of('a') !== undefined]).toEqual([true, true]);
  });

  it('are not relied on while a slot moves to one that had none', () => {
    const cluster = clusterOf(1, 2);
    let changes = 0;
    const masters = watchMasters(cluster as never, () => {
      changes += 1;
    });
    cluster.meet(3);
    expect([changes, masters.complete, masters.of('a')]).toEqual([1, false, undefined]);
    expect(masters.all).toHaveLength(2);
    cluster.forget();
    expect([changes, masters.complete, masters.of('a') !== undefined]).toEqual([2, true, true]);
    masters.release();
  });
});
