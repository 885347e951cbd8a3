import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Cachegate } from '../app/cachegate.ts';
import type { FieldList } from '../http/fields.ts';
import { NodeParts } from './node-parts.ts';
import { isOfContent, type Refusal, refusalOf } from './refusal.ts';
import { withheldFields, withheldResponse } from './withheld.ts';

/** The parts in a request of Fastify, whose replies keep fields of their own. */
export class FastifyParts extends NodeParts {
  readonly #reply: FastifyReply;
  /** What the handler's error comes to, where it was an error of the store or the session. */
  #failure: Refusal | null = null;

  constructor(cachegate: Cachegate, request: FastifyRequest, reply: FastifyReply) {
    super(cachegate, request.raw, reply.raw);
    this.#reply = reply;
  }

  override addField(name: string, value: string): void {
    const before = this.#reply.getHeader(name);
    // Fastify would add to the list of cookies that is there, which may be the application's for all answers.
    if (before !== undefined) this.#reply.removeHeader(name);
    this.#reply.header(name, before === undefined ? value : [before, value].flat().map(String));
  }

  noteFailure(error: unknown): void {
    this.#failure = refusalOf(error);
  }

  /** Whether `settle` has anything to do. */
  get isUnsettled(): boolean {
    return this.#failure !== null || this.needsCommit();
  }

  /** Stores the session before its answer is sent. Answers what to send in the place of `payload`. */
  async settle(payload: unknown): Promise<unknown> {
    const reply = this.#reply;
    // An error handler of the application's own has the last word.
    const failure = reply.statusCode === 500 ? this.#failure : null;
    const { cookies, failure: unstored } = await this.commit();
    if (cookies.length > 0) this.#addCookies(cookies);
    const refused = failure ?? (reply.statusCode >= 500 ? null : (unstored?.refusal ?? null));
    if (refused === null) return cookies.length > 0 ? withheldContent(payload) : payload;
    discard(payload);
    for (const name of Object.keys(reply.getHeaders())) if (isOfContent(name)) reply.removeHeader(name);
    return this.refuse(refused);
  }

  /** Sets a refusal's status and fields; answers its body. */
  refuse({ status, fields, body }: Refusal): string {
    this.#reply.code(status);
    this.#setFields(fields);
    return body;
  }

  #addCookies(cookies: readonly string[]): void {
    for (const cookie of cookies) this.addField('Set-Cookie', cookie);
    this.#setFields(withheldFields((name) => this.#reply.getHeader(name)));
  }

  #setFields(fields: FieldList): void {
    for (let i = 0; i < fields.length; i += 2) this.#reply.header(fields[i]!, fields[i + 1]!);
  }
}

/** Fastify puts the fields of a `Response` over those of the reply. */
function withheldContent(payload: unknown): unknown {
  return payload instanceof Response ? withheldResponse(payload) : payload;
}

/** Lets go of what is not sent: a stream of Node's, or one of the fetch standard. */
function discard(payload: unknown): void {
  const content = payload instanceof Response ? payload.body : payload;
  const stream = content as { destroy?: () => void; cancel?: () => Promise<void> } | null;
  if (stream?.destroy !== undefined) stream.destroy();
  else void stream?.cancel?.().catch(() => {});
}
