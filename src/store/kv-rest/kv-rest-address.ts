import { CachegateError } from '../../errors.ts';

/** Where a service of Redis commands over HTTP is, and what it lets in by. */
export interface KvRestAddress {
  /** http or https, without credentials. */
  readonly url: string;
  readonly token: string;
}

const VARIABLES = [
  ['KV_REST_API_URL', 'KV_REST_API_TOKEN', 'KV_REST_API_READ_ONLY_TOKEN'],
  ['UPSTASH_REDIS_REST_URL', 'UPSTASH_REDIS_REST_TOKEN', null],
] as const;

/**
 * The address that the environment names: Vercel's variables, or else Upstash's.
 *
 * @param use who only reads takes the token for that, if one is set.
 * @throws CachegateError `ERR_CONFIG_INVALID` that names the variable to set; no value is shown.
 */
export function kvRestFromEnvironment(
  env: Readonly<Record<string, string | undefined>>,
  use: 'all' | 'reading' = 'all',
): KvRestAddress {
  const set = (name: string | null) => (name === null ? '' : (env[name]?.trim() ?? ''));
  for (const [urlName, writingName, readingName] of VARIABLES) {
    const url = set(urlName);
    const onlyReads = use === 'reading' && url !== '' && set(readingName) !== '';
    const tokenName = onlyReads ? readingName! : writingName;
    const token = set(tokenName);
    if (url === '' && token === '') continue;
    if (url === '') fail(`${tokenName} is set, but not ${urlName}`);
    if (token === '') fail(`${urlName} is set, but not ${tokenName}`);
    return checkAddress({ url, token }, urlName, tokenName);
  }
  const [[url, token], [otherUrl, otherToken]] = VARIABLES;
  return fail(`set ${url} and ${token}, or ${otherUrl} and ${otherToken}`);
}

/** @throws CachegateError `ERR_CONFIG_INVALID` that calls the parts by the given names. */
export function checkAddress(
  { url, token }: KvRestAddress,
  urlName = 'url',
  tokenName = 'token',
): KvRestAddress {
  const parsed = URL.canParse(url) ? new URL(url) : fail(`${urlName} is not a URL`);
  if (parsed.protocol !== 'https:' && parsed.protocol !== 'http:')
    fail(`${urlName} is not an http or https URL`);
  if (parsed.username !== '' || parsed.password !== '') fail(`${urlName} has a user or a password in it`);
  if (parsed.search !== '' || parsed.hash !== '') fail(`${urlName} has a query or a fragment`);
  if (!/^[\x21-\x7e]+$/.test(token)) fail(`${tokenName} is empty, or has characters that a token can't have`);
  return { url: parsed.href.replace(/\/+$/, ''), token };
}

function fail(problem: string): never {
  throw new CachegateError('ERR_CONFIG_INVALID', `Bad kv-rest store: ${problem}`);
}
