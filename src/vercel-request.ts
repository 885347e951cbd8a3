/** Where Vercel's runtime keeps what belongs to the request under way. */
const REQUEST_CONTEXT = Symbol.for('@vercel/request-context');

/** What Vercel's runtime has for the code in a request. */
export interface VercelRequest {
  /** Has the platform wait for work that goes on behind the answer. */
  readonly waitUntil?: (work: Promise<unknown>) => void;
}

interface Keeper {
  get?(): VercelRequest | undefined;
}

function keeper(): Keeper | undefined {
  return (globalThis as Record<symbol, unknown>)[REQUEST_CONTEXT] as Keeper | undefined;
}

/** The request under way; `undefined` behind all of them, and where this is not Vercel. */
export function vercelRequest(): VercelRequest | undefined {
  return keeper()?.get?.();
}

/** Whether this is a function of Vercel's, by its runtime or by its environment. */
export function isOnVercel(env: NodeJS.ProcessEnv): boolean {
  return env.VERCEL === '1' || keeper() !== undefined;
}
