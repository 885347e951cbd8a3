/** One clause of the cache, broken by an exact replacement in its source. */
export interface Mutation {
  readonly name: string;
  /** In src/. */
  readonly file: string;
  /** Stands exactly once in the file. */
  readonly from: string;
  readonly to: string;
}

/** Those that every run of the tests tries. */
export const everyday: readonly Mutation[] = [
  {
    name: 'Vary is ignored (RFC 9111 §4.1)',
    file: 'engine/assessment.ts',
    from: "nominatedFields(fieldValue(response.fields, 'vary'))",
    to: 'nominatedFields(undefined)',
  },
  {
    name: 'max-age goes before s-maxage (§5.2.2.10)',
    file: 'engine/lifetime.ts',
    from: 'directives.sMaxageSeconds ?? directives.maxAgeSeconds',
    to: 'directives.maxAgeSeconds ?? directives.sMaxageSeconds',
  },
  {
    name: 'Age does not count (§4.2.3)',
    file: 'engine/age.ts',
    from: 'ageValueMs(response) + responseDelay',
    to: 'responseDelay',
  },
  {
    name: 'the delay of the response does not count (§4.2.3)',
    file: 'engine/age.ts',
    from: 'ageValueMs(response) + responseDelay',
    to: 'ageValueMs(response)',
  },
  {
    name: 'must-revalidate is ignored (§5.2.2.2)',
    file: 'engine/assessment.ts',
    from: 'directives.mustRevalidate || directives.proxyRevalidate',
    to: 'directives.proxyRevalidate',
  },
  {
    name: 'no-cache is reused (§5.2.2.4)',
    file: 'engine/assessment.ts',
    from: 'const noCache = directives.noCache === true;',
    to: 'const noCache = false;',
  },
  {
    name: 'no-store is stored (§5.2.2.5)',
    file: 'engine/storability.ts',
    from: "else if (directives.noStore) return 'no-store';",
    to: '',
  },
  {
    name: 'private is stored (§5.2.2.7)',
    file: 'engine/storability.ts',
    from: 'directives.private === true || ',
    to: '',
  },
  {
    name: 'answers to Authorization are shared (§3.5)',
    file: 'engine/storability.ts',
    from: 'return directives.public || directives.mustRevalidate || directives.sMaxageSeconds !== undefined;',
    to: 'return true;',
  },
  {
    name: 'a cookie is stored in safe mode (§7.3)',
    file: 'engine/storability.ts',
    from: '!keepsCookies && ',
    to: 'false && ',
  },
  {
    name: 'a 304 updates no field (§4.3.4)',
    file: 'engine/validation.ts',
    from: 'fields: replaceFields(lasting, update), requestAt',
    to: 'fields: stored.fields, requestAt',
  },
  {
    name: 'a 304 updates Content-Length (§3.2)',
    file: 'engine/validation.ts',
    from: 'withoutFields(endToEndFields(validating.fields), notUpdated)',
    to: 'endToEndFields(validating.fields)',
  },
  {
    name: 'unsafe methods invalidate nothing (§4.4)',
    file: 'engine/invalidation.ts',
    from: 'if (SAFE_METHODS.has(method) || ',
    to: 'if (true || ',
  },
  {
    name: 'If-Range is ignored (RFC 9110 §13.1.5)',
    file: 'engine/portion.ts',
    from: 'condition !== undefined && !namesRepresentation',
    to: 'condition === null && !namesRepresentation',
  },
  {
    name: 'parts without a strong validator are combined (RFC 9110 §15.3.7.3)',
    file: 'engine/portion.ts',
    from: 'return tag !== undefined && otherTag !== undefined && strongMatch(tag, otherTag);',
    to: 'return true;',
  },
  {
    name: 'a request’s no-cache is ignored (§5.2.1.4)',
    file: 'engine/decision.ts',
    from: 'asked.noCache !== false || isTooOld',
    to: 'isTooOld',
  },
  {
    name: 'only-if-cached is ignored (§5.2.1.7)',
    file: 'engine/decision.ts',
    from: 'if (asked?.onlyIfCached) return UNSATISFIED;',
    to: '',
  },
];

/** All; the soak tries them with more seeds. */
export const mutations: readonly Mutation[] = [
  ...everyday,
  {
    name: 'Expires that is no date lies in the future (§5.3)',
    file: 'engine/lifetime.ts',
    from: 'Number.NEGATIVE_INFINITY',
    to: 'Number.MAX_SAFE_INTEGER',
  },
  {
    name: 'every status may be given a guessed lifetime (§4.2.2)',
    file: 'engine/lifetime.ts',
    from: 'HEURISTICALLY_CACHEABLE.has(response.status) || stated.directives.public',
    to: 'true',
  },
  {
    name: 'Date does not count (§4.2.3)',
    file: 'engine/age.ts',
    from: 'Math.max(apparentAge, ',
    to: 'Math.max(0, ',
  },
  {
    name: 'a private field is shared (§5.2.2.7)',
    file: 'response-cache/fill.ts',
    from: 'sharedFields: withoutFields(endToEndFields(response.fields), new Set(withheld))',
    to: 'sharedFields: endToEndFields(response.fields)',
  },
  {
    name: 'must-understand lets any status be stored (§5.2.2.3)',
    file: 'engine/storability.ts',
    from: "if (!UNDERSTOOD.has(response.status)) return 'status';",
    to: '',
  },
  {
    name: 'a targeted field is ignored (RFC 9213 §2.2)',
    file: 'engine/response-directives.ts',
    from: 'if (directives !== undefined) return',
    to: 'if (directives === null) return',
  },
  {
    name: 'a 304 about another representation freshens (§4.3.4)',
    file: 'engine/validation.ts',
    from: 'return tag.weak ? weakMatch(tag, storedTag) : strongMatch(tag, storedTag);',
    to: 'return true;',
  },
  {
    name: 'a HEAD that disagrees changes nothing (§4.3.5)',
    file: 'engine/validation.ts',
    from: 'if (length !== undefined && Number(length) !== contentLength) return false;',
    to: 'if (length !== undefined) return true;',
  },
  {
    name: 'Location is not invalidated (§4.4)',
    file: 'engine/invalidation.ts',
    from: "of ['location', 'content-location']",
    to: "of ['content-location']",
  },
  {
    name: 'a request’s max-age is ignored (§5.2.1.1)',
    file: 'engine/decision.ts',
    from: 'return currentAgeMs(assessment, now) > asked.maxAgeSeconds * 1000;',
    to: 'return false;',
  },
  {
    name: 'a request’s min-fresh is ignored (§5.2.1.3)',
    file: 'engine/decision.ts',
    from: 'remainingMs < asked.minFreshSeconds * 1000',
    to: 'false',
  },
  {
    name: 'max-stale counts more than must-revalidate (§4.2.4)',
    file: 'engine/decision.ts',
    from: 'asked.maxStaleSeconds === undefined || assessment.mustRevalidate',
    to: 'asked.maxStaleSeconds === undefined',
  },
  {
    name: 'stale-while-revalidate has no end (RFC 5861 §3)',
    file: 'engine/decision.ts',
    from: 'return -remainingMs < assessment.staleWhileRevalidateMs ?',
    to: 'return assessment.staleWhileRevalidateMs > 0 ?',
  },
  {
    name: 'stale-if-error has no end (RFC 5861 §4)',
    file: 'engine/decision.ts',
    from: 'return stalenessMs < Math.max(',
    to: 'return 0 < Math.max(',
  },
  {
    name: 'of two variants the older is used (§4)',
    file: 'response-cache/lookup.ts',
    from: 'originatedAt(response) > originatedAt(than.response)',
    to: 'originatedAt(response) < originatedAt(than.response)',
  },
  {
    name: 'what was under way at an invalidation is not marked (§4.4)',
    file: 'response-cache/fills.ts',
    from: 'each.outdated = true',
    to: 'each.outdated = false',
  },
  {
    name: 'what arrives after an invalidation is stored (§4.4)',
    file: 'response-cache/saver.ts',
    from: 'key, bytes, ttlMs, { group: base, fence, tags })',
    to: 'key, bytes, ttlMs, { group: base, tags })',
  },
];
