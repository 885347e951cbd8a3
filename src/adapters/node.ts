import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { pipeline, type Readable } from 'node:stream';
import type { Answer } from '../gateway/answer.ts';
import type { Gateway } from '../gateway/gateway.ts';
import type { GateRequest } from '../gateway/request.ts';
import { type FieldList, fieldValue } from '../http/fields.ts';

/** Node's request as the gateway's, read through. */
class NodeRequest implements GateRequest {
  readonly method: string;
  readonly target: string;
  readonly #message: IncomingMessage;
  readonly #response: ServerResponse;
  // Node takes it from a message whose content was read to the end.
  readonly #socket: Socket;
  #controller: AbortController | null = null;

  constructor(message: IncomingMessage, response: ServerResponse) {
    this.#message = message;
    this.#response = response;
    this.#socket = message.socket;
    this.method = message.method!;
    this.target = message.url!;
  }

  get peer(): string {
    return this.#socket.remoteAddress ?? '';
  }

  // Not from `headers`, which Node makes of all fields at once, and in which it drops some repeated ones.
  field(name: string): string | undefined {
    return fieldValue(this.#message.rawHeaders, name);
  }

  get fields(): FieldList {
    return this.#message.rawHeaders;
  }

  get body(): Readable | null {
    const hasBody =
      this.field('transfer-encoding') !== undefined || Number(this.field('content-length') ?? 0) > 0;
    return hasBody ? this.#message : null;
  }

  get upgrade(): string | null {
    return null;
  }

  inform(): void {}

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

/**
 * A request listener for `node:http` and `node:https` servers.
 * @param onError told of an answer that Node would not send; the client gets 500
 */
export function createNodeListener(
  gateway: Gateway,
  onError: (error: unknown) => void,
): (message: IncomingMessage, response: ServerResponse) => void {
  // Answers that are at hand are sent at the end of the turn, one right after the other: a write to a socket wakes
  // its reader, which is cheaper for many at once than for each between two requests (docs/performance.md).
  let atHand: [ServerResponse, Socket, Answer][] = [];
  const sendOrFail = (response: ServerResponse, socket: Socket, answer: Answer) => {
    try {
      send(response, socket, answer);
    } catch (error) {
      onError(error);
      fail(response, answer);
    }
  };
  const sendAll = () => {
    const answers = atHand;
    atHand = [];
    for (const each of answers) sendOrFail(...each);
  };
  return (message, response) => {
    const { socket } = message;
    const answer = gateway.handle(new NodeRequest(message, response));
    if (answer instanceof Promise) void answer.then((result) => sendOrFail(response, socket, result));
    else if (atHand.push([response, socket, answer]) === 1) setImmediate(sendAll);
  };
}

function send(response: ServerResponse, socket: Socket, { status, fields, body }: Answer): void {
  const stream = body !== null && !Buffer.isBuffer(body) ? body : null;
  if (response.destroyed || socket.destroyed) {
    stream?.destroy();
    return;
  }
  response.writeHead(status, fields as string[]);
  if (stream === null) {
    response.end(body);
  } else if (response.req.method === 'HEAD') {
    stream.destroy();
    response.end();
  } else {
    const abandon = () => stream.destroy();
    socket.once('close', abandon);
    response.setTimeout(STALLED_MS, () => response.destroy());
    // A broken source destroys the connection, so that the client sees that the answer is not whole.
    pipeline(stream, response, () => socket.off('close', abandon));
  }
}

// For so long a client may read nothing, or an origin send nothing, before the connection is taken for dead.
const STALLED_MS = 60_000;

function fail(response: ServerResponse, { body }: Answer): void {
  if (body !== null && !Buffer.isBuffer(body)) body.destroy();
  if (response.headersSent) response.destroy();
  else response.writeHead(500, { 'Content-Length': 0 }).end();
}
