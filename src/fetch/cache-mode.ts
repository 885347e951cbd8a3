/** How a caller of `fetch` wants the cache to be used (Fetch standard, request cache mode). */
export type CacheMode = Request['cache'];

interface Directives {
  /** What the mode is to a cache, as `Cache-Control` of a request (RFC 9111 §5.2.1). */
  readonly here: string | null;
  /** What of it the origin is told, and all that is in between. */
  readonly onTheWay: string | null;
}

const DIRECTIVES: Readonly<Record<CacheMode, Directives>> = {
  default: { here: null, onTheWay: null },
  'no-store': { here: 'no-store', onTheWay: 'no-cache' },
  reload: { here: 'no-cache', onTheWay: 'no-cache' },
  'no-cache': { here: 'no-cache', onTheWay: 'max-age=0' },
  'force-cache': { here: 'max-stale', onTheWay: null },
  'only-if-cached': { here: 'max-stale, only-if-cached', onTheWay: null },
};

/** A request's `Cache-Control` with that of its mode; `null`: none. */
export function directivesOf(mode: CacheMode, place: keyof Directives, own: string | null): string | null {
  const ofMode = DIRECTIVES[mode][place];
  return own === null || ofMode === null ? (own ?? ofMode) : `${own}, ${ofMode}`;
}
