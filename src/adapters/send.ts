import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { pipeline, type Readable } from 'node:stream';
import type { Answer } from '../gateway/answer.ts';
import { trailerFields } from '../gateway/trailer-fields.ts';
import { type FieldList, fieldValue } from '../http/fields.ts';
import { endAfterAnswer } from './connection-end.ts';
import { cutIfStalled } from './stall.ts';

// A client that does not read keeps no more than this for as long as it likes.
const LITTLE = 16 * 1024;

/** Sends an answer, or lets go of it where nobody is there any more, or something else was answered in its place. */
export function send(response: ServerResponse, socket: Socket, answer: Answer): void {
  const { status, fields, body } = answer;
  const stream = body !== null && !Buffer.isBuffer(body) ? body : null;
  if (response.destroyed || socket.destroyed || response.headersSent) {
    stream?.destroy();
    return;
  }
  // Content that is still on its way was wanted by an origin that has answered early: nobody will read the rest of it.
  if (!response.req.complete && response.req.readableDidRead) {
    response.shouldKeepAlive = false;
    endAfterAnswer(socket);
  }
  response.writeHead(status, fields as string[]);
  if (stream === null) {
    response.end(body);
    // What the system did not take at once waits for the client; a little of it is no matter.
    if (response.writableLength > LITTLE) cutIfStalled(response, socket, answer.stallMs);
  } else if (response.req.method === 'HEAD') {
    stream.destroy();
    response.end();
  } else {
    sendStream(response, socket, stream, answer);
  }
}

/** Answers 500 in the place of an answer that Node would not send. */
export function fail(response: ServerResponse, { body, tunnel }: Answer): void {
  if (body !== null && !Buffer.isBuffer(body)) body.destroy();
  tunnel?.destroy();
  if (response.headersSent) response.destroy();
  else response.writeHead(500, { 'Content-Length': 0 }).end();
}

function sendStream(
  response: ServerResponse,
  socket: Socket,
  stream: Readable,
  { fields, trailers, stallMs }: Answer,
): void {
  const abandon = () => stream.destroy();
  socket.once('close', abandon);
  cutIfStalled(response, socket, stallMs);
  if (trailers !== undefined && takesTrailers(response))
    stream.once('end', () => addTrailers(response, () => trailerFields(trailers(), fields)));
  // A broken source destroys the connection, so that the client sees that the answer is not whole.
  pipeline(stream, response, () => socket.off('close', abandon));
}

/** Whether a trailer section can be sent (RFC 9112 §7.1.2), and would be read (RFC 9110 §6.5.1). */
function takesTrailers({ chunkedEncoding, req }: ServerResponse): boolean {
  const te = chunkedEncoding ? fieldValue(req.rawHeaders, 'te') : undefined;
  return te?.split(',').some((member) => member.trim().toLowerCase() === 'trailers') === true;
}

function addTrailers(response: ServerResponse, trailers: () => FieldList): void {
  try {
    const fields = trailers();
    const pairs: [string, string][] = [];
    for (let i = 0; i < fields.length; i += 2) pairs.push([fields[i]!, fields[i + 1]!]);
    response.addTrailers(pairs);
  } catch {
    // Node writes nothing that is no field; the answer is whole without.
  }
}
