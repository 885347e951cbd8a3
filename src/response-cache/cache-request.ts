import type { Readable } from 'node:stream';
import type { RequestFacts } from '../engine/assessment.ts';
import type { CachePolicy } from '../engine/policy.ts';
import type { FieldList } from '../http/fields.ts';
import type { Correlated, RequestTiming } from '../observe/observer.ts';
import type { CacheOutcome } from '../observe/outcome.ts';

/** A response from an origin, its header section there and its body on the way. Times are in milliseconds. */
export interface FetchedResponse {
  readonly status: number;
  readonly fields: FieldList;
  /** To be read or destroyed by whoever has the response. */
  readonly body: Readable;
  /** Whether the body is all that the origin sent, and as it sent it, can't be told: it is nobody else's. */
  readonly isUncertain?: boolean;
  /** It is the response of another URL, to which something beneath has followed a redirect: this one's is not known. */
  readonly isAnothers?: boolean;
  /** The trailer section (RFC 9110 §6.5), known when the body has ended. */
  readonly trailers?: (() => FieldList) | undefined;
  readonly requestAt: number;
  readonly responseAt: number;
  /** For so long the origin's budget held the request back, before it was sent. */
  readonly heldMs?: number;
}

/** How to ask the origin. */
export interface Forwarding {
  /** The fields that make the request conditional, or ask for a range, for the cache's own sake; or none. */
  readonly conditions: FieldList;
  /** Whether the whole representation is wanted, whatever part or condition the client asked for. */
  readonly whole: boolean;
  readonly signal: AbortSignal;
  /** Nobody waits for the answer, so that it waits for nothing itself. */
  readonly inBackground?: boolean;
  /** So long it has waited already, for another process that was to ask the same. */
  readonly waitedMs?: number;
}

/** A request as the cache sees it. */
export interface CacheRequest extends Correlated {
  readonly service: string;
  /** The store's key of the resource. */
  readonly key: string;
  /** The fields that the origin would see; nothing else may influence what is stored. */
  readonly facts: RequestFacts;
  /** The URI that the origin is asked for. */
  readonly targetUri: string;
  /** The client wants no content (HEAD), though the origin is asked with GET. */
  readonly headOnly: boolean;
  readonly policy: CachePolicy;
  /** Longer bodies are passed on and not stored. */
  readonly maxBodyBytes: number;
  /** For so long a client may take nothing of a body that others wait for with it. */
  readonly stallMs: number;
  /** For so long at most an origin's `Retry-After` is heeded. */
  readonly retryAfterLimitMs: number;
  /** The origin has one budget for all of the service's requests, whoever the client is. */
  readonly hasOwnBudget: boolean;
  /** For so long at most a request waits for another process that asks the origin the same. */
  readonly collapseMs: number;
  /** Keys of the tags that the service gives to all of its responses. */
  readonly tags: readonly string[];
  /** Longer bodies are compressed in the store where their kind allows; `null`: none is. */
  readonly compressFromBytes: number | null;
  /** The key of the target's GET for everyone, where `key` has the request's content or whom it is for in it; else `null`. */
  readonly targetKey: string | null;
  /** Of the service's targets, responses may be stored under keys of content, or of whom they are for. */
  readonly hasSeveralKeys: boolean;
  /** The key stands for the very target that was asked for, and not for others too. */
  readonly isKeyExact: boolean;
  /** Aborted when the client leaves. */
  readonly signal: AbortSignal;
  readonly timing: RequestTiming;
  /** A digest of all that the origin sees of this request beside its target; the same for requests that look the same. */
  likeness(): string;
  /** Asks the origin; rejects with `ERR_ORIGIN_*`: with `ERR_ORIGIN_BUDGET` where it was not asked. */
  forward(how: Forwarding): Promise<FetchedResponse>;
  /** Makes the client's fields of the origin's: the same for every client. */
  present(fields: FieldList): FieldList;
  /** The store's key of another resource; `null` when it is none of this service's. */
  keyOf(uri: string): string | null;
}

/** What the cache answers. The outcome is not yet among the fields, except in `fields` of a hit. */
export interface CacheAnswer {
  readonly status: number;
  readonly fields: FieldList;
  readonly body: Buffer | Readable | null;
  readonly trailers?: (() => FieldList) | undefined;
  readonly outcome: CacheOutcome;
}
