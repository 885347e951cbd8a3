import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { type Answer, errorAnswer } from '../gateway/answer.ts';
import { closeInStages, currentAnswer, endAfterAnswer, incoming, isEnding } from './connection-end.ts';
import { writeLastAnswer } from './last-answer.ts';

/** What Node's parser tells of bytes that are no HTTP, and its clock of a request that came too slowly. */
interface ParserError extends NodeJS.ErrnoException {
  /** What was read last, the fault in it. */
  readonly rawPacket?: Buffer;
  /** How much of that was taken in. */
  readonly bytesParsed?: number;
}

/**
 * Answers what is no request: in the gate's words, once, behind the answers to the requests before it, and as the last
 * of the connection. For a server's `clientError`.
 */
export function answerMalformed(error: ParserError, socket: Socket): void {
  const answer = answerTo(error);
  if (answer === null || socket.destroyed) {
    socket.destroy();
    return;
  }
  // Each further read tells of the same fault. What follows `Connection: close` is nobody's, and no fault of its request.
  if (isEnding(socket) || error.code === 'HPE_CLOSED_CONNECTION') return;
  endAfterAnswer(socket);
  answerInTurn(socket, answer);
}

function answerInTurn(socket: Socket, answer: Answer): void {
  const current = currentAnswer(socket);
  if (!socket.writable) socket.destroy();
  else if (current === null) answerUnasked(socket, answer);
  else if (current.req.complete) current.once('finish', () => answerInTurn(socket, answer));
  else answerItsRequest(socket, current, answer);
}

function answerUnasked(socket: Socket, answer: Answer): void {
  // The fault is in content whose request has its answer already.
  if (incoming(socket)?.complete === false) closeInStages(socket);
  // Where nothing was sent nobody waits: a browser's spare connection, which would take a 408 for its next answer.
  else if (answer.status === 408 && socket.bytesRead === 0) socket.destroy();
  else writeLastAnswer(socket, answer);
}

/** The fault is in the content of the request that is being answered. */
function answerItsRequest(socket: Socket, response: ServerResponse, answer: Answer): void {
  const { req: request } = response;
  // Whoever reads the content learns that it is not whole.
  socket.once('close', () => request.destroy(new Error('The content broke off')));
  if (response.headersSent && !response.writableEnded) {
    // Its answer has begun, and breaking off is all that can still be said.
    socket.destroy();
    return;
  }
  if (response.headersSent) {
    response.once('finish', () => closeInStages(socket));
  } else {
    response.shouldKeepAlive = false;
    response.writeHead(answer.status, answer.fields as string[]).end(answer.body);
  }
}

function answerTo({ code, rawPacket, bytesParsed }: ParserError): Answer | null {
  switch (code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return errorAnswer(408, 'The request did not arrive in time');
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return errorAnswer(413, 'Chunk extensions too long');
    case 'HPE_HEADER_OVERFLOW':
      return rawPacket !== undefined && isRequestLine(rawPacket.subarray(0, bytesParsed))
        ? errorAnswer(414, 'Request target too long')
        : errorAnswer(431, 'Request header section too large');
    case 'HPE_PAUSED_H2_UPGRADE':
      return errorAnswer(505, 'HTTP version not supported');
    default:
      return code?.startsWith('HPE_') === true ? errorAnswer(400, 'Malformed request') : null;
  }
}

// RFC 9112 §3: a target too long is a 414. It is told from a field where the line's beginning is in the same read.
function isRequestLine(bytes: Buffer): boolean {
  return /^[A-Z-]+ \S*$/.test(bytes.toString('latin1'));
}
