import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import type { Agent as SecureAgent } from 'node:https';
import { CommandFailure, NoAnswer } from './command-failure.ts';
import { readEvents, type ServerEvent } from './event-stream.ts';
import { describeRefusal, noAnswerFrom } from './refusal.ts';

export type AdminMethod = 'GET' | 'POST' | 'DELETE';

/** Where a running server is asked, and as whom. */
export interface AdminAddress {
  /** An http or https URL, or `unix:/path`. */
  readonly address: string;
  /** `null`: none is known. */
  readonly token: string | null;
}

export interface AskOptions {
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Statuses that are answers too; 200, 202 and 204 always are. */
  readonly also?: readonly number[];
  /** What to do where there is no such thing (404). */
  readonly notFound?: string;
}

/** The admin address of a running server. */
export interface AdminClient {
  readonly address: string;
  /**
   * Answers the JSON of a success; `null` where there is none.
   * @param isExpected tells an answer of ours from that of any other server
   * @throws NoAnswer, and CommandFailure when it does not answer as expected, or with what it says is wrong
   */
  ask<T>(
    method: AdminMethod,
    path: string,
    isExpected: (answer: unknown) => answer is T,
    options?: AskOptions,
  ): Promise<T>;
  /** A text, such as `/metrics`; `null` where there is none (404). @throws as `ask` does */
  text(path: string): Promise<string | null>;
  /**
   * What a stream of events tells, until it ends.
   * @param signal ends it: the iteration is over then
   * @throws as `ask` does; NoAnswer too when it breaks off
   */
  events(path: string, signal: AbortSignal): AsyncGenerator<ServerEvent>;
  close(): void;
}

// Longer than the server may take for all of a user's sessions, or for a purge that waits.
const DEADLINE_MS = 40_000;
/** An event comes twice a second: what is silent for so long is gone. */
const MAX_SILENCE_MS = 20_000;
const MAX_BYTES = 64 * 1024 * 1024;
const UNIX = 'unix:';

export async function createAdminClient(
  { address, token }: AdminAddress,
  deadlineMs = DEADLINE_MS,
): Promise<AdminClient> {
  const socketPath = address.startsWith(UNIX) ? address.slice(UNIX.length) : undefined;
  const base = socketPath === undefined ? address : 'http://localhost';
  const { send, agent } = await transportTo(base);

  function open(method: AdminMethod, path: string, signal: AbortSignal, body?: unknown) {
    const content = body === undefined ? undefined : JSON.stringify(body);
    const headers = {
      Accept: 'application/json, text/event-stream, text/plain',
      ...(token !== null && { Authorization: `Bearer ${asBytes(token)}` }),
      ...(content !== undefined && {
        'Content-Type': 'application/json',
        'Content-Length': Buffer.byteLength(content),
      }),
    };
    return new Promise<IncomingMessage>((resolve, reject) => {
      const outgoing = send(new URL(path, base), {
        method,
        headers,
        agent,
        signal,
        ...(socketPath !== undefined && { socketPath }),
      });
      outgoing.once('response', resolve);
      // It can fail again once it is answered; the answer tells of that.
      outgoing.on('error', reject);
      outgoing.end(content);
    });
  }

  async function exchange(method: AdminMethod, path: string, body?: unknown) {
    const signal = AbortSignal.timeout(deadlineMs);
    try {
      const answer = await open(method, path, signal, body);
      return { status: answer.statusCode ?? 0, text: await textOf(answer) };
    } catch (error) {
      throw error instanceof CommandFailure ? error : noAnswerFrom(address, error, signal.aborted);
    }
  }

  function refusal(status: number, text: string, notFound?: string): CommandFailure {
    const refused = { address, status, answer: parsed(text), hasToken: token !== null, notFound };
    const message = describeRefusal(refused);
    return [502, 503, 504].includes(status) ? new NoAnswer(message) : new CommandFailure(message);
  }

  return {
    address,
    async ask(method, path, isExpected, { body, also = [], notFound } = {}) {
      const { status, text } = await exchange(method, path, body);
      if (![200, 202, 204, ...also].includes(status)) throw refusal(status, text, notFound);
      const answer = status === 204 ? null : parsed(text);
      if (isExpected(answer)) return answer;
      throw new CommandFailure(`${address} does not answer as the admin address of cachegate`);
    },
    async text(path) {
      const { status, text } = await exchange('GET', path);
      if (status === 200) return text;
      if (status === 404) return null;
      throw refusal(status, text);
    },
    async *events(path, signal) {
      const silence = new AbortController();
      const timer = setTimeout(() => silence.abort(), MAX_SILENCE_MS);
      try {
        const answer = await open('GET', path, AbortSignal.any([signal, silence.signal]));
        if (answer.statusCode !== 200) throw refusal(answer.statusCode ?? 0, await textOf(answer));
        for await (const event of readEvents(answer)) {
          timer.refresh();
          yield event;
        }
      } catch (error) {
        if (signal.aborted) return;
        throw error instanceof CommandFailure ? error : noAnswerFrom(address, error, silence.signal.aborted);
      } finally {
        clearTimeout(timer);
      }
    },
    close: () => agent.destroy(),
  };
}

/** Node.js writes a field byte by byte. */
function asBytes(text: string): string {
  return Buffer.from(text).toString('latin1');
}

async function transportTo(base: string): Promise<{ send: typeof httpRequest; agent: Agent | SecureAgent }> {
  if (!base.startsWith('https:')) return { send: httpRequest, agent: new Agent({ keepAlive: true }) };
  const https = await import('node:https');
  return { send: https.request, agent: new https.Agent({ keepAlive: true }) };
}

async function textOf(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BYTES) throw new NoAnswer(`the answer is longer than ${MAX_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
