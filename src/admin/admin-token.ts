import { createHash, timingSafeEqual } from 'node:crypto';
import ipaddr from 'ipaddr.js';

/** What becomes of a request by its `Authorization`; `held`: its address has guessed too often. */
export type TokenVerdict =
  | { readonly kind: 'right' | 'missing' | 'wrong' }
  | { readonly kind: 'held'; readonly retryAfterSeconds: number };

export interface TokenCheck {
  /** @param address the peer's (`peerAddress`); empty for a Unix socket, whose file says who may */
  check(authorization: string | undefined, address: string): TokenVerdict;
}

const MAX_WRONG = 10;
const WINDOW_MS = 60_000;
const MAX_ADDRESSES = 1_000;

/**
 * Compares presented tokens with the one. After ten wrong ones of an address within a minute it is not listened to until the
 * minute is over, whatever it presents then: one that was answered all the same could be found by trying.
 * @param now milliseconds that only grow
 */
export function createTokenCheck(token: string, now: () => number = () => performance.now()): TokenCheck {
  const expected = digest(Buffer.from(token));
  const wrong = new Map<string, { count: number; readonly since: number }>();

  function heldFor(key: string): number {
    const found = wrong.get(key);
    if (found === undefined) return 0;
    const left = found.since + WINDOW_MS - now();
    if (left <= 0) wrong.delete(key);
    return found.count >= MAX_WRONG ? Math.max(0, left) : 0;
  }

  function note(key: string): void {
    const found = wrong.get(key);
    if (found !== undefined) {
      found.count += 1;
      return;
    }
    // The oldest goes: who has that many addresses is not held back by what is kept of them.
    if (wrong.size >= MAX_ADDRESSES) wrong.delete(wrong.keys().next().value!);
    wrong.set(key, { count: 1, since: now() });
  }

  return {
    check(authorization, address) {
      const key = networkOf(address);
      const heldMs = key === null ? 0 : heldFor(key);
      if (heldMs > 0) return { kind: 'held', retryAfterSeconds: Math.ceil(heldMs / 1_000) };
      const presented = presentedIn(authorization);
      if (presented === null) return { kind: 'missing' };
      if (timingSafeEqual(digest(presented), expected)) return { kind: 'right' };
      if (key !== null) note(key);
      return { kind: 'wrong' };
    },
  };
}

// Any text that a field can carry, as the setting may be any (RFC 9110 §11.4; the scheme's case says nothing).
const BEARER = /^bearer +(\S.*)$/i;

// Node reads fields byte by byte.
function presentedIn(authorization: string | undefined): Buffer | null {
  const token = BEARER.exec(authorization ?? '')?.[1];
  return token === undefined ? null : Buffer.from(token, 'latin1');
}

// Digests are of one length, as the comparison in constant time needs.
function digest(token: Buffer): Buffer {
  return createHash('sha256').update(token).digest();
}

// Somebody has 2^64 addresses of IPv6, and one of IPv4.
const IPV6_NETWORK_BYTES = 8;

function networkOf(address: string): string | null {
  if (address === '') return null;
  // Those that nobody can tell apart are held together.
  if (!ipaddr.isValid(address)) return 'unknown';
  const parsed = ipaddr.process(address);
  const bytes = parsed.toByteArray();
  return (parsed.kind() === 'ipv6' ? bytes.slice(0, IPV6_NETWORK_BYTES) : bytes).join('.');
}
