import { type CacheReply, type ClientRecord, type Exchange, traced } from '../exchange.ts';
import type { History } from '../history.ts';
import { asked } from './directives.ts';
import { faultOfFetched } from './fetched-answer.ts';
import { holdsOf } from './holds.ts';
import { type Circumstances, type Rebuilt, rebuild } from './rebuild.ts';
import { faultOfReuse, type KnownStored } from './reused-answer.ts';

/** Judges a shared cache by all that its origin ever answered: a slow and obvious model of RFC 9111. */
export interface Judge {
  /** What is wrong with an answer; `null` when the model allows it. Called when nothing is under way any more. */
  faultOf(client: ClientRecord): string | null;
}

export function createJudge(history: History, circumstances: Circumstances): Judge {
  const rebuilt = new Map<string, Rebuilt | string>();
  const stored: KnownStored[] = [];
  const evidence = { history, circumstances, stored };

  function rebuiltOf(lineage: readonly Exchange[]): Rebuilt | string {
    const key = lineage.map(({ id }) => id).join();
    const known = rebuilt.get(key) ?? rebuild(lineage, circumstances);
    rebuilt.set(key, known);
    return known;
  }

  function faultOfReply(client: ClientRecord, reply: CacheReply): string | null {
    const own = history.causedBy(client);
    if (reply.detail !== undefined) {
      return own.length > 0
        ? 'the origin was asked for nothing'
        : ownWordFault(client, reply.detail, reply.status);
    }
    const lineage = traced(reply.fields).map((id) => history.exchanges[id]!);
    const last = lineage.at(-1);
    if (last === undefined) return 'an answer that no origin gave';
    if (last.resource !== client.resource) return 'of another resource';
    const result = rebuiltOf(lineage);
    if (typeof result === 'string') return result;
    if (!own.includes(last)) return faultOfReuse(client, reply, result, own.at(-1), evidence);
    if (last !== own.at(-1)) return 'the origin has answered again since';
    if (reply.hit) return 'a hit, though the origin was asked';
    const fault = faultOfFetched(client, reply, result.response, lineage.length > 1);
    if (fault === null && reply.stored && client.alone && result.unkept === null) {
      stored.push({ response: result.response, step: client.step });
    }
    return fault;
  }

  /** What the cache says in its own name. */
  function ownWordFault(client: ClientRecord, detail: string, status: number): string | null {
    if (detail === 'only-if-cached') {
      return asked(client.request).has(detail) ? null : 'only-if-cached, which nobody asked for';
    }
    const isHeld = client.seen.some((now) => holdsOf(client, history.refusals, now).includes(status));
    return isHeld && detail === 'retry-after' ? null : 'held off, though the origin did not ask for it';
  }

  return {
    faultOf(client) {
      const { answer, error, method, request } = client;
      const own = history.causedBy(client);
      const isRead = method === 'GET' || method === 'HEAD';
      if (!isRead && own.length !== 1) return `${method} was sent ${own.length} times`;
      if (isRead && own.length > 0 && asked(request).has('only-if-cached')) {
        return 'only-if-cached, and the origin was asked';
      }
      if (answer !== null) return faultOfReply(client, answer);
      return own.at(-1)?.answer === null ? null : `failed without a failing origin: ${error}`;
    },
  };
}
