import { parseStoreUrl } from '../store/store-url.ts';

const HTTP = /^https?:\/\/[^\s?#\\]+$/i;

/** An http or https URL without credentials, query or fragment. */
export function isHttpUrl(text: string): boolean {
  if (!HTTP.test(text) || !URL.canParse(text)) return false;
  const { username, password } = new URL(text);
  return username === '' && password === '';
}

const STORE_SCHEME = /^(?:memory|lmdb|kv-rest|(?:redis|valkey)s?(?:\+(?:sentinel|cluster))?):[^\s\\]*$/;

/** `none:`, or what `parseStoreUrl` reads; in lower case and without white space, which a URL parser would let pass. */
export function isStoreUrl(text: string): boolean {
  if (text === 'none:') return true;
  if (!STORE_SCHEME.test(text)) return false;
  try {
    parseStoreUrl(text);
    return true;
  } catch {
    return false;
  }
}

const PATH = /^\/[A-Za-z0-9\-._~!$&'()*+,;=:@%/]*$/;
const DOT_SEGMENT = /(?:^|\/)(?:\.|%2e){1,2}(?:\/|$)/i;
const BAD_ENCODING = /%(?![0-9A-Fa-f]{2})/;

/** An absolute path (RFC 3986, section 3.3) without empty or dot segments; a closing slash is allowed. */
export function isPath(text: string): boolean {
  return PATH.test(text) && !text.includes('//') && !DOT_SEGMENT.test(text) && !BAD_ENCODING.test(text);
}
