export type Fetch = typeof globalThis.fetch;

/**
 * The platform's own `fetch` behind what stands in its place: Next.js puts one there that keeps what it was answered, and
 * would answer for origins and authorities.
 */
export function ownFetch(found: Fetch): Fetch {
  return (found as Fetch & { readonly _nextOriginalFetch?: Fetch })._nextOriginalFetch ?? found;
}

/** The platform's own `fetch`, as it stands when it is asked. */
export const platformFetch: Fetch = (input, init) => ownFetch(globalThis.fetch)(input, init);
