import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import { parseWebOrigin } from '../http/web-origin.ts';
import { isHttpUrl, isPath, isStoreUrl } from './urls.ts';

// Apart from the schema, so that a function can check its variables without loading that.

interface Form {
  readonly accepts: (text: string) => boolean;
  /** What it is kept as, where that is not the text itself. */
  readonly read?: (text: string) => unknown;
}

/** What a text can be held against that no pattern describes, by a name that a compiled configuration can have in it. */
const FORMS = {
  'http-url': { accepts: isHttpUrl },
  'jwks-url': { accepts: isJwksUrl },
  'store-url': { accepts: isStoreUrl },
  'function-store': { accepts: isFunctionStore },
  path: { accepts: isPath },
  // `/api/` and `/api` are one prefix.
  'path-prefix': {
    accepts: isPath,
    read: (text: string) => (text === '/' ? text : text.replace(/\/$/, '')),
  },
  network: { accepts: isNetwork },
  'web-origin': { accepts: isWebOrigin },
  'exact-origin': { accepts: (text: string) => !text.includes('*') && isWebOrigin(text) },
  statuses: { accepts: isStatusRange },
} satisfies Record<string, Form>;

export type TextForm = keyof typeof FORMS;

export function isOfForm(form: TextForm, text: string): boolean {
  return Object.hasOwn(FORMS, form) && FORMS[form].accepts(text);
}

export function readForm(form: TextForm, text: string): unknown {
  const { read }: Form = FORMS[form];
  return read === undefined ? text : read(text);
}

export const FUNCTION_STORES = 'kv-rest:, memory: or none:, which are the stores that a function can use';

/** A function has no connection that outlives a request, and no disk. */
export function isFunctionStore(text: string): boolean {
  return text === 'kv-rest:' || text === 'memory:' || text === 'none:';
}

// ipaddr.js also reads the old short forms ("10.1"), which nobody means in a list of proxies.
function isNetwork(found: string): boolean {
  const [address = '', bits] = found.split('/', 2);
  if (isIP(address) === 0 || address.includes('%')) return false;
  return bits === undefined || ipaddr.isValidCIDR(found);
}

const WEB_SCHEMES = new Set(['http', 'https']);

function isWebOrigin(found: string): boolean {
  const origin = parseWebOrigin(found, true);
  return origin !== null && !(WEB_SCHEMES.has(origin.scheme) && origin.host === '*');
}

// An issuer may well serve its keys under a query.
function isJwksUrl(found: string): boolean {
  if (!/^https?:\/\//.test(found) || !URL.canParse(found) || found.includes('#')) return false;
  const { username, password } = new URL(found);
  return username === '' && password === '';
}

const RANGE = /^([1-5][0-9]{2})(?:-([1-5][0-9]{2}))?$/;

function isStatusRange(found: string): boolean {
  const [, first = '', last = first] = RANGE.exec(found) ?? [];
  return first !== '' && first <= last;
}
