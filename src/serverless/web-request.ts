import { Readable } from 'node:stream';
import type { ReadableStream as NodeReadableStream } from 'node:stream/web';
import type { GateRequest } from '../gateway/request.ts';
import { type FieldList, fieldValue } from '../http/fields.ts';

/** A request of the fetch standard as the gateway's. What is read behind its answer is kept: Deno's request is gone by then. */
export class WebRequest implements GateRequest {
  readonly method: string;
  readonly target: string;
  readonly peer: string;
  /** Upgrades take a connection of one's own. */
  readonly upgrade = null;
  readonly fields: FieldList;
  readonly #url: string;
  readonly #content: ReadableStream<Uint8Array> | null;
  readonly #clientSignal: AbortSignal;
  #body: Readable | null = null;
  #controller: AbortController | null = null;
  #state: 'open' | 'left' | 'answered' = 'open';

  /** @param peer the address of the connection's other end; empty: nobody has said it */
  constructor(request: Request, peer: string) {
    this.method = request.method;
    this.target = targetOf(request.url);
    this.peer = peer === '' ? UNKNOWN : peer;
    this.fields = [...request.headers].flat();
    this.#url = request.url;
    this.#content = request.headers.get('content-length') === '0' ? null : request.body;
    this.#clientSignal = request.signal;
  }

  field(name: string): string | undefined {
    const value = fieldValue(this.fields, name);
    // Where no `Host` is passed on, the URL was made of it.
    return value ?? (name === 'host' ? hostOf(this.#url) : undefined);
  }

  get body(): Readable | null {
    if (this.#content !== null) this.#body ??= readableOf(this.#content);
    return this.#body;
  }

  // Interim responses are the platform's.
  inform(): void {}

  // Made only where something waits: an answer from memory needs none.
  get signal(): AbortSignal {
    if (this.#controller === null) {
      this.#controller = new AbortController();
      if (this.#state === 'left') this.#controller.abort();
      else if (this.#state === 'open') this.#watch();
    }
    return this.#controller.signal;
  }

  /** The client takes no more of its answer. */
  left(): void {
    if (this.#state !== 'open') return;
    this.#state = 'left';
    this.#unwatch();
    this.#controller?.abort();
  }

  /** The whole answer was handed over: a client that leaves now, or a platform that lets go of it, says nothing. */
  answered(): void {
    if (this.#state !== 'open') return;
    this.#state = 'answered';
    this.#unwatch();
  }

  readonly #onAbort = () => this.left();

  #watch(): void {
    if (this.#clientSignal.aborted) this.left();
    else this.#clientSignal.addEventListener('abort', this.#onAbort);
  }

  #unwatch(): void {
    this.#clientSignal.removeEventListener('abort', this.#onAbort);
  }
}

// Unlike a Unix socket, which is trusted: what is forwarded by somebody unknown is anybody's claim.
const UNKNOWN = 'unknown';

function hostOf(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).host : undefined;
}

/** Path and query as the URL has them: its own parts would lose an empty query. */
function targetOf(url: string): string {
  const begin = url.indexOf('/', url.indexOf('://') + 3);
  const end = url.indexOf('#');
  return url.slice(begin, end === -1 ? undefined : end);
}

function readableOf(content: ReadableStream<Uint8Array>): Readable {
  const readable = Readable.fromWeb(content as NodeReadableStream<Uint8Array>);
  // Who reads it hears of a client that breaks off; else nobody would.
  readable.on('error', () => {});
  return readable;
}
