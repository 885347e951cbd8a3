import type { Clock } from '../../clock.ts';
import type { CachegateError } from '../../errors.ts';
import type { OwnSessionObserver } from '../../observe/observer.ts';
import type { StoreKeys } from '../../store/keys.ts';
import { storeFailure } from '../../store/reading.ts';
import type { Store } from '../../store/store.ts';
import type { KeptChanges } from './kept-changes.ts';
import { createOutage } from './outage.ts';

/** JWT-only mode (S3): begins when the store fails, ends by itself when it is back and has been told what it missed. */
export interface JwtOnlyMode {
  readonly isOn: boolean;
  /** A call of the store failed. */
  failed(error: CachegateError): void;
  /** Stops looking for the store. */
  stop(): void;
}

export interface JwtOnlyModeOptions {
  readonly store: Store;
  readonly keys: StoreKeys;
  readonly kept: KeptChanges;
  readonly clock: Clock;
  readonly observer: OwnSessionObserver;
}

const LOOK_MS = 500;
const PROBE = Buffer.from('probe');
const PROBE_TTL_MS = 1_000;

export function createJwtOnlyMode(options: JwtOnlyModeOptions): JwtOnlyMode {
  const { store, keys, kept, clock, observer } = options;
  // Where no session lies.
  const probeKey = keys.movedSession(keys.ownSession('probe'));
  const outage = createOutage();
  let timer: NodeJS.Timeout | undefined;
  let toldBefore = 0;
  let stopped = false;

  async function look(): Promise<void> {
    try {
      // A store that takes no writes keeps no sessions, though it answers.
      await store.set(probeKey, PROBE, PROBE_TTL_MS);
      await kept.replay();
      if (outage.mayEnd(clock.now()) && kept.size === 0) {
        outage.end();
        observer.sessionsDegraded?.(false, kept.told - toldBefore);
      }
    } catch (error) {
      note(storeFailure(error));
    }
    if (outage.isOn) lookLater();
  }

  function lookLater(): void {
    if (stopped) return;
    timer = setTimeout(() => void look(), LOOK_MS);
    timer.unref();
  }

  function note(error: CachegateError): void {
    if (!outage.failed(clock.now())) return;
    toldBefore = kept.told;
    observer.sessionsDegraded?.(true, 0, error);
    lookLater();
  }

  return {
    get isOn() {
      return outage.isOn;
    },
    failed: note,
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
