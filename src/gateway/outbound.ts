import type { OpenAsker } from '../session/authorities/asker.ts';
import type { OriginClient, OriginClientOptions } from './origin-client.ts';
import type { OpenUpgradeClient } from './upgrade-client.ts';

/** How a gate asks other servers: by undici where it is a server, by the platform's `fetch` where it is a function. */
export interface Outbound {
  /** With which it can ask, `CONNECT` and `TRACE` left aside. */
  readonly methods: readonly string[];
  origin(options: OriginClientOptions): OriginClient;
  readonly asker: OpenAsker;
  /** How an origin is asked to change the protocol of a connection; left out: it can't be. */
  readonly upgrade?: OpenUpgradeClient;
}
