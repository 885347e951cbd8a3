import { createHash, timingSafeEqual } from 'node:crypto';
import { bearerToken } from '../http/bearer-token.ts';
import { createClientAllowance } from './client-address.ts';
import type { GateRequest } from './request.ts';

export interface PurgeAccessOptions {
  /** Addresses and CIDRs whose clients need no token. */
  readonly addresses: readonly string[];
  /** `null`: only an address lets in. */
  readonly token: string | null;
  readonly trustedProxies: readonly string[];
}

export interface PurgeRefusal {
  /** The client's. */
  readonly address: string;
  /** What was lacking, for the log. */
  readonly reason: string;
}

/** Who may purge: `null` for a request that may. */
export type PurgeAccess = (request: Pick<GateRequest, 'peer' | 'field'>) => PurgeRefusal | null;

/** Lets in whoever comes from one of the addresses, or has the token. */
export function createPurgeAccess({ addresses, token, trustedProxies }: PurgeAccessOptions): PurgeAccess {
  const allowance = createClientAllowance(trustedProxies, addresses);
  const expected = token === null ? null : digest(token);
  return (request) => {
    const presented = bearerToken(request.field('authorization'));
    // Digests are of one length, as the comparison in constant time needs.
    if (presented !== null && expected !== null && timingSafeEqual(digest(presented), expected)) return null;
    const { address, allowed } = allowance(request.peer, request.field('x-forwarded-for'));
    const isPage = request.field('origin') !== undefined;
    // An address vouches for the programs there, not for the pages that a browser there shows.
    if (allowed && !isPage) return null;
    return { address, reason: reasonOf(presented !== null, allowed) };
  };
}

function reasonOf(hasToken: boolean, allowed: boolean): string {
  if (hasToken) return 'wrong token';
  return allowed ? 'a web page' : 'address not allowed';
}

function digest(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
