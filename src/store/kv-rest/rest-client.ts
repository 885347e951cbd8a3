import { Redis } from '@upstash/redis';
import { CachegateError } from '../../errors.ts';
import { storeClosed } from '../store-errors.ts';
import type { KvRestAddress } from './kv-rest-address.ts';
import { addCommand, type RestCommand } from './rest-command.ts';
import { fromClientError, fromErrorReply } from './rest-errors.ts';

/** Sends commands to the service, as many as asked for in one request. */
export interface RestClient {
  /**
   * The commands' replies, in their order; an error reply is a `CachegateError` in its place.
   *
   * @throws CachegateError when there is no answer to the request, or not in time.
   */
  send(commands: readonly RestCommand[]): Promise<unknown[]>;
  /** Ends the requests that are under way; there are no more after that. */
  close(): void;
}

interface Reply {
  readonly result?: unknown;
  readonly error?: string | undefined;
}

/** @param timeoutMs for each request, its answer's last byte included. */
export function createRestClient({ url, token }: KvRestAddress, timeoutMs: number): RestClient {
  const underWay = new Set<AbortController>();
  let starting = new AbortController();
  let closed = false;
  const redis = new Redis({
    url,
    token,
    // A command may have been carried out though its answer was lost: a second attempt would count twice.
    retry: { retries: 0 },
    cache: 'no-store',
    // What is kept is UTF-8, so nothing needs to be base64 once more on its way.
    responseEncoding: false,
    automaticDeserialization: false,
    enableAutoPipelining: false,
    enableTelemetry: false,
    signal: () => starting.signal,
  });

  /** One request. The client asks for its signal before it first waits. */
  async function request(
    commands: readonly RestCommand[],
    whole: ReadonlySet<RestCommand>,
  ): Promise<Reply[]> {
    if (closed) throw storeClosed();
    const pipeline = redis.pipeline();
    for (const command of commands) addCommand(pipeline, command, whole.has(command));
    const controller = new AbortController();
    starting = controller;
    underWay.add(controller);
    const timer = setTimeout(() => controller.abort(timedOut()), timeoutMs);
    try {
      const replies: Reply[] = await pipeline.exec({ keepErrors: true });
      if (replies.length !== commands.length) throw new Error('Not an answer to each command');
      return replies;
    } catch (error) {
      throw fromClientError(error);
    } finally {
      clearTimeout(timer);
      underWay.delete(controller);
    }
  }

  async function send(commands: readonly RestCommand[]): Promise<unknown[]> {
    const replies = await request(commands, new Set());
    const unknown = commands.filter((_, place) => isUnknownScript(replies[place]!));
    if (unknown.length > 0) {
      // None of them ran. The first call of each script takes its text along, from where the server knows it.
      const again = await request(unknown, firstOfEachScript(unknown));
      for (const [at, command] of unknown.entries()) replies[commands.indexOf(command)] = again[at]!;
    }
    return replies.map(({ result, error }) => (error === undefined ? result : fromErrorReply(String(error))));
  }

  return {
    send,
    close() {
      closed = true;
      for (const controller of underWay) controller.abort(storeClosed());
    },
  };
}

function isUnknownScript({ error }: Reply): boolean {
  return error !== undefined && String(error).startsWith('NOSCRIPT');
}

function firstOfEachScript(commands: readonly RestCommand[]): Set<RestCommand> {
  const first = new Map<string, RestCommand>();
  for (const command of commands) {
    if (command.name !== 'script') continue;
    const { sha } = command.call.script;
    if (!first.has(sha)) first.set(sha, command);
  }
  return new Set(first.values());
}

function timedOut(): CachegateError {
  return new CachegateError('ERR_STORE_TIMEOUT', 'Connection timeout');
}
