import { type CryptoKey, createLocalJWKSet, type JWTHeaderParameters } from 'jose';
import { Agent, type Dispatcher } from 'undici';
import type { Clock } from '../../clock.ts';
import { readJson } from './bounded-json.ts';

/** Keys that were published together; another object once they have changed. */
export interface PublishedKeys {
  /** Finds the key of a token by its header; rejects as jose's sets do. */
  find(header: JWTHeaderParameters): Promise<CryptoKey>;
}

/** The published keys of an issuer of tokens (JWKS, RFC 7517 §5), fetched when they are needed. */
export interface RemoteKeys {
  /** @throws KeysUnavailable */
  current(): Promise<PublishedKeys>;
  /**
   * Those that were published after `seen`, in which a key was missing; `null`: there are none, or it is too soon to ask.
   *
   * @throws KeysUnavailable where that can't be known
   */
  newerThan(seen: PublishedKeys): Promise<PublishedKeys | null>;
  /** Those that there are, if any are new enough. Sees to it that they don't grow old. */
  latest(): PublishedKeys | null;
  close(): Promise<void>;
}

/** Neither were the keys fetched, nor are there any that are new enough. The message says why, for a log. */
export class KeysUnavailable extends Error {}

export interface RemoteKeysOptions {
  readonly url: URL;
  /** Milliseconds for one fetch. */
  readonly timeoutMs: number;
  readonly clock: Clock;
}

const MAX_BYTES = 256 * 1024;
const MAX_KEYS = 100;
/** After so long they are fetched again, while the old ones serve: a key that was taken back serves no longer than that. */
const REFRESH_MS = 600_000;
/** While the issuer does not answer, the last ones serve for so long. */
const LIFETIME_MS = 86_400_000;
/** A token may name any key: an unknown one causes no more fetches than that. */
const COOLDOWN_MS = 30_000;
const RETRY_MS = 5_000;

interface Fetched {
  readonly keys: PublishedKeys;
  readonly text: string;
  readonly at: number;
}

export function createRemoteKeys({ url, timeoutMs, clock }: RemoteKeysOptions): RemoteKeys {
  const agent = new Agent({ connections: 1, connect: { timeout: timeoutMs } });
  let fetched: Fetched | null = null;
  let fetching: Promise<void> | null = null;
  /** Nobody is asked before. */
  let restsUntil = 0;
  /** Of the last fetch; empty: it went well. */
  let failure = '';

  const age = () => (fetched === null ? Infinity : clock.now() - fetched.at);
  const usable = () => (age() < LIFETIME_MS ? fetched : null);

  async function load(): Promise<void> {
    const signal = AbortSignal.timeout(timeoutMs);
    try {
      const text = JSON.stringify(await fetchKeys(agent, url, signal));
      const keys = fetched?.text === text ? fetched.keys : { find: createLocalJWKSet(JSON.parse(text)) };
      fetched = { keys, text, at: clock.now() };
      failure = '';
      restsUntil = clock.now() + COOLDOWN_MS;
    } catch (error) {
      failure = signal.aborted ? `no answer within ${timeoutMs} ms` : reasonOf(error);
      restsUntil = clock.now() + RETRY_MS;
    } finally {
      fetching = null;
    }
  }

  /** The fetch under way, or one more unless it is too soon. Never rejects. */
  function loaded(): Promise<void> | null {
    const restMs = restsUntil - clock.now();
    // A clock that was set back makes no longer rests.
    if (fetching === null && (restMs <= 0 || restMs > COOLDOWN_MS)) fetching = load();
    return fetching;
  }

  /** The same where the keys are old, or seem to be of the future. */
  function refreshed(): Promise<void> | null {
    return age() >= REFRESH_MS || age() < 0 ? loaded() : null;
  }

  return {
    async current() {
      const loading = refreshed();
      if (usable() === null) await loading;
      const found = usable();
      if (found === null) throw new KeysUnavailable(`keys not fetched: ${failure}`);
      return found.keys;
    },
    async newerThan(seen) {
      if (fetched?.keys === seen) await loaded();
      if (fetched !== null && fetched.keys !== seen) return fetched.keys;
      if (failure !== '') throw new KeysUnavailable(`keys not fetched: ${failure}`);
      return null;
    },
    latest() {
      void refreshed();
      return usable()?.keys ?? null;
    },
    close: () => agent.destroy(),
  };
}

type KeySet = Parameters<typeof createLocalJWKSet>[0];

async function fetchKeys(agent: Dispatcher, url: URL, signal: AbortSignal): Promise<KeySet> {
  const { statusCode, body } = await agent.request({
    origin: url.origin,
    path: url.pathname + url.search,
    method: 'GET',
    headers: { accept: 'application/jwk-set+json, application/json' },
    signal,
  });
  if (statusCode !== 200) {
    body.dump({ limit: MAX_BYTES }).catch(() => {});
    throw new KeysUnavailable(`status ${statusCode}`);
  }
  const reading = await readJson(body, MAX_BYTES);
  if (!reading.ok) throw new KeysUnavailable(reading.lack);
  const keys = (reading.document as { keys?: unknown } | null)?.keys;
  const usable = Array.isArray(keys) && keys.length <= MAX_KEYS ? keys.filter(isPublicKey) : [];
  if (usable.length === 0) throw new KeysUnavailable('no usable list of keys');
  return { keys: usable };
}

const KINDS: readonly unknown[] = ['RSA', 'EC', 'OKP'];

/** Secrets have no place among published keys: whoever can read one can sign with it. */
function isPublicKey(found: unknown): found is KeySet['keys'][number] {
  if (typeof found !== 'object' || found === null) return false;
  return KINDS.includes((found as { kty?: unknown }).kty) && !('d' in found) && !('k' in found);
}

function reasonOf(error: unknown): string {
  if (error instanceof KeysUnavailable) return error.message;
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : 'connection failed';
}
