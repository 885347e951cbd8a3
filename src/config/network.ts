import * as z from 'zod';
import { LISTEN_FORMS, parseListenAddress } from '../listen/listen-address.ts';
import { STORE_URL_FORMS } from '../store/store-url.ts';
import { accepts } from './accepted.ts';
import { formed } from './scalars.ts';
import { readForm } from './text-forms.ts';

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
  return formed('store-url', `none:, ${STORE_URL_FORMS}`);
}

export function httpUrl() {
  return formed('http-url', 'an http or https URL without credentials, query or fragment');
}

const PATH_FORM = 'a path that begins with / (no query, no empty or dot segments)';

export function path() {
  return formed('path', PATH_FORM);
}

/** A path prefix, kept without its closing slash: `/api/` and `/api` are one prefix. */
export function pathPrefix() {
  const prefix = path().transform((found) => String(readForm('path-prefix', found)));
  return accepts(prefix, PATH_FORM, 'path-prefix');
}

export function network() {
  return formed('network', 'an IP address or a CIDR such as 10.0.0.0/8');
}

export function webOrigin() {
  const forms = 'scheme://host[:port] in lower case, * for any host (not of http or https) or any port';
  return formed('web-origin', `a web origin: ${forms}`);
}
