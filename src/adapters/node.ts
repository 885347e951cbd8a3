import type { IncomingMessage, ServerResponse } from 'node:http';
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
  #controller: AbortController | null = null;

  constructor(message: IncomingMessage, response: ServerResponse) {
    this.#message = message;
    this.#response = response;
    this.method = message.method!;
    this.target = message.url!;
  }

  get peer(): string {
    return this.#message.socket.remoteAddress ?? '';
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

  // Made only where something waits: an answer from memory needs none.
  get signal(): AbortSignal {
    if (this.#controller === null) {
      const controller = new AbortController();
      this.#controller = controller;
      this.#response.once('close', () => {
        if (!this.#response.writableFinished) controller.abort();
      });
      if (this.#response.destroyed) controller.abort();
    }
    return this.#controller.signal;
  }
}

/** A request listener for `node:http` and `node:https` servers. */
export function createNodeListener(
  gateway: Gateway,
): (message: IncomingMessage, response: ServerResponse) => void {
  // Answers that are at hand are sent at the end of the turn, one right after the other: a write to a socket wakes
  // its reader, which is cheaper for many at once than for each between two requests (docs/performance.md).
  let atHand: [ServerResponse, Answer][] = [];
  const sendAll = () => {
    const answers = atHand;
    atHand = [];
    for (const [response, answer] of answers) send(response, answer);
  };
  return (message, response) => {
    const answer = gateway.handle(new NodeRequest(message, response));
    if (answer instanceof Promise) void answer.then((result) => send(response, result));
    else if (atHand.push([response, answer]) === 1) setImmediate(sendAll);
  };
}

function send(response: ServerResponse, { status, fields, body }: Answer): void {
  const stream = body !== null && !Buffer.isBuffer(body) ? body : null;
  if (response.destroyed) {
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
    // A broken source destroys the connection, so that the client sees that the answer is not whole.
    pipeline(stream, response, () => {});
  }
}
