import { withoutCookies } from '../http/cookie.ts';
import { connectionOptions, endToEndFields } from '../http/fields.ts';
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
}

export interface Forwarding {
  /** A field of the client's request as the origin would see it. */
  field(request: GateRequest, lowerName: string): string | undefined;
  /** The fields of the request to the origin, `skip` left out. */
  fields(request: GateRequest, correlationId: string, skip: ReadonlySet<string>): string[];
}

// The origin gets its own Host; and what a client claims of proxies, paths or methods is not part of any cache key.
const NEVER = [
  'host',
  'content-length',
  'expect',
  'trailer',
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-proto',
  'x-forwarded-prefix',
  'x-forwarded-server',
  'x-forwarded-scheme',
  'x-real-ip',
  'x-host',
  'x-original-url',
  'x-original-host',
  'x-rewrite-url',
  'x-http-method',
  'x-http-method-override',
  'x-method-override',
  // Passed on below, checked.
  'x-request-id',
  'traceparent',
];

export function createForwarding(policy: ForwardingPolicy): Forwarding {
  const ownFields = Object.entries(policy.ownFields);
  const dropped = new Set([...NEVER, ...ownFields.map(([name]) => name.toLowerCase())]);
  if (policy.sessionField !== null) dropped.add(policy.sessionField.toLowerCase());
  if (!policy.cookies) dropped.add('cookie');
  if (!policy.authorization) dropped.add('authorization').add('proxy-authorization');
  if (!policy.webOrigin) dropped.add('origin');
  if (!policy.requestDirectives) dropped.add('cache-control').add('pragma');
  const listed = policy.fields === 'all' ? null : new Set(policy.fields);
  const gateCookies = policy.sessionCookie === null ? [] : [policy.sessionCookie];

  const passes = (lowerName: string) => !dropped.has(lowerName) && (listed === null || listed.has(lowerName));
  const strip = (cookies: string) =>
    gateCookies.length === 0 ? cookies : withoutCookies(cookies, gateCookies);

  return {
    field(request, lowerName) {
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
        const value = lowerName === 'cookie' ? strip(received[i + 1]!) : received[i + 1]!;
        if (value !== undefined) result.push(name, value);
      }
      for (const [name, value] of ownFields) result.push(name, value);
      result.push('X-Request-Id', usableRequestId(request) ?? correlationId);
      const trace = usableTraceparent(request);
      if (trace !== undefined) result.push('Traceparent', trace);
      return result;
    },
  };
}

// What `Connection` names goes no further, so the origin does not see it, and no variant may be selected by it.
function isOfConnection(request: GateRequest, lowerName: string): boolean {
  const connection = request.field('connection');
  return connection !== undefined && connectionOptions(connection).has(lowerName);
}

/** Conditions and ranges of the client's own, which a cache that wants the whole response leaves out. */
export const PARTIAL_FIELDS: ReadonlySet<string> = new Set([
  'if-match',
  'if-none-match',
  'if-modified-since',
  'if-unmodified-since',
  'if-range',
  'range',
]);

export const NOTHING_SKIPPED: ReadonlySet<string> = new Set();
