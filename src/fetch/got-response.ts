import { Readable } from 'node:stream';
import type { FieldList } from '../http/fields.ts';
import type { Delivery } from './interceptor-recipient.ts';

/** An answer as `node:http` gives one to who has asked: what clients that stand on it (got) read of an `IncomingMessage`. */
export class ClientResponse extends Readable {
  readonly statusCode: number;
  readonly statusMessage: string;
  readonly headers: Record<string, string | string[]>;
  readonly rawHeaders: string[];
  readonly httpVersion = '1.1';
  readonly httpVersionMajor = 1;
  readonly httpVersionMinor = 1;
  readonly url = '';
  readonly method = null;
  /** It was answered without asking the origin. */
  readonly fromCache: boolean;
  aborted = false;
  complete = false;
  trailers: Record<string, string | string[]> = {};
  rawTrailers: string[] = [];
  readonly #source: Readable;
  readonly #trailersOf: (() => FieldList) | undefined;

  constructor({ status, statusText, fields, body, trailers }: Delivery, fromCache: boolean) {
    super();
    this.statusCode = status;
    this.statusMessage = statusText;
    this.rawHeaders = [...fields];
    this.headers = incomingFields(fields);
    this.fromCache = fromCache;
    this.#trailersOf = trailers;
    // Copies, for others may read the same bytes.
    this.#source = body instanceof Readable ? body : Readable.from(body === null ? [] : [Buffer.from(body)]);
    this.#follow(body instanceof Readable);
  }

  /** There is no connection of its own to be idle. */
  setTimeout(): this {
    return this;
  }

  override _read(): void {
    this.#source.resume();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#source.destroy();
    // As `node:http` has it: who does not listen for an error hears of it by this alone.
    this.aborted = !this.complete || !this.readableEnded;
    if (this.aborted) this.emit('aborted');
    callback(this.listenerCount('error') === 0 ? null : error);
  }

  #follow(isShared: boolean): void {
    const source = this.#source;
    source.on('data', (chunk: Buffer) => {
      if (!this.push(isShared ? Buffer.from(chunk) : chunk)) source.pause();
    });
    // Read when this is.
    source.pause();
    source.once('end', () => {
      this.complete = true;
      this.rawTrailers = [...(this.#trailersOf?.() ?? [])];
      this.trailers = incomingFields(this.rawTrailers);
      this.push(null);
    });
    source.once('error', (error) => this.destroy(error));
    const onClose = () => {
      if (!source.readableEnded) this.destroy(source.errored ?? connectionLost());
    };
    // What broke off before it came here says so no more; who gets this is to listen first.
    if (source.destroyed) setImmediate(onClose);
    else source.once('close', onClose);
  }
}

// As `node:http` has them: of these the first counts.
const SINGLE: ReadonlySet<string> = new Set([
  ...['age', 'authorization', 'content-length', 'content-type', 'etag', 'expires', 'from', 'host'],
  ...['if-modified-since', 'if-unmodified-since', 'last-modified', 'location', 'max-forwards'],
  ...['proxy-authorization', 'referer', 'retry-after', 'server', 'user-agent'],
]);

function incomingFields(fields: FieldList): Record<string, string | string[]> {
  const incoming = new Map<string, string | string[]>();
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i]!.toLowerCase();
    const value = fields[i + 1]!;
    const before = incoming.get(name);
    if (name === 'set-cookie') incoming.set(name, [...(before ?? []), value]);
    else if (before === undefined) incoming.set(name, value);
    else if (!SINGLE.has(name))
      incoming.set(name, `${before as string}${name === 'cookie' ? '; ' : ', '}${value}`);
  }
  return Object.fromEntries(incoming);
}

function connectionLost(): Error {
  return Object.assign(new Error('aborted'), { code: 'ECONNRESET' });
}
