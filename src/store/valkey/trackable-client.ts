/** What tracking needs of a client of iovalkey or ioredis: of one server (Sentinel's too), or of a Cluster. */
export interface TrackableClient {
  readonly status: string;
  readonly options?: { readonly keyPrefix?: string | undefined };
  call(command: string, args: (string | Buffer | number)[]): Promise<unknown>;
  connect(): Promise<void>;
  on(event: string, listener: (first: unknown, second: unknown) => void): unknown;
  off(event: string, listener: (first: unknown, second: unknown) => void): unknown;
  /** Of one server: a new client with the same options but these. */
  duplicate?(override?: object): unknown;
  /** Of a Cluster: a client for each master. */
  nodes?(role: 'master'): unknown[];
}

/** A client of tracking's own. */
export interface SubscribingClient extends TrackableClient {
  disconnect(): void;
}

/** What a duplicate does not take over: it connects once, keeps nothing to send again, and speaks RESP2. */
const OVERRIDES = {
  lazyConnect: true,
  retryStrategy: () => null,
  reconnectOnError: null,
  enableReadyCheck: false,
  enableOfflineQueue: false,
  enableAutoPipelining: false,
  autoResubscribe: false,
  // The client's own detects it, and its next connection is followed.
  failoverDetector: false,
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
  readOnly: false,
  monitor: false,
  // Over RESP3 invalidations come otherwise than as messages, and not every client passes them on.
  protocol: 2,
};

/** A connection beside the client's own to the same server; `null` when the client can't be duplicated. */
export function subscribingClient(client: TrackableClient): SubscribingClient | null {
  // A client that duplicates, duplicates into its own kind.
  return client.duplicate === undefined ? null : (client.duplicate(OVERRIDES) as SubscribingClient);
}
