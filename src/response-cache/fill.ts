import { type Assessment, assessResponse, type ResponseFacts } from '../engine/assessment.ts';
import { variantKey } from '../engine/selection.ts';
import { conditionalFields, freshen, isIdentifiedBy } from '../engine/validation.ts';
import { type FieldList, fieldValue } from '../http/fields.ts';
import type { CacheRequest, FetchedResponse } from './cache-request.ts';
import type { StoredEntry } from './entry.ts';
import { toEntry } from './lookup.ts';
import { type SharedBody, shareBody } from './shared-body.ts';

/** A response that may be stored, arriving. */
export interface Arriving {
  readonly kind: 'arriving';
  readonly response: ResponseFacts;
  readonly assessment: Assessment;
  readonly body: SharedBody;
  /** How another request is known to select the same response. */
  readonly nominated: readonly string[];
  readonly variant: string;
}

/** How a fill came down. Only `arriving` and `validated` may be shared with requests that wait. */
export type Landing =
  | Arriving
  /** 304: the stored response, freshened; and whether it may still be stored and shared. */
  | { readonly kind: 'validated'; readonly entry: StoredEntry; readonly storable: boolean }
  | { readonly kind: 'unshared'; readonly response: FetchedResponse }
  /** The origin did not answer (`ERR_ORIGIN_*`), or a transform failed. */
  | { readonly kind: 'failed'; readonly error: unknown };

/**
 * One exchange with the origin on behalf of everyone who waits for it. It ends early when all who wait for its header
 * have left, and later when all who read its body have.
 */
export class Fill {
  readonly landing: Promise<Landing>;
  /** Set when the resource was invalidated meanwhile: what arrives is older than that, and is neither stored nor shared. */
  outdated = false;
  readonly #controller = new AbortController();
  #waiting = 0;

  constructor(request: CacheRequest, stored: StoredEntry | null) {
    this.landing = this.#run(request, stored);
  }

  /** Waits for the landing on behalf of a client, or (`null`) for the cache's own sake. */
  async wait(signal: AbortSignal | null): Promise<Landing> {
    this.#waiting++;
    const leave = () => {
      if (--this.#waiting === 0) this.#controller.abort();
    };
    if (signal?.aborted) leave();
    else signal?.addEventListener('abort', leave);
    const landing = await this.landing;
    signal?.removeEventListener('abort', leave);
    return landing;
  }

  async #run(request: CacheRequest, stored: StoredEntry | null): Promise<Landing> {
    const forward = (conditions: FieldList) =>
      request.forward({ conditions, whole: true, signal: this.#controller.signal });
    try {
      const response = await forward(stored === null ? [] : conditionalFields(stored.assessment));
      if (response.status !== 304 || stored === null) return this.#received(request, response);
      if (!isIdentifiedBy(stored.response, response)) return this.#received(request, await forward([]));
      const freshened = { ...freshen(stored.response, response), body: stored.response.body };
      const asGet = { method: 'GET', field: (name: string) => request.facts.field(name) };
      const { storable } = assessResponse(asGet, freshened, request.policy);
      return { kind: 'validated', entry: toEntry(request, freshened), storable };
    } catch (error) {
      return { kind: 'failed', error };
    }
  }

  #received(request: CacheRequest, response: FetchedResponse): Landing {
    const assessment = assessResponse(request.facts, response, request.policy);
    if (!assessment.storable || declaredLength(response.fields) > request.maxBodyBytes) {
      return { kind: 'unshared', response };
    }
    const nominated = assessment.nominated === '*' ? [] : assessment.nominated;
    return {
      kind: 'arriving',
      response,
      assessment,
      body: shareBody(response.body, request.maxBodyBytes, () => this.#controller.abort()),
      nominated,
      variant: variantKey(nominated, request.facts),
    };
  }
}

function declaredLength(fields: FieldList): number {
  const length = Number(fieldValue(fields, 'content-length'));
  return Number.isFinite(length) ? length : 0;
}
