import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Cachegate } from '../app/cachegate.ts';
import { peerAddress } from '../listen/peer-address.ts';
import type { MaybePromise } from '../store/store.ts';
import { isOfContent, type Refusal } from './refusal.ts';
import { RequestParts } from './request-parts.ts';
import { withheldFields } from './withheld.ts';

/** The parts in a request of `node:http`, or of a framework on it. */
export class NodeParts extends RequestParts {
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;

  constructor(cachegate: Cachegate, request: IncomingMessage, response: ServerResponse) {
    super(cachegate);
    this.#request = request;
    this.#response = response;
  }

  /**
   * A session that is at hand is given at the end of the event loop's turn: requests that came together are answered
   * together then, which wakes their readers once. With a store on another machine it comes about by itself.
   */
  override open(): MaybePromise<Refusal | null> {
    const refused = super.open();
    if (refused instanceof Promise || this.cookie === undefined) return refused;
    return new Promise((resolve) => setImmediate(resolve, refused));
  }

  get method(): string {
    return this.#request.method ?? '';
  }

  get peer(): string {
    return peerAddress(this.#request.socket);
  }

  field(name: string): string | undefined {
    const value = this.#request.headers[name];
    return Array.isArray(value) ? value.join(', ') : value;
  }

  addField(name: string, value: string): void {
    addField(this.#response, name, value);
  }
}

/** Adds a line of a field. A list that the application has set stays its own: it may be one for all answers. */
export function addField(response: ServerResponse, name: string, value: string): void {
  const before = response.getHeader(name);
  response.setHeader(name, before === undefined ? value : [before, value].flat().map(String));
}

/** Sends a session's cookies with an answer, to its own client alone. */
export function addCookies(response: ServerResponse, cookies: readonly string[]): void {
  if (cookies.length === 0) return;
  for (const cookie of cookies) addField(response, 'Set-Cookie', cookie);
  const fields = withheldFields((name) => response.getHeader(name));
  for (let i = 0; i < fields.length; i += 2) response.setHeader(fields[i]!, fields[i + 1]!);
}

/** Answers with a refusal; fields that were set before stay, but for what they say of other content. */
export function refuse(response: ServerResponse, { status, fields, body }: Refusal): void {
  for (const name of response.getHeaderNames()) if (isOfContent(name)) response.removeHeader(name);
  response.statusCode = status;
  response.statusMessage = '';
  for (let i = 0; i < fields.length; i += 2) response.setHeader(fields[i]!, fields[i + 1]!);
  response.setHeader('Content-Length', Buffer.byteLength(body));
  response.end(body);
}
