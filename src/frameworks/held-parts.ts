import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Cachegate } from '../app/cachegate.ts';
import type { OpenedSession, SessionWatcher } from '../session/own/session.ts';
import { holdResponse } from './held-response.ts';
import { NodeParts } from './node-parts.ts';

/** The parts in a request whose answer is held once it changes its session. Most requests read: their answers are left alone. */
export class HeldParts extends NodeParts implements SessionWatcher {
  readonly #response: ServerResponse;

  constructor(cachegate: Cachegate, request: IncomingMessage, response: ServerResponse) {
    super(cachegate, request, response);
    this.#response = response;
  }

  sessionChanges(): void {
    // What is set then would be stored by nobody.
    if (this.#response.writableEnded) this.seal();
    else holdResponse(this.#response, this);
  }

  protected override sessionOpened(opened: OpenedSession): void {
    if (opened.needsCommit()) this.sessionChanges();
    else opened.watch(this);
  }
}
