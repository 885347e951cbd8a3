import { CachegateError } from '../errors.ts';

/** Where to listen: a TCP address (every address of the machine without a host), or a Unix socket's path. */
export type ListenAddress =
  | { readonly kind: 'tcp'; readonly host: string | undefined; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string };

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

function reasonOf(error: unknown, setting: string): string {
  switch ((error as NodeJS.ErrnoException).code) {
    case 'EADDRINUSE':
      return `the address is in use; stop what listens there, or choose another with ${setting}`;
    case 'EACCES':
      return 'permission denied; ports below 1024 need privileges';
    case 'EADDRNOTAVAIL':
      return 'this machine does not have that address';
    default:
      return (error as Error).message;
  }
}
