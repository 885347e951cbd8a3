import type { CacheReply, ClientRecord, Exchange } from '../exchange.ts';
import type { History } from '../history.ts';
import { valueIn } from '../message.ts';
import { contentFault } from './content.ts';
import { currentAge, dateValue, lifetime } from './freshness.ts';
import { holdsOf } from './holds.ts';
import { whyInvalid } from './invalidation.ts';
import { BROKEN } from './keeping.ts';
import type { Circumstances, Rebuilt } from './rebuild.ts';
import { type OriginState, whyNotReused } from './reuse.ts';
import { isSelectedBy } from './selection.ts';
import type { StoredResponse } from './stored-response.ts';

/** A response that the cache said it has stored. */
export interface KnownStored {
  readonly response: StoredResponse;
  /** In which step. */
  readonly step: number;
}

/** What is known when an answer from the store is judged. */
export interface Evidence {
  readonly history: History;
  readonly circumstances: Circumstances;
  readonly stored: readonly KnownStored[];
}

// What may take the place of a failure (RFC 5861 §4), and of a spent budget (RFC 6585 §4).
const FAILURES = [429, 500, 502, 503, 504];

/**
 * What is wrong with an answer that was stored for, or given to, another request.
 * @param asked what the origin was asked for in vain before
 */
export function faultOfReuse(
  client: ClientRecord,
  reply: CacheReply,
  { response, unkept }: Rebuilt,
  asked: Exchange | undefined,
  evidence: Evidence,
): string | null {
  const { history, circumstances } = evidence;
  const asksInVain = asked !== undefined && (asked.answer === null || FAILURES.includes(asked.answer.status));
  if (asksInVain ? reply.hit : !reply.hit && !reply.collapsed) return 'from the store, and not told so';
  // Who shares a response as it arrives gets what came of it.
  const isSharedAsBroken = reply.collapsed && response.isBroken && unkept === BROKEN;
  if (unkept !== null && !isSharedAsBroken) return `must not be stored: ${unkept}`;
  if (!isSelectedBy(response, client.request)) return 'another variant';
  const status = asked?.answer?.status;
  if (status !== undefined && !FAILURES.includes(status)) {
    return `from the store, though the origin answered #${asked!.id}`;
  }
  return (
    whyInvalid(response, client, history, circumstances) ??
    newerFault(client, response, evidence) ??
    contentFault(client, reply, response, response.fields) ??
    faultAtAllTimes(client, reply, response, asked, evidence)
  );
}

/** The clock may have moved while the answer was made; it has to be right at one of its times. */
function faultAtAllTimes(
  client: ClientRecord,
  reply: CacheReply,
  response: StoredResponse,
  asked: Exchange | undefined,
  { history, circumstances: { mode } }: Evidence,
): string | null {
  let fault: string | null = null;
  for (const now of client.seen) {
    const origin = originState(client, asked, history, now);
    fault = whyNotReused(response, client.request, now, { mode, origin }) ?? ageFault(reply, response, now);
    if (fault === null) return null;
  }
  return fault;
}

function originState(
  client: ClientRecord,
  asked: Exchange | undefined,
  { refusals }: History,
  now: number,
): OriginState {
  if (asked !== undefined) return asked.answer === null ? 'unreachable' : 'failed';
  return holdsOf(client, refusals, now).length === 0 ? 'unasked' : 'unreachable';
}

/** Of a response that has to be in the store still. */
const SURELY_FRESH_MS = 10_000;

/** RFC 9111 §4: of several suitable stored responses the most recent, by its Date, is used. */
function newerFault(client: ClientRecord, used: StoredResponse, evidence: Evidence): string | null {
  const { history, circumstances, stored } = evidence;
  const now = client.seen[0]!;
  const isSuitable = ({ response, step }: KnownStored) =>
    response.last.resource === used.last.resource &&
    response.last.sentOrder > used.last.answeredOrder &&
    dateValue(response) > dateValue(used) &&
    step !== client.step &&
    !response.isPart &&
    isSelectedBy(response, client.request) &&
    lifetime(response) - currentAge(response, now) > SURELY_FRESH_MS &&
    whyNotReused(response, client.request, now, { mode: circumstances.mode, origin: 'unasked' }) === null &&
    whyInvalid(response, client, history, circumstances) === null;
  const newer = stored.find((known) => isSuitable(known) && !isReplaced(known.response, stored));
  return newer === undefined ? null : `#${newer.response.last.id} is stored, and newer`;
}

/** By a later one with the same selecting fields and values, which may have expired since. */
function isReplaced(response: StoredResponse, stored: readonly KnownStored[]): boolean {
  const { resource, answeredOrder } = response.last;
  return stored.some(
    ({ response: later }) =>
      later.last.resource === resource &&
      later.last.sentOrder > answeredOrder &&
      valueIn(later.fields, 'vary') === valueIn(response.fields, 'vary') &&
      isSelectedBy(later, response.request),
  );
}

const AGE_TOLERANCE_MS = 1000;

/** RFC 9111 §5.1; a response that is shared as it arrives has the Age that it came with. */
function ageFault(reply: CacheReply, stored: StoredResponse, now: number): string | null {
  if (reply.collapsed) return null;
  const age = valueIn(reply.fields, 'age');
  const truth = currentAge(stored, now);
  const isRight = age !== undefined && Math.abs(Number(age) * 1000 - truth) <= AGE_TOLERANCE_MS;
  return isRight ? null : `Age ${age}, and it is ${truth} ms old`;
}
