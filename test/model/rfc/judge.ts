import { type CacheReply, type ClientRecord, type Exchange, traced } from '../exchange.ts';
import type { History } from '../history.ts';
import { valueOf } from '../message.ts';
import { isConditional } from './conditions.ts';
import { contentFault, fieldsFault } from './content.ts';
import { asked } from './directives.ts';
import { currentAge, dateValue, lifetime } from './freshness.ts';
import { holdsOf } from './holds.ts';
import { BROKEN } from './keeping.ts';
import { whyInvalid } from './invalidation.ts';
import { type Circumstances, type Rebuilt, rebuild } from './rebuild.ts';
import { type OriginState, whyNotReused } from './reuse.ts';
import { isSelectedBy } from './selection.ts';
import { endToEnd, type StoredResponse } from './stored-response.ts';

/** Judges a shared cache by all that its origin ever answered: a slow and obvious model of RFC 9111. */
export interface Judge {
  /** What is wrong with an answer; `null` when the model allows it. Called when nothing is under way any more. */
  faultOf(client: ClientRecord): string | null;
  /** What is wrong with a request to the origin, as it is sent. */
  faultOfForward(client: ClientRecord, exchange: Exchange): string | null;
}

// What may take the place of a failure (RFC 5861 §4), and of a spent budget (RFC 6585 §4).
const FAILURES = [429, 500, 502, 503, 504];
const AGE_TOLERANCE_MS = 1000;
/** Of a response that is to be stored still. */
const SURELY_STORED_MS = 10_000;

export function createJudge(history: History, circumstances: Circumstances): Judge {
  const { mode } = circumstances;
  const rebuilt = new Map<string, Rebuilt | string>();
  /** What the cache said that it has stored, the newest last. */
  const stored: { response: StoredResponse; by: ClientRecord }[] = [];

  function rebuiltOf(lineage: readonly Exchange[]): Rebuilt | string {
    const key = lineage.map(({ id }) => id).join();
    const known = rebuilt.get(key) ?? rebuild(lineage, circumstances);
    rebuilt.set(key, known);
    return known;
  }

  function faultOfReply(client: ClientRecord, reply: CacheReply): string | null {
    const own = history.causedBy(client);
    if (client.method !== 'GET' && client.method !== 'HEAD' && own.length !== 1) return `${client.method} was sent ${own.length} times`;
    if (reply.detail === 'only-if-cached') {
      return asked(client.request).has('only-if-cached') ? null : 'only-if-cached, which nobody asked for';
    }
    if (reply.detail === 'retry-after') {
      const isHeld = client.seen.some((now) => holdsOf(client, history.refusals, now).includes(reply.status));
      return isHeld && own.length === 0 ? null : 'held off, though the origin did not ask for it';
    }
    const lineage = traced(reply.fields).map((id) => history.exchanges[id]!);
    if (lineage.length === 0) return 'an answer that no origin gave';
    const result = rebuiltOf(lineage);
    if (typeof result === 'string') return result;
    const last = lineage.at(-1)!;
    if (last.resource !== client.resource) return 'of another resource';
    if (!own.includes(last)) return faultOfReuse(client, reply, result, own.at(-1));
    if (last !== own.at(-1)) return 'the origin has answered again since';
    if (reply.hit) return 'a hit, though the origin was asked';
    return faultOfFetched(client, reply, result.response, lineage.length === 1);
  }

  /** An answer that the origin has given to this very request, or has validated for it. */
  function faultOfFetched(client: ClientRecord, reply: CacheReply, response: StoredResponse, alone: boolean): string | null {
    const { answer } = response.last;
    if (valueOf(reply.fields, 'age') !== valueOf(endToEnd(answer!.fields), 'age')) return 'Age is not the origin’s';
    if (!alone) return contentFault(client, reply, response, response.ownFields);
    return verbatimFault(client, reply, response) === null ? null : contentFault(client, reply, response, response.ownFields);
  }

  function faultOfReuse(client: ClientRecord, reply: CacheReply, { response, unkept }: Rebuilt, failed?: Exchange): string | null {
    if (!reply.hit && !reply.collapsed) return 'from the store, and not told so';
    // Who shares a response as it arrives gets what came of it.
    const isSharedAsBroken = reply.collapsed && response.isBroken && unkept === BROKEN;
    if (unkept !== null && !isSharedAsBroken) return `must not be stored: ${unkept}`;
    if (!isSelectedBy(response, client.request)) return 'another variant';
    if (failed !== undefined && failed.answer !== null && !FAILURES.includes(failed.answer.status)) {
      return `from the store, though the origin answered #${failed.id}`;
    }
    const why =
      whyInvalid(response, client, history, circumstances) ??
      newerFault(client, response) ??
      contentFault(client, reply, response, response.fields);
    if (why !== null) return why;
    let fault: string | null = 'the clock stood still';
    for (const now of client.seen) {
      fault = whyNotReused(response, client.request, now, { mode, origin: originState(client, failed, now) }) ?? ageFault(reply, response, now);
      if (fault === null) break;
    }
    return fault;
  }

  function originState(client: ClientRecord, failed: Exchange | undefined, now: number): OriginState {
    if (failed !== undefined) return failed.answer === null ? 'unreachable' : 'failed';
    return holdsOf(client, history.refusals, now).length === 0 ? 'unasked' : 'unreachable';
  }

  /** RFC 9111 §4: of several suitable stored responses the most recent, by its Date, is used. */
  function newerFault(client: ClientRecord, response: StoredResponse): string | null {
    const now = client.seen[0]!;
    const newer = stored.find(({ response: other, by }) => {
      const isNewer = other.last.sentOrder > response.last.answeredOrder && dateValue(other) > dateValue(response);
      if (!isNewer || by.step === client.step || other.isPart || other.last.resource !== response.last.resource) return false;
      if (!isSelectedBy(other, client.request)) return false;
      const isThere = lifetime(other) - currentAge(other, now) > SURELY_STORED_MS;
      if (!isThere || whyNotReused(other, client.request, now, { mode, origin: 'unasked' }) !== null) return false;
      return whyInvalid(other, client, history, circumstances) === null;
    });
    return newer === undefined ? null : `#${newer.response.last.id} is stored, and newer`;
  }

  return {
    faultOf(client) {
      const { answer, request } = client;
      const isRead = client.method === 'GET' || client.method === 'HEAD';
      if (isRead && asked(request).has('only-if-cached') && history.causedBy(client).length > 0) return 'only-if-cached, and the origin was asked';
      if (answer === null) {
        return history.causedBy(client).at(-1)?.answer === null ? null : `failed without a failing origin: ${client.error}`;
      }
      const fault = faultOfReply(client, answer);
      if (fault === null && answer.stored && client.alone) {
        const result = rebuiltOf(traced(answer.fields).map((id) => history.exchanges[id]!));
        if (typeof result !== 'string' && result.unkept === null) stored.push({ response: result.response, by: client });
      }
      return fault;
    },
    faultOfForward({ request, resource }, { added }) {
      const etags = [added.get('if-none-match'), added.get('if-range')];
      for (const etag of etags) {
        const isGiven = etag === undefined || etag === request.get('if-range') || history.given(resource, 'etag').includes(etag);
        if (!isGiven) return `the origin never gave ${etag}`;
      }
      const since = added.get('if-modified-since');
      return since === undefined || history.given(resource, 'last-modified').includes(since) ? null : `the origin never gave ${since}`;
    },
  };
}

/** As the origin answered it, which is always right, unless nobody asked for that. */
function verbatimFault({ method, request }: ClientRecord, reply: CacheReply, { ownFields, last }: StoredResponse): string | null {
  const { status, body, complete } = last.answer!;
  if (reply.status !== status) return `status ${reply.status}, not ${status}`;
  if (status === 304 && !isConditional(request)) return '304 to a request without a condition';
  if (status === 206 && !request.has('range') && last.added.has('range')) return '206 to a request for the whole';
  const isBroken = !complete && reply.body === null;
  if (method !== 'HEAD' && !isBroken && reply.body !== body) return 'another body';
  return fieldsFault(reply.fields, ownFields);
}

/** RFC 9111 §5.1; a response that is shared as it arrives has the Age that it came with. */
function ageFault(reply: CacheReply, stored: StoredResponse, now: number): string | null {
  const age = valueOf(reply.fields, 'age');
  if (reply.collapsed) return null;
  const truth = currentAge(stored, now);
  if (age === undefined) return 'no Age';
  return Math.abs(Number(age) * 1000 - truth) <= AGE_TOLERANCE_MS ? null : `Age ${age}, and it is ${truth} ms old`;
}
