import type { TrackableClient } from './trackable-client.ts';

/**
 * What the store needs of a client: one of iovalkey or ioredis fits, for one server (Sentinel's too) or a Cluster. It may
 * be the application's own; then its settings are the application's too, except that nothing is sent while its `status`
 * is not `ready`.
 */
export interface ValkeyClient extends TrackableClient {
  /** The client is one for a Cluster. */
  readonly isCluster?: boolean;
  /** Of a Cluster: `host:port` of the nodes that serve each slot, its master first. */
  readonly slots?: readonly (readonly string[] | undefined)[];
  /** As `call`, with bulk strings in the reply as Buffers. */
  callBuffer(command: string, args: (string | Buffer | number)[]): Promise<unknown>;
  disconnect(reconnect?: boolean): void;
  quit(): Promise<unknown>;
}

export type ClientEvent = 'ready' | 'error' | 'close';
