import { Agent, request } from 'undici';
import { oneLine } from '../config/found.ts';
import { CommandFailure } from './command-failure.ts';

/** The admin address of a running server: an http or https URL, or `unix:/path`. */
export interface AdminClient {
  /**
   * Answers the JSON of a success; `null` where there is none.
   * @param isExpected tells an answer of ours from that of any other server
   * @throws CommandFailure when it does not answer as expected, or with what it says is wrong
   */
  ask<T>(method: 'GET' | 'DELETE', path: string, isExpected: (answer: unknown) => answer is T): Promise<T>;
  close(): Promise<void>;
}

// Longer than the server may take for all of a user's sessions.
const DEADLINE_MS = 40_000;
const UNIX = 'unix:';
const MAX_DETAIL = 200;

export function createAdminClient(address: string): AdminClient {
  const socketPath = address.startsWith(UNIX) ? address.slice(UNIX.length) : undefined;
  const dispatcher = new Agent(socketPath === undefined ? {} : { connect: { socketPath } });
  const base = socketPath === undefined ? address.replace(/\/$/, '') : 'http://localhost';

  async function exchange(method: 'GET' | 'DELETE', path: string) {
    try {
      const signal = AbortSignal.timeout(DEADLINE_MS);
      const { statusCode, body } = await request(base + path, { method, dispatcher, signal });
      return { status: statusCode, text: await body.text() };
    } catch (error) {
      const { code, message } = error as { code?: unknown; message: string };
      throw new CommandFailure(`no answer from ${address}: ${typeof code === 'string' ? code : message}`);
    }
  }

  return {
    async ask(method, path, isExpected) {
      const { status, text } = await exchange(method, path);
      const answer = status === 204 ? null : parsed(text);
      if (status === 200 || status === 204) {
        if (isExpected(answer)) return answer;
        throw new CommandFailure(`${address} does not answer as the admin address of cachegate`);
      }
      const detail = (answer as { detail?: unknown } | null | undefined)?.detail;
      if (typeof detail === 'string') throw new CommandFailure(oneLine(detail, MAX_DETAIL));
      throw new CommandFailure(`${address} answers with ${status}`);
    },
    close: () => dispatcher.destroy(),
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
