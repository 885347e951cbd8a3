import { CachegateError } from '../../errors.ts';
import { storeClosed } from '../store-errors.ts';
import { boundedText } from './bounded-text.ts';
import type { KvRestAddress } from './kv-rest-address.ts';
import { isReplyTo, type RestCommand, wordsOf } from './rest-command.ts';
import { fromErrorAnswer, fromErrorReply, fromFetchError, otherAnswer, unavailable } from './rest-errors.ts';

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
  readonly error?: unknown;
}

/** The service has several servers: with this it reads what the requests before have written. */
const SYNC_TOKEN = 'upstash-sync-token';
/** What stands in between (a framework's own cache, too) keeps nothing, and leads nowhere else with the token. */
const DIRECT: RequestInit & { readonly cache: string } = { cache: 'no-store', redirect: 'manual' };
/** Of an answer: sixteen values of a megabyte, with room to spare. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;
/** So long at most it is left alone where it says when to come back. */
const MAX_PAUSE_MS = 30_000;

/**
 * Speaks to the service by the platform's `fetch`, which keeps the connections. Nothing is sent twice: a command may have
 * been carried out though its answer was lost.
 *
 * @param timeoutMs for each request, its answer's last byte included.
 */
export function createRestClient({ url, token }: KvRestAddress, timeoutMs: number): RestClient {
  const underWay = new Set<AbortController>();
  const fields = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' };
  let syncToken: string | null = null;
  let closed = false;
  let pause: { readonly until: number; readonly error: CachegateError } | null = null;

  /** The text of an answer that says that all went well. */
  async function post(body: string, signal: AbortSignal): Promise<string> {
    const answer = await fetch(`${url}/pipeline`, {
      method: 'POST',
      headers: syncToken === null ? fields : { ...fields, [SYNC_TOKEN]: syncToken },
      body,
      signal,
      ...DIRECT,
    });
    syncToken = answer.headers.get(SYNC_TOKEN) ?? syncToken;
    const pauseMs = pauseMsOf(answer);
    if (pauseMs > 0) pause = { until: performance.now() + pauseMs, error: busy() };
    const text = await boundedText(answer, MAX_ANSWER_BYTES);
    // It is away, in whatever words: a refusal would count as an answer, and close the circuit.
    if (pauseMs > 0) throw busy();
    if (!answer.ok) throw fromErrorAnswer(errorIn(text));
    return text;
  }

  async function request(
    commands: readonly RestCommand[],
    whole: ReadonlySet<RestCommand>,
  ): Promise<Reply[]> {
    if (closed) throw storeClosed();
    if (pause !== null && performance.now() < pause.until) throw pause.error;
    const body = JSON.stringify(commands.map((command) => wordsOf(command, whole.has(command))));
    const controller = new AbortController();
    underWay.add(controller);
    const timer = setTimeout(() => controller.abort(timedOut()), timeoutMs);
    try {
      return repliesIn(await post(body, controller.signal), commands.length);
    } catch (error) {
      // Not every platform fails with the reason it was given.
      throw fromFetchError(controller.signal.aborted ? controller.signal.reason : error);
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
    return replies.map(({ result, error }, place) => {
      if (error !== undefined) return fromErrorReply(String(error));
      return isReplyTo(commands[place]!, result) ? result : otherAnswer();
    });
  }

  return {
    send,
    close() {
      closed = true;
      for (const controller of underWay) controller.abort(storeClosed());
    },
  };
}

/** How long it is to be left alone, by its own word (RFC 9110 §10.2.3, in seconds; a date would be by its clock). */
function pauseMsOf({ status, headers }: Response): number {
  if (status !== 429 && status !== 503) return 0;
  const seconds = /^\d{1,9}$/.exec(headers.get('retry-after')?.trim() ?? '')?.[0] ?? 0;
  return Math.min(Number(seconds) * 1_000, MAX_PAUSE_MS);
}

function busy(): CachegateError {
  return unavailable('Store asked to be left alone for a while');
}

function repliesIn(text: string, count: number): Reply[] {
  const replies = parsed(text);
  const isAnswer = Array.isArray(replies) && replies.length === count && replies.every(isReply);
  if (!isAnswer) throw otherAnswer();
  return replies;
}

function isReply(reply: unknown): reply is Reply {
  return typeof reply === 'object' && reply !== null && ('result' in reply || 'error' in reply);
}

/** What the service says of a request that it did not take. */
function errorIn(text: string): string {
  const answer = parsed(text);
  return typeof answer === 'object' && answer !== null && 'error' in answer ? String(answer.error) : '';
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw unavailable('Answer of the store is no JSON');
  }
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
