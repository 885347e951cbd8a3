import type { Assessment, ResponseFacts } from '../engine/assessment.ts';
import { currentAgeMs, remainingFreshnessMs } from '../engine/freshness.ts';
import { formatCacheStatus } from '../http/cache-status.ts';
import type { FieldList } from '../http/fields.ts';
import type { CacheOutcome } from '../observe/outcome.ts';
import type { PackedBody } from './stored-form.ts';

export const CACHE_NAME = 'cachegate';

/** The fields of an answer from a stored response, and how it came about. */
export interface HitFields {
  readonly fields: FieldList;
  readonly outcome: CacheOutcome;
}

/** A stored response, decoded and judged once, with the fields of its next answer at hand. */
export class StoredEntry {
  readonly response: ResponseFacts;
  readonly assessment: Assessment;
  /** `null` until it is loaded (`Bodies.load`). */
  body: Buffer | null;
  /** How the body lies in the store, where that is not as it is. */
  readonly packed: PackedBody | null;
  /** An operator has called it stale since then (milliseconds since the epoch); `null`: nobody has. */
  readonly staleAt: number | null;
  readonly #presented: FieldList;
  #hit: HitFields | null = null;
  #hitFrom = 0;
  #hitUntil = 0;

  constructor(
    response: ResponseFacts,
    body: Buffer | PackedBody,
    assessment: Assessment,
    presented: FieldList,
    staleAt: number | null = null,
  ) {
    this.response = response;
    this.assessment = assessment;
    this.body = Buffer.isBuffer(body) ? body : null;
    this.packed = Buffer.isBuffer(body) ? null : body;
    this.staleAt = staleAt;
    this.#presented = presented;
  }

  get status(): number {
    return this.response.status;
  }

  /** The body's, in bytes. */
  get length(): number {
    return this.body?.length ?? this.packed!.length;
  }

  /** With `Age` (RFC 9111 §5.1) and `Cache-Status` (RFC 9211) as of `now`; the same array for as long as both hold. */
  hitFields(now: number): HitFields {
    if (this.#hit !== null && now >= this.#hitFrom && now < this.#hitUntil) return this.#hit;
    const ageMs = currentAgeMs(this.assessment, now);
    const leftMs = remainingFreshnessMs(this.assessment, now);
    const age = Math.floor(ageMs / 1000);
    const ttl = Math.floor(leftMs / 1000);
    const outcome: CacheOutcome = { hit: true, ttl };
    const fields = [...this.agedFields(now), 'Cache-Status', formatCacheStatus(CACHE_NAME, outcome)];
    this.#hit = { fields, outcome };
    this.#hitFrom = now;
    this.#hitUntil = now + Math.min((age + 1) * 1000 - ageMs, leftMs - ttl * 1000 + 1);
    return this.#hit;
  }

  /** With `Age` alone. */
  agedFields(now: number): string[] {
    const age = Math.floor(currentAgeMs(this.assessment, now) / 1000);
    return [...this.#presented, 'Age', String(age)];
  }
}
