import { CachegateError } from '../../errors.ts';
import { valueTooLarge } from '../store-errors.ts';
import type { RestClient } from './rest-client.ts';
import { bytesOf, type RestCommand } from './rest-command.ts';

/** Sends all that is asked for in one turn of the event loop as one request, or as few as its bounds allow. */
export interface RestQueue {
  /**
   * The command's reply.
   *
   * @throws CachegateError for an error reply, and what `RestClient.send` throws.
   */
  run(command: RestCommand): Promise<unknown>;
  /** Calls back at the end of the turn, before the request is put together; `last` after all others. */
  atEndOfTurn(contribute: () => void, place?: 'last'): void;
  /** Ends the turn at once. */
  flush(): void;
}

export interface RestQueueBounds {
  /** Of one request. */
  readonly maxRequestBytes: number;
  /** Requests under way; what comes meanwhile waits, and leaves together. */
  readonly maxRequests: number;
  /** How long a command may wait for its request to be sent. */
  readonly waitMs: number;
}

interface Waiting {
  readonly command: RestCommand;
  readonly bytes: number;
  readonly since: number;
  resolve(reply: unknown): void;
  reject(error: CachegateError): void;
}

/** So many commands leave in one request at most. */
const MAX_COMMANDS = 500;
/** The brackets of a request, and what the client puts around its commands. */
const REQUEST_OVERHEAD_BYTES = 100;

export function createRestQueue(client: RestClient, bounds: RestQueueBounds): RestQueue {
  const room = bounds.maxRequestBytes - REQUEST_OVERHEAD_BYTES;
  let waiting: Waiting[] = [];
  let contributors: (() => void)[] = [];
  let lastContributors: (() => void)[] = [];
  let scheduled = false;
  let underWay = 0;

  function schedule(): void {
    if (!scheduled) setImmediate(flush);
    scheduled = true;
  }

  function flush(): void {
    scheduled = false;
    const first = contributors;
    contributors = [];
    for (const contribute of first) contribute();
    const last = lastContributors;
    lastContributors = [];
    for (const contribute of last) contribute();
    sendWaiting();
  }

  function sendWaiting(): void {
    dropOverdue();
    while (waiting.length > 0 && underWay < bounds.maxRequests) void send(nextRequest());
  }

  /** What has waited too long is not carried out behind its caller's back. */
  function dropOverdue(): void {
    const before = performance.now() - bounds.waitMs;
    const overdue = waiting.filter(({ since }) => since < before);
    if (overdue.length === 0) return;
    waiting = waiting.filter(({ since }) => since >= before);
    const error = new CachegateError('ERR_STORE_TIMEOUT', 'Connection timeout');
    for (const { reject } of overdue) reject(error);
  }

  function nextRequest(): Waiting[] {
    let bytes = 0;
    let size = 0;
    while (size < waiting.length && size < MAX_COMMANDS) {
      bytes += waiting[size]!.bytes;
      if (bytes > room && size > 0) break;
      size += 1;
    }
    return waiting.splice(0, size);
  }

  async function send(request: readonly Waiting[]): Promise<void> {
    underWay += 1;
    try {
      const replies = await client.send(request.map(({ command }) => command));
      for (const [at, { resolve, reject }] of request.entries()) {
        const reply = replies[at];
        if (reply instanceof CachegateError) reject(reply);
        else resolve(reply);
      }
    } catch (error) {
      for (const { reject } of request) reject(error as CachegateError);
    } finally {
      underWay -= 1;
    }
    sendWaiting();
  }

  return {
    async run(command) {
      const bytes = bytesOf(command);
      const refusal = valueTooLarge(bytes, room);
      if (refusal !== null) throw refusal;
      schedule();
      return new Promise((resolve, reject) => {
        waiting.push({ command, bytes, since: performance.now(), resolve, reject });
      });
    },
    atEndOfTurn(contribute, place) {
      (place === 'last' ? lastContributors : contributors).push(contribute);
      schedule();
    },
    flush,
  };
}
