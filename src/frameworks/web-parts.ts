import type { Cachegate } from '../app/cachegate.ts';
import type { FieldList } from '../http/fields.ts';
import { isOfContent, type Refusal } from './refusal.ts';
import { type Committed, RequestParts } from './request-parts.ts';
import { withheldResponse } from './withheld.ts';

/** The parts in a `Request` of the fetch standard. */
export class WebParts extends RequestParts {
  /** Of whatever will be answered: name, value, … */
  readonly fields: string[] = [];
  readonly peer: string;
  readonly #request: Request;

  constructor(cachegate: Cachegate, request: Request, peer: string) {
    super(cachegate);
    this.#request = request;
    this.peer = peer;
  }

  get method(): string {
    return this.#request.method;
  }

  // Where no `Host` is passed on, the URL was made of it.
  override get host(): string | undefined {
    return super.host ?? new URL(this.#request.url).host;
  }

  field(name: string): string | undefined {
    // A Headers object holds no `:authority`, and throws for what is no field name.
    return name.startsWith(':') ? undefined : (this.#request.headers.get(name) ?? undefined);
  }

  addField(name: string, value: string): void {
    this.fields.push(name, value);
  }
}

/** A refusal as a response, with the fields that were to be on any answer. */
export function refusedResponse(refusal: Refusal, others: FieldList): Response {
  const headers = headersOf(refusal.fields);
  append(headers, others);
  return new Response(refusal.body, { status: refusal.status, headers });
}

/** The response that is sent once what its request has set is stored, or is not. */
export function settledResponse(response: Response, committed: Committed, others: FieldList): Response {
  const { cookies, failure } = committed;
  const fields = [...cookies.flatMap((cookie) => ['Set-Cookie', cookie]), ...others];
  if (failure !== null && response.status < 500) {
    void response.body?.cancel().catch(() => {});
    const kept = [...response.headers].filter(([name]) => !isOfContent(name)).flat();
    return refusedResponse(failure.refusal, [...kept, ...fields]);
  }
  if (fields.length === 0) return response;
  // What a fetch or a cache answered with can't be changed.
  const changed = cookies.length > 0 ? withheldResponse(response) : new Response(response.body, response);
  append(changed.headers, fields);
  return changed;
}

function headersOf(fields: FieldList): Headers {
  const headers = new Headers();
  append(headers, fields);
  return headers;
}

function append(headers: Headers, fields: FieldList): void {
  for (let i = 0; i < fields.length; i += 2) headers.append(fields[i]!, fields[i + 1]!);
}
