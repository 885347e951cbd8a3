import type { ConfigInput } from './schema.ts';

export type { ConfigInput };

/** Gives editors the types of a configuration written in TypeScript or JavaScript; returns it unchanged. */
export function defineConfig(config: ConfigInput): ConfigInput {
  return config;
}
