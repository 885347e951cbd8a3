import type { Exchange, OriginAnswer } from '../exchange.ts';
import { type Field, httpDate, type RequestFields, valueIn, without } from '../message.ts';
import { isStrong, matchStrongly, matchWeakly } from './entity-tags.ts';
import type { Mode } from './keeping.ts';
import { shareable } from './keeping.ts';

/** A response as a cache may have it, made of one exchange or several. */
export interface StoredResponse {
  readonly status: number;
  /** For the client of the last exchange. */
  readonly ownFields: readonly Field[];
  /** For everyone. */
  readonly fields: readonly Field[];
  /** The bytes from `first` on. */
  readonly body: string;
  readonly first: number;
  /** Of the whole representation; `undefined` where the origin did not say. */
  readonly length: number | undefined;
  readonly isPart: boolean;
  /** It did not come to its end, so that `body` is only what should have come. */
  readonly isBroken: boolean;
  readonly requestAt: number;
  readonly responseAt: number;
  /** The request whose fields select it (RFC 9111 §4.1). */
  readonly request: RequestFields;
  readonly last: Exchange;
}

/** What one exchange brought. */
export function received(exchange: Exchange, answer: OriginAnswer): StoredResponse {
  const part = contentRange(answer);
  const fields = endToEnd(answer.fields);
  const said =
    part === null
      ? Number(valueIn(fields, 'content-length') ?? answer.body.length)
      : part.last + 1 - part.first;
  const body = answer.complete ? answer.body : answer.body.padEnd(said, '?');
  return {
    status: answer.status,
    ownFields: fields,
    fields: shareable(fields),
    body,
    first: part?.first ?? 0,
    length: part === null ? body.length : part.length,
    isPart: part !== null,
    isBroken: !answer.complete,
    requestAt: exchange.sentAt,
    responseAt: exchange.answeredAt,
    request: exchange.request,
    last: exchange,
  };
}

const OF_THE_CONNECTION = ['connection', 'keep-alive', 'transfer-encoding'];

/** RFC 9110 §7.6.1 */
export function endToEnd(fields: readonly Field[]): Field[] {
  const options = (valueIn(fields, 'connection') ?? '').toLowerCase().split(', ');
  return fields.filter(([name]) => !OF_THE_CONNECTION.includes(name) && !options.includes(name));
}

interface ContentRange {
  readonly first: number;
  readonly last: number;
  readonly length: number | undefined;
}

/** Of a 206 (RFC 9110 §14.4). */
export function contentRange(answer: Pick<OriginAnswer, 'status' | 'fields'>): ContentRange | null {
  const match = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(valueIn(answer.fields, 'content-range') ?? '');
  if (answer.status !== 206 || match === null) return null;
  return {
    first: Number(match[1]),
    last: Number(match[2]),
    length: match[3] === '*' ? undefined : Number(match[3]),
  };
}

// RFC 9111 §3.2: they describe the stored content, which the new response does not bring.
const OF_CONTENT = ['content-encoding', 'content-length', 'content-range'];

/** The stored response with the fields of a 304, of the 200 to a HEAD, or of another part (RFC 9111 §3.2). */
function updated(stored: StoredResponse, exchange: Exchange, mode: Mode): StoredResponse {
  const brought = endToEnd(exchange.answer!.fields);
  const update = without(brought, mode === 'rfc' ? OF_CONTENT : [...OF_CONTENT, 'set-cookie']);
  if (valueIn(update, 'date') === undefined) update.push(['date', httpDate(exchange.answeredAt)]);
  const replaced = ['age', ...update.map(([name]) => name)];
  const merged = [...without(stored.fields, replaced), ...update];
  const fields = shareable(merged);
  const isPart = exchange.answer!.status === 206;
  // A client gets what was sent to it alone: of a 304 that, and of a part all that is not left out for others.
  const isOwn = ([name]: Field) => valueIn(isPart ? merged : fields, name) === undefined;
  return {
    ...stored,
    fields,
    ownFields: [...(isPart ? merged : fields), ...without(brought, OF_CONTENT).filter(isOwn)],
    requestAt: exchange.sentAt,
    responseAt: exchange.answeredAt,
    request: exchange.request,
    last: exchange,
  };
}

/** By a 304 to the cache's own condition (RFC 9111 §4.3.4); a text says why it may not be. */
export function freshened(stored: StoredResponse, exchange: Exchange, mode: Mode): StoredResponse | string {
  const etag = valueIn(stored.fields, 'etag');
  const { added } = exchange;
  const isAboutIt = added.has('if-none-match')
    ? added.get('if-none-match') === etag
    : added.get('if-modified-since') === valueIn(stored.fields, 'last-modified');
  if (!isAboutIt || added.size === 0) return 'the 304 answers another condition';
  const confirmed = valueIn(exchange.answer!.fields, 'etag');
  const isOther = isStrong(confirmed)
    ? !matchStrongly(confirmed, etag)
    : etag !== undefined && !matchWeakly(confirmed, etag);
  if (confirmed !== undefined && isOther) return `the 304 is about ${confirmed}, not ${etag}`;
  return updated(stored, exchange, mode);
}

/** By the 200 to a HEAD that agrees with it (RFC 9111 §4.3.5). */
export function freshenedByHead(
  stored: StoredResponse,
  exchange: Exchange,
  mode: Mode,
): StoredResponse | string {
  return disagrees(stored, exchange) ? 'the HEAD disagrees' : updated(stored, exchange, mode);
}

export function disagrees(stored: StoredResponse, head: Exchange): boolean {
  if (stored.status !== 200 || head.answer?.status !== 200) return true;
  const length = valueIn(head.answer.fields, 'content-length');
  if (length !== undefined && Number(length) !== stored.body.length) return true;
  return ['etag', 'last-modified'].some((name) => {
    const value = valueIn(head.answer!.fields, name);
    return value !== undefined && value !== valueIn(stored.fields, name);
  });
}

/** With another part of the same representation (RFC 9110 §15.3.7.3, RFC 9111 §3.4). */
export function combined(stored: StoredResponse, exchange: Exchange, mode: Mode): StoredResponse | string {
  const other = received(exchange, exchange.answer!);
  if (!stored.isPart || !other.isPart) return 'only parts are combined';
  const tags = [valueIn(stored.fields, 'etag'), valueIn(other.fields, 'etag')];
  if (!matchStrongly(tags[0], tags[1])) return `parts of ${tags[0]} and ${tags[1]} were combined`;
  if (stored.length !== undefined && other.length !== undefined && stored.length !== other.length)
    return 'two lengths';
  const first = Math.min(stored.first, other.first);
  const bytes: string[] = [];
  for (const part of [stored, other])
    for (let i = 0; i < part.body.length; i++) bytes[part.first - first + i] = part.body[i]!;
  if (bytes.includes(undefined as never)) return 'there is a gap between the parts';
  const length = stored.length ?? other.length;
  const isWhole = first === 0 && length === bytes.length;
  return {
    ...updated(stored, exchange, mode),
    status: isWhole ? 200 : 206,
    body: bytes.join(''),
    first,
    length,
    isPart: !isWhole,
    isBroken: other.isBroken,
  };
}
