// What the suite asks of every fetch, since it takes the cache for one behind it; in a client's own it would go past it.
const PAST_A_CACHE = { cache: 'no-store', fields: ['Pragma foo', 'Cache-Control nothing-to-see-here'] };

/** A request of the suite's as it is for who is the cache. */
export function withoutPassing({ cache, headers = [], ...init } = {}) {
  const asked = headers.filter((field) => !PAST_A_CACHE.fields.includes(field.join(' ')));
  return { ...init, headers: asked, ...(cache !== PAST_A_CACHE.cache && { cache }) };
}
