import type { Admission } from '../app/cachegate.ts';
import type { MaybePromise } from '../store/store.ts';
import { type Refusal, refusal } from './refusal.ts';
import type { RequestParts } from './request-parts.ts';

/** Answers how to refuse a request; `null`: let it go on. */
export type Check = (parts: RequestParts) => MaybePromise<Refusal | null>;

/** Lets in callers whose session the remote authority calls valid, and notes who they are. */
export function requireGate(parts: RequestParts): MaybePromise<Refusal | null> {
  const admission = parts.cachegate.gate(parts);
  return admission instanceof Promise
    ? admission.then((said) => admit(parts, said, true))
    : admit(parts, admission, true);
}

/** Keeps each client address within its rate. */
export function rateLimit(parts: RequestParts): MaybePromise<Refusal | null> {
  const admission = parts.cachegate.limit(parts);
  return admission instanceof Promise
    ? admission.then((said) => admit(parts, said, false))
    : admit(parts, admission, false);
}

/** Lets in who has logged in. Where that can't be said now, nobody is told that they have not. */
export function requireSession(parts: RequestParts): Refusal | null {
  const { session } = parts;
  if (session.user !== null) return null;
  return refusal(session.unavailable ? 503 : 401);
}

/** The first refusal of several checks, made one after another. */
export async function checkAll(parts: RequestParts, checks: readonly Check[]): Promise<Refusal | null> {
  for (const check of checks) {
    const refused = await check(parts);
    if (refused !== null) return refused;
  }
  return null;
}

function admit(parts: RequestParts, admission: Admission, identifies: boolean): Refusal | null {
  if (!admission.admitted) return admission;
  if (identifies) parts.identity = admission.identity;
  for (let i = 0; i < admission.fields.length; i += 2) {
    parts.addField(admission.fields[i]!, admission.fields[i + 1]!);
  }
  return null;
}
