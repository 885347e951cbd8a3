import { type CryptoKey, createLocalJWKSet, type JWTHeaderParameters } from 'jose';
import type { Clock } from '../../clock.ts';
import type { OpenAsker } from './asker.ts';
import { readJson } from './bounded-json.ts';
import { type Inquiry, openInquiry } from './inquiry.ts';

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
  /** By whom they are fetched. */
  readonly openAsker: OpenAsker;
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

export function createRemoteKeys({ url, timeoutMs, clock, openAsker }: RemoteKeysOptions): RemoteKeys {
  const asker = openAsker({ connections: 1, connectMs: timeoutMs });
  let fetched: Fetched | null = null;
  let fetching: Promise<void> | null = null;
  /** Nobody is asked before. */
  let restsUntil = 0;
  /** Of the last fetch; empty: it went well. */
  let failure = '';

  const age = () => (fetched === null ? Infinity : clock.now() - fetched.at);
  const usable = () => (age() < LIFETIME_MS ? fetched : null);

  async function load(): Promise<void> {
    const inquiry = openInquiry(asker, timeoutMs);
    try {
      const text = JSON.stringify(await fetchKeys(inquiry, url));
      const keys = fetched?.text === text ? fetched.keys : { find: createLocalJWKSet(JSON.parse(text)) };
      fetched = { keys, text, at: clock.now() };
      failure = '';
      restsUntil = clock.now() + COOLDOWN_MS;
    } catch (error) {
      const isTold = error instanceof KeysUnavailable && !inquiry.isLate;
      failure = isTold ? error.message : inquiry.failureOf(error);
      restsUntil = clock.now() + RETRY_MS;
    } finally {
      inquiry.end();
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
    close: () => asker.close(),
  };
}

const ACCEPTED = ['accept', 'application/jwk-set+json, application/json'];

type KeySet = Parameters<typeof createLocalJWKSet>[0];

async function fetchKeys(inquiry: Inquiry, url: URL): Promise<KeySet> {
  const response = await inquiry.ask(url, { method: 'GET', fields: ACCEPTED });
  if (response.status !== 200) {
    inquiry.discard(response, MAX_BYTES);
    throw new KeysUnavailable(`status ${response.status}`);
  }
  const reading = await readJson(response.body, MAX_BYTES);
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
