import { Readable } from 'node:stream';

/** Who has the connection that a content comes from. */
export interface Flow {
  pause(): void;
  resume(): void;
  abort(reason: Error): void;
}

/** A response's content as a dispatcher gives it; to be read or destroyed. Destroyed before its end, it ends the exchange. */
export class DispatchedBody extends Readable {
  readonly #flow: Flow;
  readonly #length: number | undefined;
  #received = 0;
  #ended = false;

  /** @param length its own, in bytes, where that is known */
  constructor(flow: Flow, length?: number) {
    super({ highWaterMark: HIGH_WATER_MARK });
    this.#flow = flow;
    this.#length = length;
    // One that is destroyed unread ends with an error that is nobody's; readers get it all the same.
    this.on('error', () => {});
  }

  get ended(): boolean {
    return this.#ended;
  }

  receive(chunk: Buffer): void {
    this.#received += chunk.length;
    if (!this.push(chunk)) this.#flow.pause();
  }

  end(): void {
    this.#ended = true;
    if (this.#length === undefined || this.#length === this.#received) this.push(null);
    else this.destroy(cutShort());
  }

  override _read(): void {
    this.#flow.resume();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    if (!this.#ended) this.#flow.abort(error ?? new Error('the content was not wanted'));
    callback(error);
  }
}

/** As undici says it where it counts itself, which over HTTP/2 it does not. */
function cutShort(): Error {
  const error = new Error('The content is not as long as Content-Length says');
  const code = 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH';
  return Object.assign(error, { name: 'ResponseContentLengthMismatchError', code });
}

// As much as a socket reads at once.
const HIGH_WATER_MARK = 64 * 1024;
