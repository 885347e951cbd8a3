import { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';

/** A response's content as it arrives; to be read or destroyed. Destroyed before its end, it costs the connection. */
export class OriginBody extends Readable {
  readonly #controller: Dispatcher.DispatchController;
  #ended = false;

  constructor(controller: Dispatcher.DispatchController) {
    super({ highWaterMark: HIGH_WATER_MARK });
    this.#controller = controller;
    // One that is destroyed unread ends with an error that is nobody's; readers get it all the same.
    this.on('error', () => {});
  }

  get ended(): boolean {
    return this.#ended;
  }

  receive(chunk: Buffer): void {
    if (!this.push(chunk)) this.#controller.pause();
  }

  end(): void {
    this.#ended = true;
    this.push(null);
  }

  override _read(): void {
    this.#controller.resume();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    if (!this.#ended) this.#controller.abort(error ?? new Error('the content was not wanted'));
    callback(error);
  }
}

// As much as a socket reads at once.
const HIGH_WATER_MARK = 64 * 1024;
