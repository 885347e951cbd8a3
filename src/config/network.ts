import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import * as z from 'zod';
import { parseWebOrigin } from '../http/web-origin.ts';
import { LISTEN_FORMS, parseListenAddress } from '../listen/listen-address.ts';
import { STORE_URL_FORMS } from '../store/store-url.ts';
import { accepts } from './accepted.ts';
import { text } from './scalars.ts';
import { isHttpUrl, isPath, isStoreUrl } from './urls.ts';

export function listenAddress() {
  const address = z.string().transform((found, context) => {
    const parsed = parseListenAddress(found);
    if (parsed !== null) return parsed;
    context.addIssue({ code: 'custom', message: LISTEN_FORMS });
    return z.NEVER;
  });
  return accepts(address, LISTEN_FORMS);
}

export function storeUrl() {
  return text(isStoreUrl, `none:, ${STORE_URL_FORMS}`);
}

export function httpUrl() {
  return text(isHttpUrl, 'an http or https URL without credentials, query or fragment');
}

export function path() {
  return text(isPath, 'a path that begins with / (no query, no empty or dot segments)');
}

/** A path prefix, kept without its closing slash: `/api/` and `/api` are one prefix. */
export function pathPrefix() {
  return path().transform((prefix) => (prefix === '/' ? prefix : prefix.replace(/\/$/, '')));
}

export function network() {
  return text(isNetwork, 'an IP address or a CIDR such as 10.0.0.0/8');
}

// ipaddr.js also reads the old short forms ("10.1"), which nobody means in a list of proxies.
function isNetwork(found: string): boolean {
  const [address = '', bits] = found.split('/', 2);
  if (isIP(address) === 0 || address.includes('%')) return false;
  return bits === undefined || ipaddr.isValidCIDR(found);
}

export function webOrigin() {
  const forms = 'scheme://host[:port] in lower case, * for any host (not of http or https) or any port';
  return text(isWebOrigin, `a web origin: ${forms}`);
}

const WEB_SCHEMES = new Set(['http', 'https']);

function isWebOrigin(found: string): boolean {
  const origin = parseWebOrigin(found, true);
  return origin !== null && !(WEB_SCHEMES.has(origin.scheme) && origin.host === '*');
}
