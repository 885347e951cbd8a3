import { LRUCache } from 'lru-cache';
import type { FieldList } from '../http/fields.ts';
import { parseWebOrigin, type WebOrigin } from '../http/web-origin.ts';

/** Which web origins a service lets in, and what it tells their browsers (Fetch standard, "HTTP extensions"). */
export interface CorsPolicy {
  /** `scheme://host[:port]`; `*` may stand for a whole host or a whole port. */
  readonly origins: readonly string[];
  readonly missingOrigin: 'refuse' | 'allow';
  readonly credentials: boolean;
  readonly allowHeaders: readonly string[];
  /** What scripts may read of an answer, beside the gate's own fields and those that they always may. */
  readonly exposeHeaders: readonly string[];
  readonly allowMethods: readonly string[];
  readonly maxAgeSeconds: number;
}

export interface Cors {
  readonly missingOrigin: 'refuse' | 'allow';
  /** The fields for answers to this web origin; `null` when it is not let in. */
  fieldsFor(origin: string): FieldList | null;
  /** What a preflight's answer has beside them. */
  readonly preflightFields: FieldList;
}

/** The gate's own fields. */
const EXPOSED = ['Age', 'Cache-Status', 'RateLimit', 'RateLimit-Policy', 'Retry-After'];
const REMEMBERED = 1_000;

export function createCors(policy: CorsPolicy): Cors {
  const patterns = policy.origins.map((text) => {
    const pattern = parseWebOrigin(text, true);
    if (pattern === null) throw new TypeError(`not an origin: ${JSON.stringify(text)}`);
    return pattern;
  });
  const exposed = [...EXPOSED, ...policy.exposeHeaders].join(', ');
  const known = new LRUCache<string, { fields: FieldList | null }>({ max: REMEMBERED });

  function compute(origin: string): FieldList | null {
    const parsed = parseWebOrigin(origin, false);
    if (parsed === null || !patterns.some((pattern) => matches(pattern, parsed))) return null;
    const fields = ['Access-Control-Allow-Origin', origin];
    if (policy.credentials) fields.push('Access-Control-Allow-Credentials', 'true');
    fields.push('Access-Control-Expose-Headers', exposed, 'Vary', 'Origin');
    return fields;
  }

  return {
    missingOrigin: policy.missingOrigin,
    fieldsFor(origin) {
      let entry = known.get(origin);
      if (entry === undefined) {
        entry = { fields: compute(origin) };
        known.set(origin, entry);
      }
      return entry.fields;
    },
    preflightFields: [
      ...['Access-Control-Allow-Methods', policy.allowMethods.join(', ')],
      ...(policy.allowHeaders.length > 0
        ? ['Access-Control-Allow-Headers', policy.allowHeaders.join(', ')]
        : []),
      ...['Access-Control-Max-Age', String(policy.maxAgeSeconds)],
    ],
  };
}

function matches(pattern: WebOrigin, origin: WebOrigin): boolean {
  return (
    pattern.scheme === origin.scheme &&
    (pattern.host === '*' || pattern.host === origin.host) &&
    (pattern.port === '*' || pattern.port === origin.port)
  );
}
