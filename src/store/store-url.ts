import { CachegateError } from '../errors.ts';

export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** Where Valkey or Redis listens, and as whom to connect. */
export interface ValkeyAddress {
  readonly topology: 'single' | 'sentinel' | 'cluster';
  /** The server; or some of the Sentinels, or of the Cluster's nodes. */
  readonly hosts: readonly HostPort[];
  /** What the Sentinels call the servers. */
  readonly master?: string;
  readonly tls: boolean;
  /** The number of the database. */
  readonly database: number;
  readonly username?: string;
  readonly password?: string;
}

export type StoreLocation =
  | { readonly kind: 'memory' }
  | { readonly kind: 'lmdb'; readonly path: string }
  | { readonly kind: 'kv-rest' }
  | ({ readonly kind: 'redis' } & ValkeyAddress);

const TLS_BY_SCHEME: Readonly<Record<string, boolean>> = {
  redis: false,
  valkey: false,
  rediss: true,
  valkeys: true,
};

/** What `parseStoreUrl` reads, for people. */
export const STORE_URL_FORMS =
  'memory:, lmdb:<path>, kv-rest:, redis|rediss|valkey|valkeys://[user:password@]host[:port][/database], ' +
  'or with +sentinel or +cluster after the scheme [user:password@]host[:port],host[:port]… ' +
  '(Sentinel: then /<master>[/database])';

const MAX_HOSTS = 100;
/** Scheme, topology, user and password, hosts, path. */
const SEVERAL_HOSTS =
  /^(redis|rediss|valkey|valkeys)\+(sentinel|cluster):\/\/(?:([^@/?#]*)@)?([^@/?#]*)(\/[^?#]*)?$/;

/**
 * Reads a store's URL. The port is 6379 (a Sentinel's 26379) and the database 0 where the URL names none; user and
 * password are percent-encoded.
 *
 * @throws CachegateError `ERR_CONFIG_INVALID`; its message shows no part of the URL that could be a secret.
 */
export function parseStoreUrl(text: string): StoreLocation {
  const several = SEVERAL_HOSTS.exec(text);
  if (several !== null) return severalHosts(several);
  const url = URL.canParse(text) ? new URL(text) : fail('not a URL (is the password percent-encoded?)');
  if (url.search !== '' || url.hash !== '') fail('it has a query or a fragment');
  if (url.protocol === 'lmdb:') return { kind: 'lmdb', path: lmdbPath(text) };
  if (url.protocol === 'memory:' || url.protocol === 'kv-rest:') return placeless(url);
  const tls = TLS_BY_SCHEME[url.protocol.slice(0, -1)] ?? fail('unknown scheme');
  return {
    kind: 'redis',
    topology: 'single',
    hosts: [hostOf(url, 6379)],
    tls,
    database: databaseNumber(url.pathname),
    ...credentials(url.username, url.password),
  };
}

/** The URL without user and password, for people to read; of what is no store's URL nothing is shown. */
export function redactUrl(text: string): string {
  const several = SEVERAL_HOSTS.exec(text);
  if (several !== null) return redactSeveral(several);
  if (!URL.canParse(text)) return '(not a URL)';
  const url = new URL(text);
  if (url.protocol === 'memory:' || url.protocol === 'kv-rest:') return url.protocol;
  if (url.protocol === 'lmdb:') return text;
  if (TLS_BY_SCHEME[url.protocol.slice(0, -1)] === undefined) return '(not a store URL)';
  return `${url.protocol}//${url.host}${/^\/\d+$/.test(url.pathname) ? url.pathname : ''}`;
}

function redactSeveral(match: RegExpExecArray): string {
  try {
    severalHosts(match);
  } catch {
    return '(not a store URL)';
  }
  const [, scheme, topology, , hosts, path = ''] = match;
  return `${scheme}+${topology}://${hosts}${path}`;
}

function severalHosts([, scheme, topology, user = '', hosts, path = '']: RegExpExecArray): StoreLocation {
  const common = { kind: 'redis', tls: TLS_BY_SCHEME[scheme!]!, ...userInfo(user) } as const;
  if (topology === 'cluster') {
    if (path !== '' && path !== '/') fail('a Cluster has no database but 0');
    return { ...common, topology: 'cluster', hosts: hostList(hosts!, 6379), database: 0 };
  }
  const match = /^\/([A-Za-z0-9._-]+)(\/\d{0,5})?$/.exec(path);
  const [, master, database = ''] =
    match ?? fail('no name of a master (A-Z, a-z, 0-9, ., _, -) after the Sentinels');
  return {
    ...common,
    topology: 'sentinel',
    hosts: hostList(hosts!, 26379),
    master: master!,
    database: databaseNumber(database),
  };
}

function hostList(text: string, defaultPort: number): HostPort[] {
  const hosts = text.split(',');
  if (hosts.length > MAX_HOSTS) fail(`more than ${MAX_HOSTS} hosts`);
  return hosts.map((host) => {
    const url = `redis://${host}`;
    return hostOf(URL.canParse(url) ? new URL(url) : fail('a host is none'), defaultPort);
  });
}

function hostOf(url: URL, defaultPort: number): HostPort {
  if (url.hostname === '') fail('it names no host');
  if (url.port === '0') fail('port 0 cannot be connected to');
  return {
    host: decoded(url.hostname).replace(/^\[|\]$/g, ''),
    port: url.port === '' ? defaultPort : Number(url.port),
  };
}

function userInfo(text: string): { username?: string; password?: string } {
  const colon = text.indexOf(':');
  return colon === -1 ? credentials(text, '') : credentials(text.slice(0, colon), text.slice(colon + 1));
}

function credentials(username: string, password: string): { username?: string; password?: string } {
  return {
    ...(username !== '' && { username: decoded(username) }),
    ...(password !== '' && { password: decoded(password) }),
  };
}

function placeless(url: URL): StoreLocation {
  const kind = url.protocol === 'memory:' ? 'memory' : 'kv-rest';
  if (url.host !== '' || url.pathname !== '') fail(`${kind}: takes nothing after it`);
  return { kind };
}

/** As it is written, but for the two slashes before an absolute path (`lmdb:///var/cache`). */
function lmdbPath(text: string): string {
  const path = text.slice('lmdb:'.length).replace(/^\/\/(?=\/)/, '');
  if (path === '' || path.startsWith('//')) fail('lmdb: needs a path after it');
  return path;
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
  throw new CachegateError('ERR_CONFIG_INVALID', `Bad store URL: ${problem}; accepted: ${STORE_URL_FORMS}`);
}
