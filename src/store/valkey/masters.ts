import { keySlot, SLOTS } from './key-slot.ts';
import type { TrackableClient } from './trackable-client.ts';

/** A server that takes writes, by the connection that this process has to it. */
export interface Master {
  readonly client: TrackableClient;
  /** A hash tag whose slot it serves. The same in all processes that see the same slots. */
  readonly tag: string;
}

/** The masters of a client: one of a single server's or a Sentinel's, all of a Cluster. */
export interface Masters {
  readonly all: readonly Master[];
  /** Each slot has one that is known. */
  readonly complete: boolean;
  /** Who serves a key; `undefined`: nobody that is known. */
  of(key: string): Master | undefined;
  release(): void;
}

/** What a client of a Cluster knows of it: `host:port` of the nodes of each slot, its master first. */
interface ClusterClient extends TrackableClient {
  readonly slots?: readonly (readonly string[] | undefined)[];
  nodes(role: 'master'): (TrackableClient & { readonly options?: { host?: string; port?: number } })[];
}

const TOPOLOGY_EVENTS = ['ready', 'refresh', '+node', '-node', 'close'] as const;

function isCluster(client: TrackableClient): client is ClusterClient {
  return client.nodes !== undefined;
}

export const NO_MASTERS: Masters = { all: [], complete: false, of: () => undefined, release: () => {} };

/** Whether a client tells enough, and can be duplicated. */
export function isTrackable(client: TrackableClient): boolean {
  return isCluster(client) ? client.slots !== undefined : client.duplicate !== undefined;
}

/** @param onChange called when a slot has another master than before, or a master another connection. */
export function watchMasters(client: TrackableClient, onChange: () => void): Masters {
  if (isCluster(client)) return watchCluster(client, onChange);
  const master: Master = { client, tag: '0' };
  return { all: [master], complete: true, of: () => master, release: () => {} };
}

function watchCluster(client: ClusterClient, onChange: () => void): Masters {
  let owners: readonly (Master | undefined)[] = [];
  let all: readonly Master[] = [];
  let complete = false;
  // Asked while a slot is on its way to it: what changes there is not heard yet.
  let strangers = false;

  function look(): boolean {
    const seen = readOwners(client, all);
    const before = strangers;
    strangers = hasStrangers(client);
    if (seen.every((owner, slot) => owner === owners[slot])) return strangers !== before;
    owners = seen;
    const distinct = new Set(seen);
    complete = !distinct.has(undefined);
    all = [...distinct].filter((owner) => owner !== undefined);
    return true;
  }

  const lookAgain = () => {
    if (look()) onChange();
  };
  for (const event of TOPOLOGY_EVENTS) client.on(event, lookAgain);
  look();
  return {
    get all() {
      return all;
    },
    get complete() {
      return complete && !strangers;
    },
    of: (key) => (strangers ? undefined : owners[keySlot(key)]),
    release: () => {
      for (const event of TOPOLOGY_EVENTS) client.off(event, lookAgain);
    },
  };
}

/** The master of each slot; those of `known` that are as they were, are the same objects. */
function readOwners(client: ClusterClient, known: readonly Master[]): (Master | undefined)[] {
  const nodes = new Map(client.nodes('master').map((node) => [nameOf(node), node]));
  const names = Array.from({ length: SLOTS }, (_, slot) => client.slots?.[slot]?.[0]);
  const masters = new Map<string, Master>();
  for (const [name, node] of nodes) {
    const tag = tagOf(names, name);
    if (tag === null) continue;
    const same = known.find((master) => master.client === node && master.tag === tag);
    masters.set(name, same ?? { client: node, tag });
  }
  return names.map((name) => (name === undefined ? undefined : masters.get(name)));
}

/** Whether there is a connection to a master of no slot that is known. */
function hasStrangers(client: ClusterClient): boolean {
  const serving = new Set(Array.from({ length: SLOTS }, (_, slot) => client.slots?.[slot]?.[0]));
  return client.nodes('master').some((node) => !serving.has(nameOf(node)));
}

function nameOf({ options }: { readonly options?: { host?: string; port?: number } }): string {
  return `${options?.host}:${options?.port}`;
}

/** The first whole number whose slot a node serves; `null` when it serves none. */
function tagOf(names: readonly (string | undefined)[], name: string): string | null {
  if (!names.includes(name)) return null;
  for (let i = 0; ; i += 1) if (names[keySlot(String(i))] === name) return String(i);
}
