import { isConnectionField } from '../http/fields.ts';
import { parseRequestTarget } from '../http/request-target.ts';
import { isToken } from '../http/token.ts';
import type { TransformedResponse } from './transform.ts';

// What code outside gives is checked where it can still be told apart; Node would refuse it only when it is sent.

/** A target is path and query. */
export function isTarget(mapped: unknown): mapped is { target: string } {
  const { target } = (mapped ?? {}) as { target?: unknown };
  return typeof target === 'string' && parseRequestTarget(target).ok && target.startsWith('/');
}

/** A refusal is an error's status and text. */
export function isRefusal(mapped: unknown): mapped is { status: number; error: string } {
  const { status, error } = (mapped ?? {}) as { status?: unknown; error?: unknown };
  return isFinalStatus(status) && status >= 400 && typeof error === 'string';
}

/** @throws TypeError that names what of a transform's response can't be sent */
export function checkedResponse(result: unknown): Required<TransformedResponse> {
  const { status, headers = {}, body } = (result ?? {}) as Partial<TransformedResponse>;
  if (!isFinalStatus(status)) throw new TypeError('a transform’s status must be from 200 to 599');
  if (typeof body !== 'string') throw new TypeError('a transform’s body must be a text');
  for (const [name, value] of Object.entries(headers)) {
    if (!isToken(name)) throw new TypeError(`a transform’s header can’t be named ${JSON.stringify(name)}`);
    if (!isFieldValue(value)) throw new TypeError(`a transform’s ${name} can’t be sent`);
    if (isConnectionField(name.toLowerCase())) throw new TypeError(`a transform can’t set ${name}`);
  }
  return { status, headers, body };
}

function isFinalStatus(status: unknown): status is number {
  return Number.isInteger(status) && (status as number) >= 200 && (status as number) <= 599;
}

// Node's own checks are in its server, which a function has no need to load.
const UNSENDABLE = /[^\t\x20-\x7e\x80-\xff]/;

function isFieldValue(value: unknown): boolean {
  return value !== undefined && !UNSENDABLE.test(String(value));
}
