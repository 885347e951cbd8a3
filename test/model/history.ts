import type { ClientRecord, Exchange, OriginAnswer } from './exchange.ts';
import { type RequestFields, valueIn } from './message.ts';

/** All that was ever asked of the origin and what it answered, in one sequence of events. */
export interface History {
  readonly exchanges: readonly Exchange[];
  /** Each at the place of its id. */
  readonly clients: ClientRecord[];
  /** The place of an event that happens now. */
  tick(): number;
  begin(client: ClientRecord, added: RequestFields, now: number): Exchange;
  /** @param answer `null` when the connection failed */
  end(exchange: Exchange, answer: OriginAnswer | null, now: number): void;
  /** The exchanges that a client's request has caused and that ended before it was answered. */
  causedBy(client: ClientRecord): Exchange[];
  /** All but GET: what may have made a stored response invalid. */
  readonly others: readonly Exchange[];
  /** The answers with which the origin asked not to be asked for a while. */
  readonly refusals: readonly Exchange[];
  /** The validators that the origin has given of a resource, in order. */
  given(resource: number, name: ValidatorName): readonly string[];
}

type ValidatorName = 'etag' | 'last-modified';
const VALIDATORS: readonly ValidatorName[] = ['etag', 'last-modified'];

export function createHistory(): History {
  const exchanges: Exchange[] = [];
  const clients: ClientRecord[] = [];
  const byCaller = new Map<number, Exchange[]>();
  const others: Exchange[] = [];
  const refusals: Exchange[] = [];
  const validators = new Map<string, string[]>();
  let order = 0;

  return {
    exchanges,
    clients,
    others,
    refusals,
    tick: () => ++order,
    begin({ id: caller, resource, method, request }, added, now) {
      const exchange: Exchange = {
        id: exchanges.length,
        resource,
        method,
        request,
        added,
        caller,
        sentAt: now,
        sentOrder: ++order,
        answeredAt: now,
        answeredOrder: Number.POSITIVE_INFINITY,
        answer: null,
      };
      exchanges.push(exchange);
      const before = byCaller.get(caller);
      if (before === undefined) byCaller.set(caller, [exchange]);
      else before.push(exchange);
      if (method !== 'GET') others.push(exchange);
      return exchange;
    },
    end(exchange, answer, now) {
      exchange.answeredAt = now;
      exchange.answeredOrder = ++order;
      exchange.answer = answer;
      if (answer === null) return;
      if (valueIn(answer.fields, 'retry-after') !== undefined) refusals.push(exchange);
      for (const name of VALIDATORS) {
        const value = valueIn(answer.fields, name);
        if (value === undefined) continue;
        const known = validators.get(`${name} ${exchange.resource}`);
        if (known === undefined) validators.set(`${name} ${exchange.resource}`, [value]);
        else known.push(value);
      }
    },
    causedBy: (client) =>
      (byCaller.get(client.id) ?? []).filter((each) => each.answeredOrder < client.answeredOrder),
    given: (resource, name) => validators.get(`${name} ${resource}`) ?? [],
  };
}
