import type { CachePolicy } from '../engine/policy.ts';
import type { FieldList } from '../http/fields.ts';
import type { RequestObserver } from '../observe/observer.ts';
import type { Tracing } from '../observe/tracing.ts';
import type { OriginBudget } from '../origin-budget/origin-budget.ts';
import type { FetchedResponse } from '../response-cache/cache-request.ts';
import type { Forwarding } from './forwarding.ts';
import type { IdentityPassing } from './identity-passing.ts';
import type { OriginRequest } from './origin-client.ts';

/** A service's way to its origin: what is passed on, how it is asked, and what of the answer clients see. */
export interface Upstream {
  readonly service: string;
  readonly observer: RequestObserver;
  /** `null`: nobody traces requests. */
  readonly tracing: Tracing | null;
  /** The origin's URL without a closing slash; targets begin where it ends. */
  readonly baseUri: string;
  readonly forwarding: Forwarding;
  readonly policy: CachePolicy;
  readonly maxBodyBytes: number;
  /** Methods beside GET and HEAD whose responses are cached, with the request's content in the key. */
  readonly keyedMethods: ReadonlySet<string>;
  readonly maxKeyBodyBytes: number;
  readonly retryAfterLimitMs: number;
  readonly stallMs: number;
  /** For so long at most a request waits for another process that asks the origin the same. */
  readonly collapseMs: number;
  /** Keys of the tags of all of its stored responses. */
  readonly tags: readonly string[];
  /** Longer bodies are compressed in the store; `null`: none is. */
  readonly compressFromBytes: number | null;
  /** How often the origin may be asked; `null`: as often as it is. `fetch` keeps it. */
  readonly budget: OriginBudget | null;
  /** The origin has one budget for all requests of the service. */
  readonly hasOwnBudget: boolean;
  /** The origin's answers are made anew by a transform, so it is asked with GET for a whole representation. */
  readonly transformed: boolean;
  fetch(request: OriginRequest): Promise<FetchedResponse>;
  present(fields: FieldList): FieldList;
  /** What the origin is told of whose the session is; `null`: nothing. */
  readonly identityPassing: IdentityPassing | null;
  /** The responses of a target may have keys beside `keyOf`, by content or part. */
  readonly hasSeveralKeys: boolean;
  /** The store's key for GET of a target of this origin, with a part the key of that one's. */
  keyOf(target: string, part?: string): string;
  /** Whether a target's key stands for it alone. */
  isKeyExact(target: string): boolean;
  /** The store's key for a method with content, by the content's digest. */
  contentKeyOf(method: string, target: string, digest: string, part?: string): string;
}
