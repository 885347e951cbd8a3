/** A web origin (RFC 6454 §6.2), or a pattern of some. */
export interface WebOrigin {
  readonly scheme: string;
  /** `*`: any host. */
  readonly host: string;
  /** Empty for the scheme's own port; `*`: any port. */
  readonly port: string;
}

// RFC 6454 §6.2, serialised origin: scheme, "://", host, optional port; nothing before or after.
const ORIGIN = /^([a-z][a-z0-9+.-]*):\/\/(\[[0-9a-f:.]+\]|[a-z0-9._-]+|\*)(?::([0-9]{1,5}|\*))?$/;
const MAX_ORIGIN_LENGTH = 512;

/** Reads `scheme://host[:port]`; `null` for anything else. `*` for host or port only where `wildcards` says so. */
export function parseWebOrigin(text: string, wildcards: boolean): WebOrigin | null {
  if (text.length > MAX_ORIGIN_LENGTH) return null;
  const match = ORIGIN.exec(text);
  if (match === null) return null;
  const [, scheme, host, port = ''] = match as unknown as [string, string, string, string | undefined];
  if (!wildcards && (host === '*' || port === '*')) return null;
  return { scheme, host, port: port === DEFAULT_PORTS[scheme] ? '' : port };
}

// A browser leaves it out (RFC 6454 §6.2), so a pattern means the same with it.
const DEFAULT_PORTS: Readonly<Record<string, string>> = { http: '80', https: '443' };
