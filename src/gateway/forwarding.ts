import { withoutCookies } from '../http/cookie.ts';
import { connectionOptions, endToEndFields, type FieldList, fieldValue } from '../http/fields.ts';
import { usableRequestId, usableTraceparent } from './correlation.ts';
import type { GateRequest } from './request.ts';

/** What of a client's request a service's origin is to see. */
export interface ForwardingPolicy {
  /** `all`, or the lower-case names of the only fields passed on. */
  readonly fields: 'all' | readonly string[];
  readonly cookies: boolean;
  readonly authorization: boolean;
  /** The client's `Origin`; not where the gate speaks CORS itself. */
  readonly webOrigin: boolean;
  /** The gate's own credentials, which never leave it. */
  readonly sessionCookie: string | null;
  readonly sessionField: string | null;
  /** Fields set on every request, in the place of the client's. */
  readonly ownFields: Readonly<Record<string, string>>;
  /** Whether a client's `Cache-Control` and `Pragma` count; not where caching is forced. */
  readonly requestDirectives: boolean;
  /** Whether the origin is told that its `Surrogate-Control` is understood here. By default not. */
  readonly surrogate?: boolean | undefined;
}

export interface Forwarding {
  /** A field of the client's request as the origin would see it. */
  field(request: GateRequest, lowerName: string): string | undefined;
  /** The fields of the request to the origin, `skip` left out. */
  fields(request: GateRequest, correlationId: string, skip: ReadonlySet<string>): string[];
}

// The origin gets its own Host; and what a client claims of proxies, addresses, paths or methods is not part of any
// cache key, and shapes what frameworks answer.
const NEVER = [
  ...['host', 'content-length', 'expect', 'trailer', 'forwarded', 'proxy', 'front-end-https', 'base-url'],
  ...['x-real-ip', 'x-host', 'x-client-ip', 'client-ip', 'true-client-ip', 'x-cluster-client-ip'],
  ...['x-http-method', 'x-http-method-override', 'x-method-override', 'x-url-scheme'],
  // Who the caller is, is the gate's to say (identity-passing.ts).
  ...['x-cachegate-user', 'x-cachegate-roles', 'x-cachegate-identity'],
  // These settings are those of the client's connection (RFC 7540 §3.2.1).
  'http2-settings',
  // Of the way here alone; the origin gets ours.
  'surrogate-capability',
  // Passed on below, checked or with what is to be added.
  ...['x-request-id', 'traceparent', 'via'],
];
const NEVER_BEGINNING = /^x-(?:forwarded|original|rewrite|envoy)-/;

// The request was received as HTTP/1.1 (RFC 9110 §7.6.3).
const OUR_VIA = '1.1 cachegate';
const OUR_CAPABILITY = ['Surrogate-Capability', 'cachegate="Surrogate/1.0"'];

export function createForwarding(policy: ForwardingPolicy): Forwarding {
  const ownFields = Object.entries(policy.ownFields);
  const dropped = new Set([...NEVER, ...ownFields.map(([name]) => asRead(name.toLowerCase()))]);
  if (policy.sessionField !== null) dropped.add(asRead(policy.sessionField.toLowerCase()));
  if (!policy.cookies) dropped.add('cookie');
  if (!policy.authorization) dropped.add('authorization').add('proxy-authorization');
  if (!policy.webOrigin) dropped.add('origin');
  if (!policy.requestDirectives) dropped.add('cache-control').add('pragma');
  const listed = policy.fields === 'all' ? null : new Set(policy.fields);
  const passesVia = listed === null || listed.has('via');
  const gateCookies = policy.sessionCookie === null ? [] : [policy.sessionCookie];

  const passes = (lowerName: string) => {
    const read = asRead(lowerName);
    if (dropped.has(read) || NEVER_BEGINNING.test(read)) return false;
    return listed === null || listed.has(lowerName);
  };
  const strip = (cookies: string) =>
    gateCookies.length === 0 ? cookies : withoutCookies(cookies, gateCookies);
  const passedOn = (request: GateRequest, lowerName: string, value: string) => {
    if (lowerName === 'cookie') return strip(value);
    return lowerName === 'max-forwards' && request.method === 'OPTIONS' ? oneForwardLess(value) : value;
  };

  return {
    field(request, lowerName) {
      if (lowerName === 'via') return passesVia ? viaAfter(request.fields) : OUR_VIA;
      if (lowerName === 'x-request-id') return usableRequestId(request);
      if (lowerName === 'traceparent') return usableTraceparent(request);
      if (!passes(lowerName)) return undefined;
      const value = request.field(lowerName);
      if (value === undefined || isOfConnection(request, lowerName)) return undefined;
      return lowerName === 'cookie' ? strip(value) : value;
    },
    fields(request, correlationId, skip) {
      const result: string[] = [];
      const received = endToEndFields(request.fields);
      for (let i = 0; i < received.length; i += 2) {
        const name = received[i]!;
        const lowerName = name.toLowerCase();
        if (!passes(lowerName) || skip.has(lowerName)) continue;
        const value = passedOn(request, lowerName, received[i + 1]!);
        if (value !== undefined) result.push(name, value);
      }
      for (const [name, value] of ownFields) result.push(name, value);
      result.push('Via', passesVia ? viaAfter(received) : OUR_VIA);
      if (policy.surrogate === true) result.push(...OUR_CAPABILITY);
      if (!skip.has('x-request-id')) result.push('X-Request-Id', usableRequestId(request) ?? correlationId);
      const trace = skip.has('traceparent') ? undefined : usableTraceparent(request);
      if (trace !== undefined) result.push('Traceparent', trace);
      return result;
    },
  };
}

// Where names become variables (CGI, WSGI) an underscore is a hyphen, and with some servers so is a dot, a space or
// whatever is neither letter nor digit.
function asRead(lowerName: string): string {
  return NO_HYPHEN.test(lowerName) ? lowerName.replace(NO_HYPHENS, '-') : lowerName;
}

const NO_HYPHEN = /[^a-z0-9-]/;
const NO_HYPHENS = new RegExp(NO_HYPHEN, 'g');

// Every intermediary before this one keeps its place (RFC 9110 §7.6.3).
function viaAfter(received: FieldList): string {
  const before = fieldValue(received, 'via');
  return before === undefined ? OUR_VIA : `${before}, ${OUR_VIA}`;
}

// RFC 9110 §7.6.2. What is no number goes on as it is, and 0 stays 0: who gets that answers it.
function oneForwardLess(maxForwards: string): string {
  if (!/^\d+$/.test(maxForwards)) return maxForwards;
  return String(Math.min(Math.max(Number(maxForwards) - 1, 0), Number.MAX_SAFE_INTEGER));
}

// What `Connection` names goes no further, so the origin does not see it, and no variant may be selected by it.
function isOfConnection(request: GateRequest, lowerName: string): boolean {
  const connection = request.field('connection');
  return connection !== undefined && connectionOptions(connection).has(lowerName);
}

export const NOTHING_SKIPPED: ReadonlySet<string> = new Set();
