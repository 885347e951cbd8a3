import type { ClientRequest, IncomingMessage, RequestOptions } from 'node:http';
import { Readable } from 'node:stream';
import type { Clock } from '../clock.ts';
import { type FieldList, fieldValue, hasField } from '../http/fields.ts';
import { formatHttpDate } from '../http/http-date.ts';
import type { FetchedResponse } from '../response-cache/cache-request.ts';
import { originError } from '../response-cache/origin-error.ts';
import type { SentRequest } from './interceptor-request.ts';

/** `request` of `node:http`, `node:https`, or what stands in for it. */
export type NativeRequest = (url: URL, options: RequestOptions) => ClientRequest;

export interface NativeExchange {
  readonly native: ClientRequest;
  /** Rejects with `ERR_ORIGIN_*`, whose cause is what the request has failed with. */
  readonly response: Promise<FetchedResponse>;
  /** What the status line said beside the status; `undefined` until it is there. */
  statusText?: string;
}

/** Asks an origin by `node:http`. */
export function exchangeNatively(
  sent: SentRequest,
  { request, options, clock }: { request: NativeRequest; options: RequestOptions; clock: Clock },
): NativeExchange {
  const { signal } = sent;
  const requestAt = clock.now();
  const native = request(new URL(sent.uri), { ...options, headers: outgoingFields(sent.fields) });
  const leave = () => native.destroy(signal.reason as Error);
  if (signal.aborted) leave();
  else signal.addEventListener('abort', leave, { once: true });
  native.once('close', () => signal.removeEventListener('abort', leave));
  const exchange: NativeExchange = {
    native,
    response: new Promise((resolve, reject) => {
      native.on('error', (error) => reject(originError(signal.aborted ? signal.reason : error)));
      native.once('response', (message: IncomingMessage) => {
        exchange.statusText = message.statusMessage ?? '';
        resolve({ ...received(native, message, clock.now()), requestAt });
      });
    }),
  };
  sendBody(sent.body, native);
  return exchange;
}

function received(native: ClientRequest, message: IncomingMessage, responseAt: number) {
  const { statusCode: status = 0, rawHeaders } = message;
  // What breaks off after this is told to whoever reads it.
  message.on('error', () => {});
  const isEmpty = native.method === 'HEAD' || status === 204 || status === 304;
  if (isEmpty) message.resume();
  const coding = fieldValue(rawHeaders, 'transfer-encoding');
  // RFC 9110 §6.6.1: who has a clock adds when it was received.
  const fields = hasField(rawHeaders, 'date')
    ? rawHeaders
    : [...rawHeaders, 'Date', formatHttpDate(responseAt)];
  return {
    status,
    fields,
    body: isEmpty ? Readable.from([]) : message,
    // Nothing but chunks is undone; a connection that broke is told from one that was closed.
    isUncertain: coding !== undefined && coding.toLowerCase() !== 'chunked',
    trailers: () => message.rawTrailers,
    responseAt,
  };
}

function sendBody(body: unknown, native: ClientRequest): void {
  if (body === null || body === undefined || body instanceof Uint8Array) {
    native.end(body ?? undefined);
    return;
  }
  const source = body instanceof Readable ? body : Readable.from(body as AsyncIterable<unknown>);
  source.once('error', (error) => native.destroy(error));
  source.pipe(native);
}

function outgoingFields(fields: FieldList): Record<string, string | string[]> {
  const lines = new Map<string, [name: string, values: string[]]>();
  for (let i = 0; i < fields.length; i += 2) {
    const lowerName = fields[i]!.toLowerCase();
    const known = lines.get(lowerName);
    if (known === undefined) lines.set(lowerName, [fields[i]!, [fields[i + 1]!]]);
    else known[1].push(fields[i + 1]!);
  }
  const named = [...lines.values()].map(([name, values]) => [
    name,
    values.length === 1 ? values[0]! : values,
  ]);
  return Object.fromEntries(named);
}
