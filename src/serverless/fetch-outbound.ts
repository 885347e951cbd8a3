import type { Clock } from '../clock.ts';
import { type Fetch, platformFetch } from '../fetch/platform-fetch.ts';
import type { Outbound } from '../gateway/outbound.ts';
import { createFetchAsker } from './fetch-asker.ts';
import { createFetchOrigin } from './fetch-origin.ts';

export interface FetchOutboundOptions {
  readonly clock: Clock;
  /** Default: the platform's. */
  readonly fetch?: Fetch;
}

export interface FetchOutbound extends Outbound {
  /** Resolves when what authorities were asked by now has ended; `null`: nothing is under way. Never rejects. */
  underWay(): Promise<unknown> | null;
}

// Those that are registered for resources (RFC 9110 §9, 4918, 5789 and the like), whatever the runtime's parser knows.
const METHODS = [
  ...['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'QUERY'],
  ...[
    'ACL',
    'BIND',
    'CHECKOUT',
    'COPY',
    'LINK',
    'LOCK',
    'MERGE',
    'MKACTIVITY',
    'MKCALENDAR',
    'MKCOL',
    'MOVE',
  ],
  ...['PROPFIND', 'PROPPATCH', 'REBIND', 'REPORT', 'SEARCH', 'UNBIND', 'UNLINK', 'UNLOCK'],
];

/** Asks by the platform's `fetch`: no sockets of our own, and no protocol but HTTP. */
export function createFetchOutbound({ clock, fetch = platformFetch }: FetchOutboundOptions): FetchOutbound {
  const asker = createFetchAsker(fetch);
  return {
    methods: METHODS,
    origin: (options) => createFetchOrigin({ ...options, clock }, fetch),
    asker: asker.open,
    underWay: asker.underWay,
  };
}
