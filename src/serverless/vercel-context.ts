import { type VercelRequest, vercelRequest } from '../vercel-request.ts';
import {
  type ReadContext,
  type RequestContext,
  readPlatformContext,
  type WaitUntil,
} from './request-context.ts';

/**
 * Vercel's context. Its proxy overwrites `X-Real-IP` and `X-Forwarded-For` with the address that has connected to it, so
 * that nobody can send them from outside; where the function runs elsewhere they are anybody's claim, and are not read.
 */
export function createReadVercelContext(env: NodeJS.ProcessEnv): ReadContext {
  return (request, given): RequestContext => {
    const { waitUntil, peer } = readPlatformContext(request, given);
    const vercel = vercelRequest();
    const isVercel = vercel !== undefined || env.VERCEL === '1';
    return {
      waitUntil: waitUntil ?? waitUntilOf(vercel),
      peer: peer === '' && isVercel ? connectedAddress(request) : peer,
    };
  };
}

function waitUntilOf(context: VercelRequest | undefined): WaitUntil | null {
  return typeof context?.waitUntil === 'function' ? (work) => context.waitUntil!(work) : null;
}

function connectedAddress({ headers }: Request): string {
  const real = headers.get('x-real-ip') ?? headers.get('x-forwarded-for')?.split(',')[0];
  return real?.trim() ?? '';
}
