import {
  type Assessment,
  assessResponse,
  type RequestFacts,
  type ResponseFacts,
} from '../engine/assessment.ts';
import { missingRange, portionOfPart } from '../engine/portion.ts';
import { variantKey } from '../engine/selection.ts';
import { conditionalFields, isIdentifiedBy, strongEntityTag } from '../engine/validation.ts';
import { CachegateError } from '../errors.ts';
import { contentLength } from '../http/content-length.ts';
import { endToEndFields, type FieldList, fieldValue, withoutFields } from '../http/fields.ts';
import type { Fence } from '../store/store.ts';
import type { ByteBudget } from './byte-budget.ts';
import type { CacheRequest, FetchedResponse } from './cache-request.ts';
import { completed } from './combination.ts';
import type { StoredEntry } from './entry.ts';
import { freshenEntry } from './freshened-entry.ts';
import type { Opening } from './opening.ts';
import type { Planned } from './planner.ts';
import { type SharedBody, shareBody } from './shared-body.ts';

/** A response that may be stored, arriving. */
export interface Arriving {
  readonly kind: 'arriving';
  readonly response: ResponseFacts;
  readonly assessment: Assessment;
  readonly body: SharedBody;
  readonly trailers: FetchedResponse['trailers'];
  /** What the origin answered; not the response's own status where that completes a stored part. */
  readonly fwdStatus: number;
  /** The fields that others than this request's client may see, and that are stored. */
  readonly sharedFields: FieldList;
  readonly selection: Selection;
}

/** How another request is known to select the same response (RFC 9111 §4.1). */
export interface Selection {
  readonly nominated: readonly string[];
  readonly variant: string;
}

/** 304: the stored response, freshened. */
export interface Validated {
  readonly kind: 'validated';
  readonly entry: StoredEntry;
  /** It may still be shared, and stored as it is now. */
  readonly storable: boolean;
  readonly selection: Selection;
  /** Fields of the 304 for the client that caused it. */
  readonly ownFields: FieldList;
}

/** Another process has stored it meanwhile. */
export interface Elsewhere {
  readonly kind: 'elsewhere';
  readonly entry: StoredEntry;
  /** And this one has waited for that. */
  readonly waited: boolean;
  readonly selection: Selection;
}

/** How a fill came down. Only `arriving`, `validated` and `elsewhere` may be shared with requests that wait. */
export type Landing =
  | Arriving
  | Validated
  | Elsewhere
  /** Another process is at it. */
  | Extract<Opening, { kind: 'left' }>
  | { readonly kind: 'unshared'; readonly response: FetchedResponse }
  /** The origin did not answer (`ERR_ORIGIN_*`), or a transform failed. */
  | { readonly kind: 'failed'; readonly error: unknown };

/** What a fill is for. */
export type FillPurpose =
  /** The whole response. */
  | { readonly kind: 'whole' }
  /** Whether a stored response may still be used. */
  | { readonly kind: 'validate'; readonly stored: StoredEntry }
  /** What is missing of a stored part. */
  | { readonly kind: 'complete'; readonly stored: StoredEntry }
  /** The ranges that the client asks for. */
  | { readonly kind: 'ranges' };

export interface FillOptions {
  /** Whether other requests may wait for it. */
  readonly joinable: boolean;
  /** Comes first, until the signal is aborted. */
  readonly open: (signal: AbortSignal) => Promise<Opening>;
  readonly purposeOf: (planned: Planned) => FillPurpose;
  readonly budget: ByteBudget;
  /** Nobody waits for it, unless others join. */
  readonly inBackground: boolean;
}

/**
 * One exchange with the origin on behalf of everyone who waits for it. It ends early when all who wait for its header
 * have left, and later when all who read its body have.
 */
export class Fill {
  readonly landing: Promise<Landing>;
  /** Set when the resource was invalidated meanwhile: what arrives is older than that, and is neither stored nor shared. */
  outdated = false;
  /** Set when that may have happened, for all that is known: nobody joins it any more. */
  sealed = false;
  /** How it began; `null` until it has. */
  opening: Opening | null = null;
  /** Whether other requests may wait for it. */
  readonly joinable: boolean;
  /** The request that it was begun for. */
  readonly facts: RequestFacts;
  /** It was asked for with credentials, so that it may well be for one client alone. */
  readonly credentialed: boolean;
  /** It was begun behind an answer. */
  readonly inBackground: boolean;
  /** In milliseconds of `performance.now()`. */
  readonly begunAt = performance.now();
  readonly #budget: ByteBudget;
  readonly #controller = new AbortController();
  #waiting = 0;
  #waitedMs = 0;
  #hasAsked = false;

  constructor(request: CacheRequest, { joinable, open, purposeOf, budget, inBackground }: FillOptions) {
    this.#budget = budget;
    this.inBackground = inBackground;
    const { facts } = request;
    this.facts = facts;
    this.joinable = joinable;
    this.credentialed = facts.field('authorization') !== undefined;
    this.landing = this.#run(request, open, purposeOf);
  }

  /** Nobody waits any more, so that its end says nothing of the origin. */
  get abandoned(): boolean {
    return this.#controller.signal.aborted;
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

  /** What stands in the store for it, or may; `null` before it has begun, and where nothing is stored of it. */
  get fence(): Fence | null {
    return this.opening?.kind === 'begun' ? this.opening.fence : null;
  }

  /** Others need not wait for it any more; with `barMs`, nor for the next. */
  release(barMs?: number): void {
    if (this.opening?.kind === 'begun') this.opening.lease?.end(barMs);
  }

  async #run(
    request: CacheRequest,
    open: FillOptions['open'],
    purposeOf: FillOptions['purposeOf'],
  ): Promise<Landing> {
    try {
      const opening = await open(this.#controller.signal);
      this.opening = opening;
      this.#waitedMs = performance.now() - this.begunAt;
      switch (opening.kind) {
        case 'begun':
          return await this.#ask(request, purposeOf(opening.planned));
        case 'elsewhere': {
          const { nominated } = opening.entry.assessment;
          return { ...opening, selection: selectionOf(request, nominated) };
        }
        case 'left':
          return opening;
      }
    } catch (error) {
      return { kind: 'failed', error };
    }
  }

  /** @throws what the origin fails with */
  async #ask(request: CacheRequest, purpose: FillPurpose): Promise<Landing> {
    const response = await this.#forward(request, conditionsOf(request, purpose));
    if (response.isAnothers === true && isAboutStored(response, purpose)) {
      response.body.destroy();
      return this.#received(request, await this.#forward(request, []));
    }
    if (purpose.kind === 'validate' && response.status === 304) {
      return await this.#notModified(request, purpose.stored, response);
    }
    const { status } = response;
    // What an origin says to a range that it does not give (416 above all) is no answer to who asks for the whole.
    if (purpose.kind === 'ranges' && status !== 200 && status !== 206) return { kind: 'unshared', response };
    if (purpose.kind !== 'complete') {
      if (status === 206 && purpose.kind !== 'ranges') throw unaskedPart(response);
      return this.#received(request, response);
    }
    const { stored } = purpose;
    const whole = completed(request, { ...stored.response, body: stored.body! }, response);
    if (whole !== null) return this.#received(request, whole, status);
    // A part that does not fit, or none where the representation has become shorter: all of it is asked for.
    if (status !== 206 && status !== 416) return this.#received(request, response);
    response.body.destroy();
    return this.#received(request, await this.#forward(request, []));
  }

  #forward(request: CacheRequest, conditions: FieldList): Promise<FetchedResponse> {
    const { signal } = this.#controller;
    // What has been asked for in part would have been so in vain.
    const inBackground = this.inBackground && !this.#hasAsked;
    this.#hasAsked = true;
    return request.forward({ conditions, whole: true, signal, inBackground, waitedMs: this.#waitedMs });
  }

  async #notModified(
    request: CacheRequest,
    stored: StoredEntry,
    notModified: FetchedResponse,
  ): Promise<Landing> {
    if (!isIdentifiedBy(stored.response, notModified)) {
      return this.#received(request, await this.#forward(request, []));
    }
    const { entry, storable, nominated, withheld } = freshenEntry(request, stored, notModified);
    const { part } = entry.assessment;
    // With the 304's validators an If-Range may name another representation, of which all is wanted.
    if (part !== null && portionOfPart(request.facts, entry.response, part) === null) {
      return this.#received(request, await this.#forward(request, []));
    }
    const ownFields = ownFieldsOf(notModified, entry.response, withheld);
    return { kind: 'validated', entry, storable, selection: selectionOf(request, nominated), ownFields };
  }

  #received(request: CacheRequest, response: FetchedResponse, fwdStatus = response.status): Landing {
    const assessment = assessResponse(request.facts, response, request.policy);
    const isTooLong = (contentLength(response.fields) ?? 0) > request.maxBodyBytes;
    if (!assessment.storable || isTooLong || response.isUncertain === true) {
      return { kind: 'unshared', response };
    }
    const onAbandoned = () => this.#controller.abort();
    return arrivingOf(request, response, assessment, { fwdStatus, budget: this.#budget, onAbandoned });
  }
}

/** A response that may be stored, with its body open to several readers. */
export function arrivingOf(
  request: CacheRequest,
  response: FetchedResponse,
  assessment: Assessment,
  how: {
    readonly fwdStatus: number;
    readonly budget: ByteBudget;
    readonly onAbandoned: () => void;
  },
): Arriving {
  const { fwdStatus, budget, onAbandoned } = how;
  const { withheld } = assessment;
  const { maxBodyBytes: keepBytes, stallMs } = request;
  return {
    kind: 'arriving',
    response,
    assessment,
    body: shareBody(response.body, { keepBytes, stallMs, budget, onAbandoned }),
    trailers: response.trailers,
    fwdStatus,
    sharedFields: withoutFields(endToEndFields(response.fields), new Set(withheld)),
    selection: selectionOf(request, assessment.nominated),
  };
}

function selectionOf({ facts }: CacheRequest, names: Assessment['nominated']): Selection {
  const nominated = names === '*' ? [] : names;
  return { nominated, variant: variantKey(nominated, facts) };
}

/** Whether it counts on what is stored, which at another URL is not what was meant. */
function isAboutStored({ status }: FetchedResponse, { kind }: FillPurpose): boolean {
  return (kind === 'validate' && status === 304) || (kind === 'complete' && status === 206);
}

// RFC 9110 §15.3.7: nobody has asked for a part, and it is not to be taken for the whole.
function unaskedPart({ body }: FetchedResponse): CachegateError {
  body.destroy();
  return new CachegateError('ERR_ORIGIN_PROTOCOL', 'The origin sent a part that was not asked for');
}

function conditionsOf({ facts }: CacheRequest, purpose: FillPurpose): FieldList {
  switch (purpose.kind) {
    case 'whole':
      return [];
    case 'validate':
      return conditionalFields(purpose.stored.assessment);
    case 'complete': {
      const { assessment, response } = purpose.stored;
      const range = assessment.part === null ? null : missingRange(assessment.part);
      const etag = strongEntityTag(response);
      return [...(range === null ? [] : ['Range', range]), ...(etag === undefined ? [] : ['If-Range', etag])];
    }
    case 'ranges': {
      const condition = facts.field('if-range');
      return ['Range', facts.field('range')!, ...(condition === undefined ? [] : ['If-Range', condition])];
    }
  }
}

// What a 304 gives to its receiver alone: the fields that it withholds from others, and cookies.
function ownFieldsOf(
  notModified: ResponseFacts,
  shared: ResponseFacts,
  withheld: readonly string[],
): string[] {
  const own: string[] = [];
  const { fields } = notModified;
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i]!.toLowerCase();
    const isOwn =
      withheld.includes(name) || (name === 'set-cookie' && fieldValue(shared.fields, name) === undefined);
    if (isOwn) own.push(fields[i]!, fields[i + 1]!);
  }
  return own;
}
