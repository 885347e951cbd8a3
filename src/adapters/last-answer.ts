import { type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { Answer } from '../gateway/answer.ts';
import { closeInStages, endAfterAnswer, isEnding } from './connection-end.ts';

/** Refuses a request, in its turn, in a way that nothing behind it on its connection is read as another one. */
export function answerLast(response: ServerResponse, { status, fields, body }: Answer): void {
  const { socket } = response.req;
  if (isEnding(socket)) return;
  endAfterAnswer(socket);
  response.shouldKeepAlive = false;
  response.writeHead(status, fields as string[]).end(body);
}

/** Writes an answer where Node has no response for one, and closes. */
export function writeLastAnswer(socket: Socket, { status, fields, body }: Answer): void {
  const lines = [`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`];
  for (let i = 0; i < fields.length; i += 2) lines.push(`${fields[i]}: ${fields[i + 1]}`);
  lines.push(`Date: ${new Date().toUTCString()}`, 'Connection: close', '', '');
  socket.write(lines.join('\r\n'), 'latin1');
  if (Buffer.isBuffer(body)) socket.write(body);
  closeInStages(socket);
}
