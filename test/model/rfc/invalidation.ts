import type { ClientRecord, Exchange } from '../exchange.ts';
import type { History } from '../history.ts';
import { valueIn } from '../message.ts';
import type { Circumstances } from './rebuild.ts';
import { isSelectedBy } from './selection.ts';
import { disagrees, type StoredResponse } from './stored-response.ts';

const SAFE = ['GET', 'HEAD', 'OPTIONS', 'TRACE'];

/** The resources whose stored responses an exchange makes invalid (RFC 9111 §4.4). */
export function invalidates({ method, resource, answer }: Exchange, { resourceOf }: Circumstances): number[] {
  if (SAFE.includes(method) || answer === null || answer.status < 200 || answer.status > 399) return [];
  const references = ['location', 'content-location'].map((name) => valueIn(answer.fields, name));
  const others = references.map((reference) => (reference === undefined ? null : resourceOf(reference)));
  return [resource, ...others.filter((each) => each !== null)];
}

/**
 * What has made a stored response invalid before a client's request began: the success of an unsafe request that was
 * answered after what it is made of was asked for, or a HEAD that disagrees with it (RFC 9111 §4.3.5).
 */
export function whyInvalid(
  stored: StoredResponse,
  client: ClientRecord,
  { clients, exchanges, others }: History,
  circumstances: Circumstances,
): string | null {
  const { last } = stored;
  for (const exchange of others) {
    const caller = clients[exchange.caller]!;
    if (caller.answeredOrder > client.beganOrder || caller.step === client.step) continue;
    const isLater = exchange.answeredOrder > last.sentOrder && exchange !== last;
    if (isLater && invalidates(exchange, circumstances).includes(last.resource)) {
      return `#${exchange.id} (${exchange.method}) has made it invalid`;
    }
    const isHead =
      exchange.method === 'HEAD' && exchange.resource === last.resource && exchange.answer?.status === 200;
    if (!isHead || stored.status !== 200 || exchange.sentOrder < last.answeredOrder) continue;
    const isAbout = isSelectedBy(stored, exchange.request) && disagrees(stored, exchange);
    if (isAbout && isOnlyVary(stored, exchanges)) return `#${exchange.id} (HEAD) disagrees with it`;
  }
  return null;
}

// Where the origin has changed its Vary the HEAD may have selected another stored response, and be about that one.
function isOnlyVary({ fields, last }: StoredResponse, exchanges: readonly Exchange[]): boolean {
  const vary = valueIn(fields, 'vary');
  return exchanges.every(
    ({ answer, method, resource }) =>
      answer?.status !== 200 ||
      method !== 'GET' ||
      resource !== last.resource ||
      valueIn(answer.fields, 'vary') === vary,
  );
}
