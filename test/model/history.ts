import type { ClientRecord, Exchange } from './exchange.ts';
import { type RequestFields, valueOf } from './message.ts';

/** All that was ever asked of the origin and what it answered, in one sequence of events. */
export interface History {
  readonly exchanges: readonly Exchange[];
  /** Each at the place of its id. */
  readonly clients: ClientRecord[];
  /** The place of an event that happens now. */
  tick(): number;
  begin(record: ClientRecord, added: RequestFields, now: number): Exchange;
  /** A validator of a resource that the origin has given before. */
  hasGiven(resource: number, name: 'etag' | 'last-modified', value: string): boolean;
}

export function createHistory(): History {
  const exchanges: Exchange[] = [];
  const clients: ClientRecord[] = [];
  let order = 0;
  const tick = () => ++order;
  return {
    exchanges,
    clients,
    tick,
    begin({ id, resource, method, request }, added, now) {
      const exchange: Exchange = {
        ...{ id: exchanges.length, resource, method, request, added, caller: id },
        ...{ sentAt: now, sentOrder: tick(), answeredAt: now, answeredOrder: Number.POSITIVE_INFINITY, answer: null },
      };
      exchanges.push(exchange);
      return exchange;
    },
    hasGiven: (resource, name, value) =>
      exchanges.some(
        (each) => each.resource === resource && each.answer !== null && valueOf(each.answer.fields, name) === value,
      ),
  };
}
