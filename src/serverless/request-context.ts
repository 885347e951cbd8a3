/** What a platform hands over with a request: each has other parts of it. */
export interface PlatformContext {
  /** Keeps the instance alive until the work is done (Vercel, Netlify, workers). */
  waitUntil?(work: Promise<unknown>): void;
  /** The address of the connection's other end. */
  readonly peer?: string;
  /** The same where the platform calls it so (Netlify). */
  readonly ip?: string;
  /** The same of `Deno.serve`. */
  readonly remoteAddr?: { readonly hostname?: string };
  /** The same of `Bun.serve`, which hands its server over. */
  requestIP?(request: Request): { readonly address: string } | null;
}

/** Keeps an instance alive; what it is given never rejects. */
export type WaitUntil = (work: Promise<unknown>) => void;

export interface RequestContext {
  /** `null`: the process goes on by itself. */
  readonly waitUntil: WaitUntil | null;
  /** The address of the connection's other end; empty where nobody says it. */
  readonly peer: string;
}

/** Reads what is known of a request beside itself. */
export type ReadContext = (request: Request, context: unknown) => RequestContext;

/** The context of a platform that hands one over as the second argument; anything else there is none. */
export function readPlatformContext(request: Request, given: unknown): RequestContext {
  const context = typeof given === 'object' && given !== null ? (given as PlatformContext) : {};
  return {
    waitUntil: typeof context.waitUntil === 'function' ? (work) => context.waitUntil!(work) : null,
    peer: peerOf(request, context),
  };
}

function peerOf(request: Request, context: PlatformContext): string {
  if (typeof context.peer === 'string') return context.peer;
  if (typeof context.ip === 'string') return context.ip;
  if (typeof context.remoteAddr?.hostname === 'string') return context.remoteAddr.hostname;
  if (typeof context.requestIP === 'function') return context.requestIP(request)?.address ?? '';
  return '';
}
