import { CachegateError } from '../errors.ts';

/** Where a Valkey or Redis server listens, and as whom to connect. */
export interface ValkeyAddress {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  /** The number of the database. */
  readonly database: number;
  readonly username?: string;
  readonly password?: string;
}

export type StoreLocation = { readonly kind: 'memory' } | ({ readonly kind: 'redis' } & ValkeyAddress);

const TLS_BY_SCHEME: Readonly<Record<string, boolean>> = {
  'redis:': false,
  'valkey:': false,
  'rediss:': true,
  'valkeys:': true,
};

const ACCEPTED = 'memory: or redis|rediss|valkey|valkeys://[user:password@]host[:port][/database]';

/**
 * Reads a store's URL. The port is 6379 and the database 0 where the URL names none; user and password are
 * percent-encoded.
 *
 * @throws CachegateError `ERR_CONFIG_INVALID`; its message shows no part of the URL that could be a secret.
 */
export function parseStoreUrl(text: string): StoreLocation {
  const url = URL.canParse(text) ? new URL(text) : fail('not a URL (is the password percent-encoded?)');
  if (url.search !== '' || url.hash !== '') fail('it has a query or a fragment');
  if (url.protocol === 'memory:') return memoryLocation(url);
  const tls = TLS_BY_SCHEME[url.protocol] ?? fail('unknown scheme');
  if (url.hostname === '') fail('it names no host');
  if (url.port === '0') fail('port 0 cannot be connected to');
  return {
    kind: 'redis',
    host: decoded(url.hostname).replace(/^\[|\]$/g, ''),
    port: url.port === '' ? 6379 : Number(url.port),
    tls,
    database: databaseNumber(url.pathname),
    ...(url.username !== '' && { username: decoded(url.username) }),
    ...(url.password !== '' && { password: decoded(url.password) }),
  };
}

/** The URL without user and password, for people to read; of what is no store's URL nothing is shown. */
export function redactUrl(text: string): string {
  if (!URL.canParse(text)) return '(not a URL)';
  const url = new URL(text);
  if (url.protocol === 'memory:') return 'memory:';
  if (TLS_BY_SCHEME[url.protocol] === undefined) return '(not a store URL)';
  return `${url.protocol}//${url.host}${/^\/\d+$/.test(url.pathname) ? url.pathname : ''}`;
}

function memoryLocation(url: URL): StoreLocation {
  if (url.host !== '' || url.pathname !== '') fail('memory: takes nothing after it');
  return { kind: 'memory' };
}

function databaseNumber(path: string): number {
  const match = /^\/?(\d{0,5})$/.exec(path);
  return match === null ? fail('the database is not a number from 0') : Number(match[1]);
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return fail('a % in it is not followed by two hexadecimal digits');
  }
}

function fail(problem: string): never {
  throw new CachegateError('ERR_CONFIG_INVALID', `Bad store URL: ${problem}; accepted: ${ACCEPTED}`);
}
