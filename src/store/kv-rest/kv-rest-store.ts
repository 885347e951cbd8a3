import { setTimeout as sleep } from 'node:timers/promises';
import { type Clock, systemClock } from '../../clock.ts';
import { CachegateError } from '../../errors.ts';
import { createChanges } from '../changes.ts';
import { createScriptedCounters, readCounters } from '../scripts/counters.ts';
import type { LeaseReply } from '../scripts/fills.ts';
import type { RunScript } from '../scripts/script.ts';
import { createScriptedGroups, dropsKey } from '../scripts/scripted-groups.ts';
import { createScriptedUsage } from '../scripts/usage.ts';
import type { Lease, LeaseState, ReplaceOptions, SetOptions, Store } from '../store.ts';
import { storeClosed, valueTooLarge } from '../store-errors.ts';
import { createAdmission } from './admission.ts';
import { encodeValue, formsOf, MARK_AT, MARK_CHARS, markText } from './encoding.ts';
import { createKnowingBegins } from './knowing-begins.ts';
import { checkAddress, type KvRestAddress } from './kv-rest-address.ts';
import { createLooks } from './looks.ts';
import { createRestClient } from './rest-client.ts';
import type { RestCommand, TextCall } from './rest-command.ts';
import { otherAnswer } from './rest-errors.ts';
import { createRestQueue } from './rest-queue.ts';
import { createRestReads } from './rest-reads.ts';
import { createRestScripts } from './rest-scripts.ts';
import { createRestTakes } from './rest-takes.ts';

export interface KvRestOptions extends KvRestAddress {
  /** Goes before the keys of the store's own as `namespace:`; empty by default. */
  readonly namespace?: string;
  /**
   * Bytes of one request that the service takes; 1,000,000 by default. It bounds values too, at about three quarters of
   * it: what is no text takes a third more in base64.
   */
  readonly maxRequestBytes?: number;
  /** For a request with its answer; 2000 by default. Callers wait less: see `createResilientStore`. */
  readonly requestTimeoutMs?: number;
  /** How long a process keeps copies, at most; 1000 by default. */
  readonly nearMaxAgeMs?: number;
  readonly clock?: Clock;
}

const MAX_REQUESTS = 32;
const MAX_WAITING = 20_000;
const MAX_WAITING_BYTES = 64 * 1024 * 1024;
const CLOSE_DEADLINE_MS = 1_000;

/**
 * The store on a service that takes Redis commands over HTTP (Vercel KV, Upstash). What is asked for in one turn of the
 * event loop leaves at its end, as one request; nothing is sent twice. Takes and leases go by the service's clock, and
 * `expiresInMs` by that of the process that wrote the value. The service tells nothing of what others change.
 *
 * @throws CachegateError `ERR_CONFIG_INVALID` for a bad address. Being away is no error here, but of each call.
 */
export function createKvRestStore(options: KvRestOptions): Store {
  const { maxRequestBytes = 1_000_000, requestTimeoutMs = 2_000, nearMaxAgeMs = 1_000 } = options;
  const { clock = systemClock, namespace = '' } = options;
  const client = createRestClient(checkAddress(options), requestTimeoutMs);
  const bounds = { maxRequestBytes, maxRequests: MAX_REQUESTS, waitMs: requestTimeoutMs };
  const queue = createRestQueue(client, bounds);
  const scripts = createRestScripts(queue, maxRequestBytes);
  const reads = createRestReads(queue, scripts, clock);
  const takes = createRestTakes(queue, scripts);
  const admission = createAdmission(MAX_WAITING, MAX_WAITING_BYTES);
  const changes = createChanges();
  const looks = createLooks();
  const closing = new AbortController();
  const run: RunScript = (call) => scripts.run(call as TextCall);
  const counters = createScriptedCounters(run);
  // The services don't tell what a key costs them, nor how much they hold: their words for that are their own.
  const usage = createScriptedUsage({ run, together: true, asksCost: false });
  const groups = createScriptedGroups({
    run,
    dropsKey: dropsKey(namespace),
    mark: (markedAt) => ({
      text: markText(markedAt),
      offset: MARK_AT,
      leastLength: MARK_AT + MARK_CHARS,
    }),
    onDrop: tellDrop,
    tells: false,
    readsBase: true,
  });
  const begins = createKnowingBegins(groups, reads, changes);

  function tellDrop(base: string, keys: readonly string[]): void {
    for (const key of keys) changes.changed(key);
    changes.changed(base);
    changes.dropped(base);
  }

  /** One call of the port: fails once the store is closed, and counts while it waits. */
  async function ask<T>(operations: number, bytes: number, call: () => Promise<T>): Promise<T> {
    if (closing.signal.aborted) throw storeClosed();
    try {
      return await admission.run(operations, bytes, call);
    } catch (error) {
      // What can't be read of an answer is of a service that answers anything.
      throw error instanceof CachegateError ? error : otherAnswer();
    }
  }

  /** As `ask`, and tells of the keys: also after a failure, since the write may have been carried out all the same. */
  async function write<T>(keys: readonly string[], bytes: number, call: () => Promise<T>): Promise<T> {
    try {
      return await ask(1, bytes, call);
    } finally {
      for (const key of keys) changes.changed(key);
    }
  }

  function refuse(bytes: Buffer): void {
    const refusal = valueTooLarge(bytes.length) ?? valueTooLarge(bytes.length, maxRequestBytes);
    if (refusal !== null) throw refusal;
  }

  async function set(key: string, bytes: Buffer, ttlMs: number, options: SetOptions = {}): Promise<boolean> {
    refuse(bytes);
    const { group, fence, tags = [], onlyIfAbsent = false, endLease } = options;
    const text = encodeValue(bytes, clock.now() + ttlMs, group !== undefined);
    const guarded = fence !== undefined || tags.length > 0 || endLease !== undefined;
    if (group !== undefined && (key !== group || guarded)) {
      const written = groups.set(key, text, ttlMs, { ...options, group });
      return endLease === undefined ? written : written.finally(() => changes.wake(group));
    }
    return (await queue.run({ name: 'set', key, text, ttlMs, onlyIfAbsent })) === 'OK';
  }

  async function replace(
    key: string,
    expected: Buffer,
    bytes: Buffer,
    ttlMs: number,
    options: ReplaceOptions = {},
  ): Promise<boolean> {
    refuse(bytes);
    const forms = formsOf(expected, bytes, clock.now() + ttlMs, options.group !== undefined);
    return groups.replace(key, forms, ttlMs, options);
  }

  async function remove(keys: readonly string[]): Promise<number> {
    return keys.length === 0 ? 0 : Number(await queue.run({ name: 'unlink', keys }));
  }

  async function drop(bases: readonly string[], markedAt: number | undefined): Promise<number> {
    // What is being fetched for them here is outdated from the call on, not only from its answer.
    for (const base of bases) tellDrop(base, []);
    return groups.drop(bases, markedAt);
  }

  function leaseState(base: string, lease: Lease | undefined, reply: LeaseReply | null): LeaseState | null {
    if (lease === undefined || reply?.kind !== 'taken') return reply as LeaseState | null;
    const lookAgainMs = looks.nextAfterMs(lease.holder);
    return { ...reply, changed: (waitMs) => changes.wait(base, Math.min(waitMs, lookAgainMs)) };
  }

  /** By no script, which a token that only reads may not run. */
  async function countersOf(key: string): Promise<ReadonlyMap<string, number>> {
    return readCounters(await queue.run({ name: 'hgetall', key }));
  }

  async function close(): Promise<void> {
    if (closing.signal.aborted) return;
    closing.abort();
    queue.flush();
    await Promise.race([admission.drained(), sleep(CLOSE_DEADLINE_MS, undefined, { ref: false })]);
    client.close();
    changes.close();
  }

  return {
    kind: 'kv-rest',
    get: (keys) => ask(keys.length, 0, () => reads.get(keys)),
    set: (key, bytes, ttlMs, setOptions) =>
      write([key], bytes.length, () => set(key, bytes, ttlMs, setOptions)),
    replace: (key, expected, bytes, ttlMs, more) =>
      write([key], expected.length + bytes.length, () => replace(key, expected, bytes, ttlMs, more)),
    delete: (keys) => write(keys, 0, () => remove(keys)),
    take: (key, rules, count = 1) => ask(1, 0, () => takes.take(key, rules, count)),
    begin: (base, lease) =>
      ask(1, 0, async () => {
        const begun = await begins(base, lease);
        return { fence: begun.fence, lease: leaseState(base, lease, begun.lease) };
      }),
    renew: (base, lease) => ask(1, 0, () => groups.renew(base, lease)),
    end: (base, lease, barMs) =>
      ask(1, 0, () => groups.end(base, lease, barMs)).finally(() => changes.wake(base)),
    drop: (bases, { markedAt } = {}) => ask(bases.length, 0, () => drop(bases, markedAt)),
    dropTagged: (tags, { markedAt } = {}) => {
      changes.tagDropped();
      return ask(1, 0, () => groups.dropTagged(tags, markedAt));
    },
    members: (tag, cursor) => ask(1, 0, () => groups.members(tag, cursor)),
    add: (key, batch, ttlMs) => ask(1, 0, () => counters.add(key, batch, ttlMs)),
    counters: (keys) => ask(keys.length, 0, () => Promise.all(keys.map(countersOf))),
    usage: (tags, sampleSize) =>
      ask(1, 0, async () => ({ ...(await usage(tags, sampleSize)), limitBytes: null })),
    confirmed: async () => {
      if (closing.signal.aborted) throw storeClosed();
      await sleep(nearMaxAgeMs, undefined, { signal: closing.signal }).catch(() => {});
    },
    listen: changes.listen,
    coherentUntil: () => null,
    hearsDrops: () => false,
    ping: () => ask(1, 0, async () => void (await queue.run({ name: 'ping' } satisfies RestCommand))),
    close,
  };
}
