import type { DispatchController, RawFields } from './interceptor-dispatch.ts';

/** What the callbacks of a dispatcher of undici 6 can do, as later ones have it. */
export class LegacyController implements DispatchController {
  rawHeaders: RawFields = null;
  rawTrailers: RawFields = null;
  aborted = false;
  paused = false;
  reason: Error | null = null;
  readonly #abort: (reason?: Error) => void;
  #resume = () => {};

  constructor(abort: (reason?: Error) => void) {
    this.#abort = abort;
  }

  received(raw: RawFields, resume: () => void): void {
    this.rawHeaders = raw;
    this.#resume = resume;
  }

  abort(reason: Error): void {
    if (this.aborted) return;
    this.aborted = true;
    this.reason = reason;
    this.#abort(reason);
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    if (!this.paused) return;
    this.paused = false;
    this.#resume();
  }
}
