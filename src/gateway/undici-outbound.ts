import { METHODS } from 'node:http';
import type { Outbound } from './outbound.ts';
import { createUndiciAsker } from './undici-asker.ts';
import { createUndiciOrigin } from './undici-origin.ts';
import { createUpgradeClient } from './upgrade-client.ts';

/** Each whom it asks has connections of its own. */
export const undiciOutbound: Outbound = {
  methods: METHODS,
  origin: createUndiciOrigin,
  asker: createUndiciAsker,
  upgrade: createUpgradeClient,
};
