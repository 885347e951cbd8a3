import type { Clock } from '../../clock.ts';

/** What is to be told how a call went, before its caller is. */
export interface CallObserver {
  succeeded(): void;
  failed(error: unknown): void;
}

/** Gives promises the same deadline each, with one timer for all: they fall due in the order they came. */
export interface DeadlineQueue {
  /** The promise, or `timeout()`'s error at the deadline; what the promise does after that is ignored. */
  race<T>(promise: Promise<T>, observer: CallObserver): Promise<T>;
  /** Lets go of the timer once no promise is waited for any more. */
  stop(): void;
}

interface Waiting {
  readonly dueAt: number;
  /** The turn of the timer before which it is not over. */
  readonly dueTurn: number;
  /** `null` once it is settled. */
  expire: ((error: Error) => void) | null;
  next: Waiting | null;
}

/** Into how many turns of the timer a deadline is cut. */
const TURNS = 5;

export interface DeadlineQueueOptions {
  readonly deadlineMs: number;
  /** Milliseconds that never go back. */
  readonly clock: Clock;
  readonly timeout: () => Error;
  /** Whether the timer may run on for a while when no promise is waited for; by default it may, which costs less. */
  readonly lasting?: boolean;
}

export function createDeadlineQueue(options: DeadlineQueueOptions): DeadlineQueue {
  const { deadlineMs, clock, timeout, lasting = true } = options;
  let first: Waiting | null = null;
  let last: Waiting | null = null;
  let timer: NodeJS.Timeout | null = null;
  let letsGo = !lasting;
  // While this process is busy it neither sends nor reads: however long that is, it counts as one turn.
  let turn = 0;
  const turnMs = deadlineMs / TURNS;

  function add(expire: (error: Error) => void): Waiting {
    const waiting: Waiting = { dueAt: clock.now() + deadlineMs, dueTurn: turn + TURNS, expire, next: null };
    if (first === null || last === null) first = waiting;
    else last.next = waiting;
    last = waiting;
    if (timer === null) arm(turnMs);
    return waiting;
  }

  function arm(delayMs: number): void {
    // Answers that came while this process was busy are read between the timer and the immediate.
    timer = setTimeout(() => setImmediate(expireDue), delayMs);
  }

  function expireDue(): void {
    turn += 1;
    const now = clock.now();
    const isDue = ({ dueAt, dueTurn }: Waiting) => dueAt <= now && dueTurn <= turn;
    let error: Error | null = null;
    for (; first !== null && (first.expire === null || isDue(first)); first = first.next) {
      if (first.expire === null) continue;
      error ??= timeout();
      first.expire(error);
    }
    timer = null;
    if (first !== null) arm(Math.max(1, Math.min(turnMs, first.dueAt - now)));
  }

  function settle(waiting: Waiting): boolean {
    const inTime = waiting.expire !== null;
    waiting.expire = null;
    while (first !== null && first.expire === null) first = first.next;
    if (letsGo) disarm();
    return inTime;
  }

  /** Else a long deadline, once armed, would keep the process alive after its promise was settled. */
  function disarm(): void {
    if (first !== null || timer === null) return;
    clearTimeout(timer);
    timer = null;
  }

  return {
    race(promise, observer) {
      return new Promise((resolve, reject) => {
        const waiting = add((error) => {
          waiting.expire = null;
          observer.failed(error);
          reject(error);
        });
        promise.then(
          (value) => {
            if (!settle(waiting)) return;
            observer.succeeded();
            resolve(value);
          },
          (error) => {
            if (!settle(waiting)) return;
            observer.failed(error);
            reject(error);
          },
        );
      });
    },
    stop() {
      letsGo = true;
      disarm();
    },
  };
}
