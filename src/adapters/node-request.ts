import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import type { GateRequest } from '../gateway/request.ts';
import { type FieldList, fieldValue } from '../http/fields.ts';
import { peerAddress } from '../listen/peer-address.ts';
import { inform } from './early-hints.ts';

/** Node's request as the gateway's, read through. */
export class NodeRequest implements GateRequest {
  readonly method: string;
  readonly target: string;
  readonly #message: IncomingMessage;
  readonly #response: ServerResponse;
  // Node takes it from a message whose content was read to the end.
  readonly #socket: Socket;
  readonly #hasContent: boolean;
  readonly #mayUpgrade: boolean;
  #controller: AbortController | null = null;

  /** @param mayUpgrade whether the connection can change its protocol after this request */
  constructor(message: IncomingMessage, response: ServerResponse, hasContent: boolean, mayUpgrade: boolean) {
    this.#message = message;
    this.#response = response;
    this.#socket = message.socket;
    this.#hasContent = hasContent;
    this.#mayUpgrade = mayUpgrade;
    this.method = message.method!;
    this.target = message.url!;
  }

  get peer(): string {
    return peerAddress(this.#socket);
  }

  // Not from `headers`, which Node makes of all fields at once, and in which it drops some repeated ones.
  field(name: string): string | undefined {
    return fieldValue(this.#message.rawHeaders, name);
  }

  get fields(): FieldList {
    return this.#message.rawHeaders;
  }

  get body(): Readable | null {
    return this.#hasContent ? this.#message : null;
  }

  get upgrade(): string | null {
    return this.#mayUpgrade ? (this.field('upgrade') ?? null) : null;
  }

  inform(status: number, fields: FieldList): void {
    inform(this.#response, status, fields);
  }

  // Made only where something waits: an answer from memory needs none.
  get signal(): AbortSignal {
    this.#controller ??= this.#watch(new AbortController());
    return this.#controller.signal;
  }

  // An answer that still waits for its turn behind others has no close of its own, so the socket is asked too.
  #watch(controller: AbortController): AbortController {
    const response = this.#response;
    const socket = this.#socket;
    const ended = () => {
      socket.off('close', ended);
      response.off('close', ended);
      if (!response.writableFinished) controller.abort();
    };
    socket.once('close', ended);
    response.once('close', ended);
    if (response.destroyed || socket.destroyed) ended();
    return controller;
  }
}
