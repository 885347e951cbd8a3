import {
  type ReadContext,
  type RequestContext,
  readPlatformContext,
  type WaitUntil,
} from './request-context.ts';

/** Where Vercel's runtime keeps what belongs to the request under way. */
const REQUEST_CONTEXT = Symbol.for('@vercel/request-context');

interface VercelRequestContext {
  readonly waitUntil?: WaitUntil;
}

/**
 * Vercel's context. Its proxy overwrites `X-Real-IP` and `X-Forwarded-For` with the address that has connected to it, so
 * that nobody can send them from outside; where the function runs elsewhere they are anybody's claim, and are not read.
 */
export function createReadVercelContext(env: NodeJS.ProcessEnv): ReadContext {
  return (request, given): RequestContext => {
    const { waitUntil, peer } = readPlatformContext(request, given);
    const vercel = requestContext();
    const isVercel = vercel !== undefined || env.VERCEL === '1';
    return {
      waitUntil: waitUntil ?? waitUntilOf(vercel),
      peer: peer === '' && isVercel ? connectedAddress(request) : peer,
    };
  };
}

function requestContext(): VercelRequestContext | undefined {
  const keeper = (globalThis as Record<symbol, unknown>)[REQUEST_CONTEXT] as
    | { get?(): VercelRequestContext | undefined }
    | undefined;
  return keeper?.get?.();
}

function waitUntilOf(context: VercelRequestContext | undefined): WaitUntil | null {
  return typeof context?.waitUntil === 'function' ? (work) => context.waitUntil!(work) : null;
}

function connectedAddress({ headers }: Request): string {
  const real = headers.get('x-real-ip') ?? headers.get('x-forwarded-for')?.split(',')[0];
  return real?.trim() ?? '';
}
