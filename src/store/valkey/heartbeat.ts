/** A beat goes out so often. */
const BEAT_MS = 300;
/** So long after a beat was sent that was answered, a copy may be answered with. */
export const COHERENT_MS = 1_000;
/**
 * A connection is given up when one beat is not answered in the time of so many. Counted, not measured: after a pause of
 * this process itself the answers are there, only not read yet.
 */
const SILENT_BEATS = 8;

export interface Heartbeat {
  /** Until when, by `performance.now()`, changes are heard of in time; 0: not now. */
  readonly coherentUntil: number;
  stop(): void;
}

export interface HeartbeatOptions {
  /** Asks the server for a sign of life; resolves when all that happened before is known. */
  readonly beat: () => Promise<unknown>;
  readonly onBeat: () => void;
  /** Called once, when there was no sign for too long, or an error. */
  readonly onSilence: (reason: Error) => void;
}

/**
 * Says for how long a connection can be relied on. A connection that is cut or frozen without a word makes it run out:
 * nothing that the server did after the last beat that it answered was relied upon for longer than `COHERENT_MS`.
 */
export function startHeartbeat({ beat, onBeat, onSilence }: HeartbeatOptions): Heartbeat {
  let coherentUntil = 0;
  let waiting = false;
  let waited = 0;

  async function once(): Promise<void> {
    const sentAt = performance.now();
    waiting = true;
    waited = 0;
    try {
      await beat();
      coherentUntil = stopped ? 0 : sentAt + COHERENT_MS;
    } catch (error) {
      giveUp(error instanceof Error ? error : new Error('Connection closed'));
    }
    waiting = false;
    onBeat();
  }

  function giveUp(reason: Error): void {
    if (stopped) return;
    stop();
    onSilence(reason);
  }

  function tick(): void {
    if (!waiting) return void once();
    waited += 1;
    if (waited >= SILENT_BEATS) giveUp(new Error('Connection silent'));
    onBeat();
  }

  let stopped = false;
  const timer = setInterval(tick, BEAT_MS);
  timer.unref();
  function stop(): void {
    stopped = true;
    coherentUntil = 0;
    clearInterval(timer);
  }
  void once();
  return {
    get coherentUntil() {
      return coherentUntil;
    },
    stop,
  };
}
