import { CachegateError } from '../../errors.ts';
import { createInFlight } from '../in-flight.ts';
import { markBytes } from '../mark.ts';
import { isReplicaError, toStoreError } from '../reply-errors.ts';
import { createScriptedCounters } from '../scripts/counters.ts';
import { createScriptedGroups, dropsKey, type ScriptedGroups } from '../scripts/scripted-groups.ts';
import { createScriptedUsage } from '../scripts/usage.ts';
import { MARK_BYTES, MARK_OFFSET, type Store } from '../store.ts';
import { parseStoreUrl } from '../store-url.ts';
import type { ValkeyClient } from './client.ts';
import { type ConnectOptions, connectValkey } from './connect.ts';
import { type ConnectionChange, watchConnection } from './connection.ts';
import { createDropSequence } from './drop-sequence.ts';
import { createFusedReads, type FusedReads } from './fused-reads.ts';
import { FUSED_SCRIPT } from './fused-script.ts';
import { COHERENT_MS } from './heartbeat.ts';
import { keySlot } from './key-slot.ts';
import { createLeasing } from './leasing.ts';
import { limitOf } from './memory-limit.ts';
import { createReplicaGuard } from './replica-guard.ts';
import { runScript } from './script-runner.ts';
import { createSender, type Sender } from './sender.ts';
import { createTracking, type Tracking, type TrackingChange } from './tracking.ts';
import { createUntracked } from './untracked.ts';
import { createWrites } from './writes.ts';

interface CommonOptions {
  /** Of all keys that the store is used for, without the colon after it; may be empty. */
  readonly namespace?: string;
  /**
   * `off`: the store hears of no changes but its own (`listen`), and copies of its values may not be kept. `on` by
   * default.
   */
  readonly tracking?: 'on' | 'off';
  /** Called once for each change of the connection, the first one included. */
  readonly onConnectionChange?: (change: ConnectionChange) => void;
  /** Called once for each change of whether others' changes are heard. */
  readonly onTrackingChange?: (change: TrackingChange) => void;
  readonly random?: () => number;
}

/** Connections of the store's own, to what a URL names as `parseStoreUrl` reads it. */
export interface ValkeyUrlOptions extends CommonOptions, Pick<ConnectOptions, 'tls' | 'sentinel'> {
  readonly url: string;
  /** 2000 by default. */
  readonly connectTimeoutMs?: number;
}

/** A client that the application has and keeps: `close` lets go of it, and leaves it connected. */
export interface ValkeyClientOptions extends CommonOptions {
  readonly client: ValkeyClient;
}

const MAX_IN_FLIGHT = 20_000;
const MAX_BYTES_IN_FLIGHT = 256 * 1024 * 1024;
const CLOSE_DEADLINE_MS = 1_000;

/**
 * The store on Valkey or Redis: one server, what Sentinels watch, or a Cluster. The reads and takes of one turn of the
 * event loop leave at its end, as one command (in a Cluster one for each slot); writes leave at once. All goes by the
 * servers' clock. A Buffer that is read may be a part of what came over the socket: copy it to keep it long. Calls have
 * no deadline here: see `createResilientStore`.
 *
 * @throws CachegateError `ERR_CONFIG_INVALID` for a bad URL, or a client with a key prefix. Being away is no error here,
 * but of each call.
 */
export function createValkeyStore(options: ValkeyUrlOptions | ValkeyClientOptions): Store {
  const ownsClient = 'url' in options;
  const client: ValkeyClient = ownsClient ? connectUrl(options) : withoutPrefix(options.client);
  const isCluster = client.isCluster === true;
  const slotOf = isCluster ? keySlot : null;
  let closed = false;
  const connection = watchConnection(client, (change) => {
    if (!closed) options.onConnectionChange?.(change);
  });
  const tracking = trackingOf(client, options);
  const inFlight = createInFlight(MAX_IN_FLIGHT, MAX_BYTES_IN_FLIGHT);
  const toError = errorsOf(ownsClient && !isCluster ? client : null);
  const sender = createSender({ client, connection, inFlight, toError });
  const run = (args: (string | number)[]) => runScript(client, 'callBuffer', FUSED_SCRIPT, args);
  const reads = createFusedReads({ run, toError, inFlight, slotOf });
  const groups = groupsOf(sender, reads, tracking, options.namespace ?? '', isCluster);

  async function ping(): Promise<void> {
    if (!closed) await connection.ready();
    await sender.command('ping', []);
  }

  async function close(): Promise<void> {
    if (closed) return;
    closed = true;
    sender.close();
    reads.flush();
    const finished = inFlight.drained().then(() => (ownsClient ? client.quit() : undefined));
    await settledWithin(Promise.all([finished, tracking.close()]), CLOSE_DEADLINE_MS);
    if (ownsClient) client.disconnect();
    else connection.release();
  }

  return {
    kind: 'redis',
    get: rejecting((keys) => {
      sender.open();
      return reads.get(keys);
    }),
    take: rejecting((key, rules, count = 1) => {
      sender.open();
      return reads.take(key, rules, count);
    }),
    ...createWrites({ sender, groups, tracking, slotOf }),
    ...createLeasing(groups, tracking, sender.open),
    ...dropping(groups, tracking, sender.open),
    ...counting(sender, client, isCluster, options.random),
    async confirmed() {
      sender.open();
      await tracking.confirmed();
    },
    listen: tracking.listen,
    coherentUntil: tracking.coherentUntil,
    hearsDrops: tracking.hearsDrops,
    ...(isCluster && { shardOf: (key: string) => client.slots?.[keySlot(key)]?.[0] ?? '' }),
    ping,
    close,
  };
}

/** Of what a client throws; what shows that `ours` leads to a replica makes it connect anew. */
function errorsOf(ours: ValkeyClient | null): (error: unknown) => CachegateError {
  const replicaSeen = ours === null ? null : createReplicaGuard(() => ours.disconnect(true));
  return (error) => {
    if (isReplicaError(error)) replicaSeen?.();
    return toStoreError(error);
  };
}

function groupsOf(
  sender: Sender,
  reads: FusedReads,
  tracking: Tracking,
  namespace: string,
  isCluster: boolean,
): ScriptedGroups {
  const key = dropsKey(namespace);
  async function readSequence(): Promise<number> {
    sender.open();
    const [value] = await reads.get([key]);
    return Number(value?.bytes ?? 0);
  }
  return createScriptedGroups({
    run: sender.script,
    dropsKey: key,
    ...(isCluster && { sequence: createDropSequence(readSequence) }),
    mark: (markedAt) => ({
      text: markBytes(markedAt),
      offset: MARK_OFFSET,
      leastLength: MARK_OFFSET + MARK_BYTES,
    }),
    onDrop: (base, keys) => {
      for (const each of keys) tracking.noteChange(each);
      tracking.noteDrop(base);
    },
  });
}

/** The part of the store that drops groups and finds them. */
function dropping(
  groups: ScriptedGroups,
  tracking: Tracking,
  open: () => void,
): Pick<Store, 'drop' | 'dropTagged' | 'members'> {
  return {
    async drop(bases, options) {
      open();
      return groups.drop(bases, options?.markedAt);
    },
    async dropTagged(tags, options) {
      open();
      tracking.noteTagDrop();
      return groups.dropTagged(tags, options?.markedAt);
    },
    async members(tag, cursor) {
      open();
      return groups.members(tag, cursor);
    },
  };
}

/** The part of the store that counts, and that is counted. */
function counting(
  sender: Sender,
  client: ValkeyClient,
  isCluster: boolean,
  random: (() => number) | undefined,
): Pick<Store, 'add' | 'counters' | 'usage'> {
  const counters = createScriptedCounters(sender.script);
  const usageOf = createScriptedUsage({
    run: sender.script,
    together: !isCluster,
    asksCost: true,
    ...(random !== undefined && { random }),
  });
  return {
    add: counters.add,
    counters: counters.read,
    async usage(tags, sampleSize) {
      sender.open();
      const [usage, limitBytes] = await Promise.all([usageOf(tags, sampleSize), limitOf(client)]);
      return { ...usage, limitBytes };
    },
  };
}

function connectUrl(options: ValkeyUrlOptions): ValkeyClient {
  const { url, connectTimeoutMs = 2_000, random = Math.random, tls, sentinel } = options;
  const location = parseStoreUrl(url);
  if (location.kind !== 'redis') {
    throw new CachegateError('ERR_CONFIG_INVALID', `Bad store URL: ${location.kind}: names no Valkey server`);
  }
  return connectValkey(location, {
    connectTimeoutMs,
    random,
    ...(tls !== undefined && { tls }),
    ...(sentinel !== undefined && { sentinel }),
  });
}

/** What a script reads of keys that it was not given by name would be without the prefix. */
function withoutPrefix(client: ValkeyClient): ValkeyClient {
  if ((client.options?.keyPrefix ?? '') === '') return client;
  throw new CachegateError(
    'ERR_CONFIG_INVALID',
    "The store's client has a keyPrefix: set `namespace` instead",
  );
}

function trackingOf(client: ValkeyClient, options: CommonOptions): Tracking {
  const { namespace = '', random, onTrackingChange } = options;
  if (options.tracking === 'off') return createUntracked(COHERENT_MS);
  return createTracking({
    client,
    namespace,
    ...(random !== undefined && { random }),
    ...(onTrackingChange !== undefined && { onChange: onTrackingChange }),
  });
}

/** Makes what a function throws a rejection, without the promise that `async` would add to its answer. */
function rejecting<A extends unknown[], T>(call: (...args: A) => Promise<T>): (...args: A) => Promise<T> {
  return (...args) => {
    try {
      return call(...args);
    } catch (error) {
      return Promise.reject(error);
    }
  };
}

/** Waits for a promise to settle either way, for so long at most. */
function settledWithin(promise: Promise<unknown>, deadlineMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, deadlineMs);
    const done = () => {
      clearTimeout(timer);
      resolve();
    };
    promise.then(done, done);
  });
}
