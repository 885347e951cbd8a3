import type { Correlated } from '../observe/observer.ts';

const CAUSE = Symbol('cachegate.cause');

type Caused = RequestInit & { readonly [CAUSE]?: Correlated };

/** A call's settings with the request that it is made for: what it asks origins carries that one's id. */
export function causedBy(cause: Correlated, init: RequestInit | undefined): RequestInit {
  const caused: Caused = { ...init, [CAUSE]: cause };
  return caused;
}

/** `null`: nobody has said. */
export function causeOf(init: RequestInit | undefined): Correlated | null {
  return (init as Caused | undefined)?.[CAUSE] ?? null;
}
