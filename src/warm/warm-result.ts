/** What became of one URL. */
export type WarmResult =
  /** It is stored and fresh. */
  | { readonly kind: 'warmed' }
  | { readonly kind: 'failed'; readonly reason: string }
  /** Its origin is not to be asked now: again after so many milliseconds, where it says how many. */
  | { readonly kind: 'later'; readonly afterMs: number | null; readonly reason: string };
