import type { RateRule, StoredValue, TakeResult } from '../store.ts';
import type { ValkeyClient } from './client.ts';
import {
  addRead,
  addTake,
  createFusedBatch,
  type FusedBatch,
  rejectBatch,
  resolveBatch,
  scriptArguments,
} from './fused-batch.ts';
import { FUSED_SCRIPT, FUSED_SCRIPT_SHA } from './fused-script.ts';
import type { InFlight } from './in-flight.ts';
import { isReplyError, toStoreError } from './reply-errors.ts';

/** So much is asked for in one call of the script at most: it holds up the server's other clients. */
const MAX_BATCH = 500;

/** The reads and takes of one turn of the event loop, sent as one command. */
export interface FusedReads {
  get(keys: readonly string[]): Promise<(StoredValue | null)[]>;
  take(key: string, rules: readonly RateRule[]): Promise<TakeResult>;
  /** Sends at once what waits for the end of the turn. */
  flush(): void;
}

/**
 * The poll phase reads what came in on many sockets; what they ask the store for is collected, and sent in the
 * check phase that follows.
 */
export function createFusedReads(client: ValkeyClient, inFlight: InFlight): FusedReads {
  let batch = createFusedBatch();
  let scheduled = false;

  function flush(): void {
    scheduled = false;
    if (batch.size === 0) return;
    const full = batch;
    batch = createFusedBatch();
    void send(full);
  }

  async function send(full: FusedBatch): Promise<void> {
    try {
      resolveBatch(full, await runScript(client, scriptArguments(full)));
    } catch (error) {
      rejectBatch(full, toStoreError(error));
    }
    inFlight.leave(full.size);
  }

  function roomFor(operations: number): FusedBatch {
    inFlight.enter(operations);
    if (batch.size > 0 && batch.size + operations > MAX_BATCH) flush();
    if (!scheduled) setImmediate(flush);
    scheduled = true;
    return batch;
  }

  async function getParts(keys: readonly string[]): Promise<(StoredValue | null)[]> {
    const parts: (readonly string[])[] = [];
    for (let at = 0; at < keys.length; at += MAX_BATCH) parts.push(keys.slice(at, at + MAX_BATCH));
    return (await Promise.all(parts.map(async (part) => get(part)))).flat();
  }

  function get(keys: readonly string[]): Promise<(StoredValue | null)[]> {
    if (keys.length === 0) return Promise.resolve([]);
    return keys.length > MAX_BATCH ? getParts(keys) : addRead(roomFor(keys.length), keys);
  }

  return { get, take: (key, rules) => addTake(roomFor(1), key, rules), flush };
}

async function runScript(client: ValkeyClient, args: (string | number)[]): Promise<readonly unknown[]> {
  try {
    return (await client.callBuffer('evalsha', [FUSED_SCRIPT_SHA, ...args])) as readonly unknown[];
  } catch (error) {
    if (!isReplyError(error) || !error.message.startsWith('NOSCRIPT')) throw error;
  }
  // It did not run, so nothing was counted. Loaded rather than sent with EVAL, whose scripts may be evicted.
  const loaded = client.call('script', ['LOAD', FUSED_SCRIPT]);
  const reply = client.callBuffer('evalsha', [FUSED_SCRIPT_SHA, ...args]);
  return (await Promise.all([loaded, reply]))[1] as readonly unknown[];
}
