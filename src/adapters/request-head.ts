import type { IncomingMessage } from 'node:http';
import { isIPv6 } from 'node:net';
import { type Answer, errorAnswer } from '../gateway/answer.ts';

/** More field lines than this in a request are refused (Apache's default is 100, nginx has none but the size). */
export const MAX_FIELDS = 200;

/**
 * Judges what Node's parser lets pass of a request's head although RFC 9112 refuses it, or another reader could frame
 * the message in another way.
 * @returns whether the request has content, or the refusal, after which nothing more of the connection may be read
 */
export function inspectHead({
  rawHeaders,
  httpVersionMajor,
  httpVersionMinor,
}: IncomingMessage): boolean | Answer {
  if (httpVersionMajor !== 1) return errorAnswer(505, 'HTTP version not supported');
  if (rawHeaders.length > 2 * MAX_FIELDS) return errorAnswer(431, 'Too many request header fields');
  let host: string | undefined;
  let length: string | undefined;
  let coding: string | undefined;
  // One pass for all three; most names are told apart by their length.
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!;
    if (name.length === 4 && isNamed(name, 'Host')) {
      if (host !== undefined) return errorAnswer(400, 'More than one Host field line');
      host = rawHeaders[i + 1]!;
    } else if (name.length === 14 && isNamed(name, 'Content-Length')) {
      length = rawHeaders[i + 1]!;
    } else if (name.length === 17 && isNamed(name, 'Transfer-Encoding')) {
      coding = coding === undefined ? rawHeaders[i + 1]! : `${coding}, ${rawHeaders[i + 1]}`;
    }
  }
  if (host === undefined) {
    if (httpVersionMinor !== 0) return errorAnswer(400, 'Host field missing');
  } else if (host !== knownHost) {
    if (!isHost(host)) return errorAnswer(400, 'Host field not valid');
    knownHost = host;
  }
  if (coding !== undefined) return refusedCoding(coding, httpVersionMinor) ?? true;
  if (length === undefined || length === '0') return false;
  const bytes = Number(length);
  return Number.isSafeInteger(bytes) ? bytes > 0 : errorAnswer(400, 'Content-Length not valid');
}

// The last one that was valid: nearly every request has it.
let knownHost = '';

// Written as most clients write it, so that nothing is made of it.
function isNamed(name: string, usualName: string): boolean {
  return name === usualName || name.toLowerCase() === usualName.toLowerCase();
}

/**
 * RFC 9112 §6.1: a coding that is not understood is a 501; and HTTP/1.0 has none, so one there is faulty framing. Node's
 * parser refuses by itself what does not end in `chunked`, but tells of such a request before it does, and takes an
 * empty value for none.
 */
function refusedCoding(coding: string, minor: number): Answer | null {
  if (minor === 0) return errorAnswer(400, 'Transfer-Encoding in HTTP/1.0');
  const names = coding
    .toLowerCase()
    .split(',')
    .map((name) => name.trim());
  if (names.length === 1 && names[0] === 'chunked') return null;
  const isFramed = names.at(-1) === 'chunked' && names.indexOf('chunked') === names.length - 1;
  return isFramed
    ? errorAnswer(501, 'Transfer coding not implemented')
    : errorAnswer(400, 'Transfer-Encoding does not end the message');
}

// RFC 9110 §7.2, RFC 3986 §3.2.2: uri-host [ ":" port ], where the name and the port may be empty.
const HOST =
  /^(?:\[([0-9a-f:.]+)\]|\[v[0-9a-f]+\.[\w.~!$&'()*+,;=:-]+\]|(?:[\w.~!$&'()*+,;=-]|%[0-9a-f]{2})*)(?::[0-9]*)?$/i;

function isHost(value: string): boolean {
  const match = HOST.exec(value);
  return match !== null && (match[1] === undefined || isIPv6(match[1]));
}
