import { LRUCache } from 'lru-cache';
import { parseRequestTarget } from '../http/request-target.ts';
import { type Answer, errorAnswer, refusal } from './answer.ts';

/** What a request asks of its service's origin. */
export interface Destination {
  /** Path and query at the origin. */
  readonly target: string;
  /** The store's key of responses to it that are everyone's. */
  readonly key: string;
  /** It is the service's own route to end a session; nothing of it is the origin's. */
  readonly isLogout?: boolean;
  /** The service's own refusal, given once the caller has been let in. */
  readonly refused: Answer | null;
  /** What the service's mapping failed with: a fault in its code, told once the caller has been let in. */
  readonly failure?: unknown;
}

/** What of a service decides where a request leads. */
export interface Routed {
  /** `/`, or a path without a closing slash. */
  readonly prefix: string;
  /** The methods that it has. */
  readonly methods: readonly string[];
  /** Maps a request to the origin's target, or refuses it. Depends on its arguments alone. */
  map(method: string, path: string, query: string | undefined): { readonly target: string } | Answer;
  keyOf(target: string): string;
  /** The path, below the prefix, at which sessions end; `null`: there is none. */
  readonly logoutPath?: string | null;
}

export type Location<S extends Routed> =
  | { readonly service: S; readonly destination: Destination }
  | { readonly service: null; readonly refused: Answer };

// Parsing, mapping and hashing a target costs more than the rest of a hit; the same few are asked for again and again.
const REMEMBERED = 10_000;
const LONGEST_REMEMBERED = 2_048;

/** Finds a request's location by its method and request-target alone. */
export type Locate<S extends Routed> = (method: string, target: string) => Location<S>;

/** Remembers what was asked for lately. */
export function createLocator<S extends Routed>(services: readonly S[]): Locate<S> {
  const compute = createFinder(services);
  const known = new LRUCache<string, Location<S>>({ max: REMEMBERED });
  return (method, target) => {
    // Methods are few in practice, but anybody may invent one.
    const name = method === 'GET' || method === 'HEAD' ? target : `${method} ${target}`;
    const remembered = known.get(name);
    if (remembered !== undefined) return remembered;
    const location = compute(method, target);
    if (name.length <= LONGEST_REMEMBERED) known.set(name, location);
    return location;
  };
}

/** Finds each location anew. */
export function createFinder<S extends Routed>(services: readonly S[]): Locate<S> {
  const byLongestPrefix = [...services].sort((a, b) => b.prefix.length - a.prefix.length);
  const ofServer = optionsOfServer(services);
  return (method, target) => {
    if (method === 'OPTIONS' && SERVER_ITSELF.test(target)) return { service: null, refused: ofServer };
    const parsed = parseRequestTarget(target);
    if (!parsed.ok)
      return { service: null, refused: errorAnswer(400, `Bad request target: ${parsed.reason}`) };
    const service = byLongestPrefix.find((candidate) => isBelow(parsed.path, candidate.prefix));
    if (service === undefined) return { service: null, refused: refusal(404) };
    return { service, destination: destinationOf(service, method === 'HEAD' ? 'GET' : method, parsed) };
  };
}

// The asterisk-form, and the absolute-form that a proxy would make it of (RFC 9112 §3.2.4).
const SERVER_ITSELF = /^(?:\*|https?:\/\/[a-z0-9._~:[\]-]+)$/i;

/** What `OPTIONS *` is told (RFC 9110 §9.3.7): the methods that some service has. */
function optionsOfServer(services: readonly Routed[]): Answer {
  const methods = new Set(['OPTIONS', ...services.flatMap((service) => service.methods)]);
  return { status: 204, fields: ['Allow', [...methods].join(', ')], body: null };
}

function destinationOf(
  service: Routed,
  method: string,
  { path, query }: { readonly path: string; readonly query: string | undefined },
): Destination {
  const { logoutPath = null, prefix } = service;
  if (logoutPath !== null && path === (prefix === '/' ? logoutPath : prefix + logoutPath)) return LOGOUT;
  try {
    const mapped = service.map(method, path, query);
    if (!('target' in mapped)) return { target: '', key: '', refused: mapped };
    return { target: mapped.target, key: service.keyOf(mapped.target), refused: null };
  } catch (failure) {
    return { target: '', key: '', refused: refusal(500), failure };
  }
}

const LOGOUT: Destination = {
  ...{ target: '', key: '', isLogout: true },
  refused: refusal(405, ['Allow', 'POST']),
};

function isBelow(path: string, prefix: string): boolean {
  return prefix === '/' || path === prefix || (path.startsWith(prefix) && path[prefix.length] === '/');
}
