import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { Answer } from '../gateway/answer.ts';
import { closeInStages } from './connection-end.ts';

/** Writes an answer where Node has no response for one, as the last of its connection. */
export function endWithAnswer(socket: Socket, { status, fields, body }: Answer): void {
  const lines = [`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`];
  for (let i = 0; i < fields.length; i += 2) lines.push(`${fields[i]}: ${fields[i + 1]}`);
  lines.push(`Date: ${new Date().toUTCString()}`, 'Connection: close', '', '');
  socket.on('error', () => {});
  socket.write(lines.join('\r\n'), 'latin1');
  if (Buffer.isBuffer(body)) socket.write(body);
  closeInStages(socket);
}
