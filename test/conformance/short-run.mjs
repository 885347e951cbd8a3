import { join } from 'node:path';

/** The arguments of Node for what `npm test` runs: each cache, store and mode once, while other tests keep the machine busy. */
export const SHORT_RUN = [
  join(import.meta.dirname, 'run.mjs'),
  ...['--only', 'memory-rfc,valkey-safe,fetch-shared-rfc,fetch-private,interceptor-safe'],
  '--retry',
];
