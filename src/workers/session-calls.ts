import type { AdminSessions } from '../admin/session-routes.ts';
import { CachegateError } from '../errors.ts';
import type { SessionsStatus } from '../session/own/session.ts';
import { receivedError, type SentError, sentError } from './sent-error.ts';

/** What an operator asks of own sessions, on its way to a worker: the primary has no store. */
export type SessionCall =
  | { readonly method: 'list'; readonly user: string | null; readonly cursor: string | null }
  | { readonly method: 'end'; readonly reference: string }
  | { readonly method: 'endAll'; readonly user: string };

export type SessionAnswer =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly error: SentError };

/** All of a user's sessions may be many; whoever asks waits for as long. */
export const SESSION_CALL_DEADLINE_MS = 30_000;

/** In the worker. Never rejects. */
export async function answerSessionCall(
  sessions: Omit<AdminSessions, 'status'> | null,
  call: SessionCall,
): Promise<SessionAnswer> {
  try {
    return { ok: true, value: await carryOut(sessions, call) };
  } catch (error) {
    return { ok: false, error: sentError(error) };
  }
}

async function carryOut(sessions: Omit<AdminSessions, 'status'> | null, call: SessionCall): Promise<unknown> {
  if (sessions === null) throw new CachegateError('ERR_SERVER_WORKER', 'This worker has no sessions yet');
  switch (call.method) {
    case 'list':
      return sessions.list(call.user, call.cursor);
    case 'end':
      return sessions.end(call.reference);
    case 'endAll':
      return sessions.endAll(call.user);
  }
}

export interface RelayOptions {
  /** `null`: no worker has answered in time. */
  ask(call: SessionCall): Promise<SessionAnswer | null>;
  states(): Promise<readonly SessionsStatus[]>;
  readonly mode: SessionsStatus['mode'];
}

/** In the primary: own sessions as one of the workers has them, and how they stand in all. */
export function createRelayedSessions({ ask, states, mode }: RelayOptions): AdminSessions {
  async function asked<T>(call: SessionCall): Promise<T> {
    const answer = await ask(call);
    if (answer === null) throw new CachegateError('ERR_SERVER_WORKER', 'No worker has answered in time');
    if (answer.ok) return answer.value as T;
    throw receivedError(answer.error);
  }
  return {
    list: (user, cursor = null) => asked({ method: 'list', user, cursor }),
    end: (reference) => asked({ method: 'end', reference }),
    endAll: (user) => asked({ method: 'endAll', user }),
    async status() {
      const all = await states();
      return {
        mode,
        degraded: all.some(({ degraded }) => degraded),
        kept: all.reduce((sum, { kept }) => sum + kept, 0),
      };
    },
  };
}
