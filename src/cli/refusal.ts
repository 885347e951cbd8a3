import { NoAnswer } from './command-failure.ts';
import { shown } from './table.ts';

const MAX_DETAIL = 200;

interface Refusal {
  readonly address: string;
  readonly status: number;
  /** Its JSON, if it is any. */
  readonly answer: unknown;
  readonly hasToken: boolean;
  readonly notFound?: string | undefined;
}

/** What a server has refused, and what to do about it, in one line. */
export function describeRefusal({ address, status, answer, hasToken, notFound }: Refusal): string {
  if (status === 401) {
    return hasToken
      ? `${address} refuses the token: CACHEGATE_ADMIN_TOKEN, or the configuration's admin_token, is not that of the server`
      : `${address} asks for a token: set CACHEGATE_ADMIN_TOKEN, or name the server's configuration with --config FILE`;
  }
  const { detail, code } = (answer ?? {}) as { detail?: unknown; code?: unknown };
  if (typeof detail !== 'string') return `${address} answers with ${status}; is it the admin address?`;
  const next = nextAfter(status, code, notFound);
  return next === null ? shown(detail, MAX_DETAIL) : `${shown(detail, MAX_DETAIL)}; ${next}`;
}

function nextAfter(status: number, code: unknown, notFound: string | undefined): string | null {
  if (status === 403) return 'name it by its IP address in --admin';
  if (status === 404) return notFound ?? null;
  if (status === 429) return 'try again in a minute';
  if (code === 'ERR_PURGE_INCOMPLETE') return 'repeat it; how the store stands: cachegate top --once';
  if (typeof code === 'string' && code.startsWith('ERR_STORE_')) {
    return 'how the store stands: cachegate top --once';
  }
  return null;
}

/** An address that did not answer, in one line with what to do. */
export function noAnswerFrom(address: string, error: unknown, isLate: boolean): NoAnswer {
  const { code, message } = error as { code?: unknown; message: string };
  const reason = isLate ? 'not in time' : shown(typeof code === 'string' ? code : message, MAX_DETAIL);
  const next =
    'is it running? Its address is the admin_listen of its configuration: --config FILE or --admin URL';
  return new NoAnswer(`no answer from ${address}: ${reason}; ${next}`);
}
