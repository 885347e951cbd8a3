/** Conditions and ranges of the client's own, which a cache that wants the whole response leaves out. */
export const PARTIAL_FIELDS: ReadonlySet<string> = new Set([
  'if-match',
  'if-none-match',
  'if-modified-since',
  'if-unmodified-since',
  'if-range',
  'range',
]);
