import type { Report, RunOptions } from './driver.ts';
import { type ClientRecord, type Exchange, traced } from './exchange.ts';
import type { Field } from './message.ts';

/** A fault in words: how to have it again, what was asked and answered, and the exchanges that matter. */
export function describeFault(fault: NonNullable<Report['fault']>, { seed, mode }: RunOptions): string {
  const { client, history, episode, step, reason } = fault;
  const lineage = traced(client.answer?.fields ?? []);
  const accused = /#(\d+)/.exec(reason)?.[1];
  const matters = ({ id, caller }: Exchange) =>
    lineage.includes(id) || caller === client.id || id === Number(accused);
  return [
    `seed ${seed}, mode ${mode}, episode ${episode}, step ${step}: ${reason}`,
    `again: node test/model/run.mjs --seed ${seed} --mode ${mode} --episode ${episode}`,
    describeClient(client),
    ...history.exchanges.filter(matters).map((exchange) => describeExchange(exchange, history.clients)),
  ].join('\n');
}

function describeClient({ method, resource, request, answer, error, seen, alone }: ClientRecord): string {
  const outcome =
    answer === null ? `failed: ${error}` : `${answer.status} ${lines(answer.fields)} “${answer.body}”`;
  const how =
    answer === null ? '' : ` (hit ${answer.hit}, stored ${answer.stored}, collapsed ${answer.collapsed})`;
  return `${method} r${resource} at ${seen.join()}${alone ? '' : ', with others'}: ${lines([...request])}\n  → ${outcome}${how}`;
}

function describeExchange(exchange: Exchange, clients: readonly ClientRecord[]): string {
  const { id, method, resource, request, added, answer, sentAt, answeredAt, caller } = exchange;
  const asked = `${lines([...request])}${added.size === 0 ? '' : ` + ${lines([...added])}`}`;
  const outcome =
    answer === null
      ? 'no connection'
      : `${answer.status} ${lines(answer.fields)} “${answer.body}”${answer.complete ? '' : ' (broken off)'}`;
  const when = `step ${clients[caller]!.step}, ${sentAt} to ${answeredAt}`;
  return `#${id} ${method} r${resource} (${when}): ${asked}\n  → ${outcome}`;
}

function lines(fields: readonly Field[]): string {
  return `{ ${fields.map(([name, value]) => `${name}: ${value}`).join('; ')} }`;
}
