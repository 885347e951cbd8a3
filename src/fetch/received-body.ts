import { Readable } from 'node:stream';
import { within } from '../deadline.ts';
import { lateOrigin } from '../response-cache/origin-error.ts';
import { originFailure } from './fetch-failure.ts';

export interface ReceivedBodyOptions {
  /** For each piece. */
  readonly deadlineMs: number;
  /** Called once, when no more of it will be read; with an error if that was before its end. */
  readonly onEnd: (error: Error | null) => void;
}

/** The content of a response as it arrives; to be read or destroyed. Fails with `ERR_ORIGIN_*`. */
export class ReceivedBody extends Readable {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #options: ReceivedBodyOptions;
  #ended = false;

  constructor(stream: ReadableStream<Uint8Array>, options: ReceivedBodyOptions) {
    super();
    // From now on, so that it is not taken for one that nobody wants.
    this.#reader = stream.getReader();
    this.#options = options;
    // One that is destroyed unread ends with an error that is nobody's; readers get it all the same.
    this.on('error', () => {});
  }

  override _read(): void {
    within(this.#options.deadlineMs, this.#reader.read(), lateOrigin).then(
      ({ done, value }) => {
        // A read that was under way when this was destroyed ends as one at the end does.
        if (this.destroyed) return;
        if (!done) return void this.push(Buffer.from(value.buffer, value.byteOffset, value.byteLength));
        this.#ended = true;
        this.push(null);
      },
      (error: unknown) => this.destroy(originFailure(error)),
    );
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    if (this.#ended) {
      this.#options.onEnd(null);
    } else {
      const reason = error ?? new Error('the content was not wanted');
      this.#reader.cancel(reason).catch(() => {});
      this.#options.onEnd(reason);
    }
    callback(error);
  }
}
