const HTTP = /^https?:\/\/[^\s?#\\]+$/i;

/** An http or https URL without credentials, query or fragment. */
export function isHttpUrl(text: string): boolean {
  if (!HTTP.test(text) || !URL.canParse(text)) return false;
  const { username, password } = new URL(text);
  return username === '' && password === '';
}

const SERVER = /^(?:redis|valkey)s?:\/\/[^\s?#\\]+$/;
const DATABASE = /^(?:\/[0-9]{0,5})?$/;

/** `memory:`, `none:`, or `(redis|rediss|valkey|valkeys)://[user:password@]host[:port][/database]`. */
export function isStoreUrl(text: string): boolean {
  if (text === 'memory:' || text === 'none:') return true;
  if (!SERVER.test(text) || !URL.canParse(text)) return false;
  const { hostname, pathname } = new URL(text);
  return hostname !== '' && DATABASE.test(pathname);
}

const PATH = /^\/[A-Za-z0-9\-._~!$&'()*+,;=:@%/]*$/;
const DOT_SEGMENT = /(?:^|\/)(?:\.|%2e){1,2}(?:\/|$)/i;
const BAD_ENCODING = /%(?![0-9A-Fa-f]{2})/;

/** An absolute path (RFC 3986, section 3.3) without empty or dot segments; a closing slash is allowed. */
export function isPath(text: string): boolean {
  return PATH.test(text) && !text.includes('//') && !DOT_SEGMENT.test(text) && !BAD_ENCODING.test(text);
}
