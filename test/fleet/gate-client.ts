import { type Dispatcher, Pool } from 'undici';

/** A client of one gate. Instants are milliseconds of `performance.now()`. */
export interface GateClient {
  get(target: string): Promise<Got>;
  /** Asks for a purge, of a target or of all that has every one of some tags. */
  purge(
    what: { readonly target: string } | { readonly tags: readonly string[] },
    how?: PurgeHow,
  ): Promise<Purged>;
  close(): Promise<void>;
}

export interface PurgeHow {
  readonly soft?: boolean;
  readonly wait?: boolean;
}

export interface Got {
  readonly sentAt: number;
  readonly doneAt: number;
  /** `null` when there was no whole answer. */
  readonly status: number | null;
  /** The number of the origin's request that this is the answer of; `null` when it is none. */
  readonly number: number | null;
  readonly cacheStatus: string;
  readonly body: string;
}

export interface Purged {
  readonly sentAt: number;
  /** When its answer came; `null` when it was not done. */
  readonly ackedAt: number | null;
  readonly status: number | null;
}

const PATIENCE_MS = 30_000;

export function createGateClient(url: string, connections: number): GateClient {
  const pool = new Pool(url, { connections, headersTimeout: PATIENCE_MS, bodyTimeout: PATIENCE_MS });
  return {
    async get(target) {
      const sentAt = performance.now();
      try {
        const { statusCode, headers, body } = await pool.request({ method: 'GET', path: target });
        const text = await body.text();
        const isIts = statusCode === 200 && text.startsWith(`${target} `);
        return {
          sentAt,
          doneAt: performance.now(),
          status: statusCode,
          number: isIts ? Number(text.slice(target.length + 1)) : null,
          cacheStatus: String(headers['cache-status'] ?? ''),
          body: text,
        };
      } catch (error) {
        const body = (error as Error).message;
        return { sentAt, doneAt: performance.now(), status: null, number: null, cacheStatus: '', body };
      }
    },
    async purge(what, { soft = false, wait = false } = {}) {
      const sentAt = performance.now();
      try {
        const { statusCode, body } = await pool.request({
          method: 'PURGE' as Dispatcher.HttpMethod,
          path: 'target' in what ? what.target : '/',
          headers: {
            ...('tags' in what && { 'Cache-Tag': what.tags.join(', ') }),
            ...(soft && { 'Purge-Mode': 'soft' }),
            ...(wait && { 'Purge-Wait': 'true' }),
          },
        });
        await body.dump();
        return { sentAt, ackedAt: statusCode === 200 ? performance.now() : null, status: statusCode };
      } catch {
        return { sentAt, ackedAt: null, status: null };
      }
    },
    close: () => pool.destroy(),
  };
}
