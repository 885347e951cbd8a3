import type { CachePolicy } from '../engine/policy.ts';
import type { FieldList } from '../http/fields.ts';
import type { FetchedResponse } from '../response-cache/cache-request.ts';
import type { Forwarding } from './forwarding.ts';
import type { OriginRequest } from './origin-client.ts';

/** A service's way to its origin: what is passed on, how it is asked, and what of the answer clients see. */
export interface Upstream {
  readonly service: string;
  /** The origin's URL without a closing slash; targets begin where it ends. */
  readonly baseUri: string;
  readonly forwarding: Forwarding;
  readonly policy: CachePolicy;
  readonly maxBodyBytes: number;
  /** The origin's answers are made anew by a transform, so it is asked with GET for a whole representation. */
  readonly transformed: boolean;
  fetch(request: OriginRequest): Promise<FetchedResponse>;
  present(fields: FieldList): FieldList;
  /** The store's key for a target of this origin. */
  keyOf(target: string): string;
}
