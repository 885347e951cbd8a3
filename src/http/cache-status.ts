/** Why a request was forwarded (RFC 9211 §2.2). */
export type ForwardReason =
  | 'bypass'
  | 'method'
  | 'uri-miss'
  | 'vary-miss'
  | 'miss'
  | 'request'
  | 'stale'
  | 'partial';

/** How a cache handled a request: one member of `Cache-Status` (RFC 9211 §2). */
export type CacheStatus = (Hit | Forwarded) & {
  /** Freshness left, in whole seconds; below 0 when stale. */
  readonly ttl?: number;
  readonly key?: string;
  readonly detail?: string;
};

interface Hit {
  readonly hit: true;
}

interface Forwarded {
  readonly hit: false;
  /** Absent where the cache answered without a stored response and without asking anyone. */
  readonly fwd?: ForwardReason;
  /** What the next hop answered. */
  readonly fwdStatus?: number;
  readonly stored?: boolean;
  /** Answered by the response to another request. */
  readonly collapsed?: boolean;
}

/** The value of `Cache-Status`: a list of one item with parameters (RFC 8941 §4.1). */
export function formatCacheStatus(cacheName: string, status: CacheStatus): string {
  let text = tokenOrString(cacheName);
  text += status.hit ? '; hit' : forwarding(status);
  if (status.ttl !== undefined) text += `; ttl=${Math.trunc(status.ttl)}`;
  if (status.key !== undefined) text += `; key=${string(status.key)}`;
  if (status.detail !== undefined) text += `; detail=${tokenOrString(status.detail)}`;
  return text;
}

function forwarding({ fwd, fwdStatus, stored, collapsed }: Forwarded): string {
  let text = fwd === undefined ? '' : `; fwd=${fwd}`;
  if (fwdStatus !== undefined) text += `; fwd-status=${fwdStatus}`;
  if (stored === true) text += '; stored';
  if (collapsed === true) text += '; collapsed';
  return text;
}

const TOKEN = /^[A-Za-z*][!#$%&'*+.^_`|~0-9A-Za-z:/-]*$/;

function tokenOrString(value: string): string {
  return TOKEN.test(value) ? value : string(value);
}

// A string holds printable ASCII only; what else there is becomes a question mark.
function string(value: string): string {
  return `"${value.replace(/[^\x20-\x7e]/g, '?').replace(/["\\]/g, '\\$&')}"`;
}
