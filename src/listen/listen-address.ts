import { isIPv4, isIPv6 } from 'node:net';
import { CachegateError } from '../errors.ts';

/** Where a server listens. A `tcp` address without `host` is every address of the machine; port 0 is any free one. */
export type ListenAddress =
  | { readonly kind: 'tcp'; readonly host: string | undefined; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string };

export const LISTEN_FORMS = 'HOST:PORT, [IPv6]:PORT, :PORT or unix:/path';

const TCP = /^(?:\[([^\]]+)\]|([^:[\]]*)):([0-9]{1,5})$/;
const UNIX = 'unix:';
const MAX_PORT = 65_535;
// The shortest of the systems' limits on a socket's name (macOS: 104 bytes, its closing NUL included).
const MAX_UNIX_PATH_BYTES = 103;

/** Reads `HOST:PORT`, `[IPv6]:PORT`, `:PORT` or `unix:/path`; `null` for anything else. */
export function parseListenAddress(text: string): ListenAddress | null {
  if (text.startsWith(UNIX)) return parseUnix(text.slice(UNIX.length));
  const match = TCP.exec(text);
  if (match === null) return null;
  const [, ipv6, name = '', digits] = match;
  const port = Number(digits);
  if (port > MAX_PORT) return null;
  if (ipv6 !== undefined) return isIPv6(ipv6) ? { kind: 'tcp', host: ipv6, port } : null;
  if (name === '') return { kind: 'tcp', host: undefined, port };
  return isHost(name) ? { kind: 'tcp', host: name, port } : null;
}

function parseUnix(path: string): ListenAddress | null {
  const fits = Buffer.byteLength(path) <= MAX_UNIX_PATH_BYTES;
  return fits && /^\/[^\0]+$/.test(path) ? { kind: 'unix', path } : null;
}

const LABEL = '[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?';
const HOST_NAME = new RegExp(`^${LABEL}(?:\\.${LABEL})*$`);
const MAX_HOST_NAME = 253;

// A name of digits and dots alone is meant as an IPv4 address.
function isHost(name: string): boolean {
  if (/^[0-9.]+$/.test(name)) return isIPv4(name);
  return name.length <= MAX_HOST_NAME && HOST_NAME.test(name);
}

export function formatListenAddress(address: ListenAddress): string {
  if (address.kind === 'unix') return `unix:${address.path}`;
  const { host = '[::]' } = address;
  if (host.includes(':') && !host.startsWith('[')) return `[${host}]:${address.port}`;
  return `${host}:${address.port}`;
}

/** @param setting where the operator chooses the address. */
export function listenError(address: ListenAddress, setting: string, error: unknown): CachegateError {
  const message = `cannot listen on ${formatListenAddress(address)}: ${reasonOf(error, setting)}`;
  return new CachegateError('ERR_SERVER_LISTEN', message, { cause: error });
}

/** Settings that are no options of the command. */
const IN_FILE: Readonly<Record<string, string>> = { admin_listen: ' in a configuration file' };

function reasonOf(error: unknown, setting: string): string {
  switch ((error as NodeJS.ErrnoException).code) {
    case 'EADDRINUSE':
      return `the address is in use; stop what listens there, or choose another with ${setting}${IN_FILE[setting] ?? ''}`;
    case 'EACCES':
      return 'permission denied; ports below 1024 need privileges';
    case 'EADDRNOTAVAIL':
      return 'this machine does not have that address';
    default:
      return (error as Error).message;
  }
}
