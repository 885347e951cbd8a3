import { isIP } from 'node:net';

// As RFC 9110 §7.2 has it, and no more: a parser of URLs reads a user before an `@`, and a path behind a backslash.
const HOST = /^(?:[\w.~-]+|\[[0-9a-f:.]+\])(?::\d*)?$/i;
const PRIVATE_NAME = /^(?:[^.]+|.+\.(?:localhost|local|internal))$/;

/**
 * Whether a request was meant for this server. A page on the web can have its own name lead to a loopback address (DNS
 * rebinding), and read and change what its visitor's machine lets it: addresses and names of private networks can't be had
 * by it.
 * @param field the request's `Host`
 * @param configured the name or address of `admin_listen`; `null` where it has none
 */
export function isOwnHost(field: string | undefined, configured: string | null): boolean {
  if (field === undefined || !HOST.test(field) || !URL.canParse(`http://${field}`)) return false;
  const { hostname } = new URL(`http://${field}`);
  const bare = hostname.replace(/^\[|\]$/g, '');
  return isIP(bare) !== 0 || bare === configured || PRIVATE_NAME.test(bare);
}
