const TOGETHER_MS = 100;
/** More than come in so short a time. */
const MOST_WAITING = 1_000;

export interface ToldTogether<T> {
  readonly tell: (item: T) => void;
  /** Called when some were told. */
  readonly after: () => void;
  /** What comes soon after another waits for the rest; not where nothing may be due later. */
  readonly together: boolean;
}

/**
 * Tells at once, or all of a tenth of a second together. Between requests the code that makes a line of the log is in none
 * of the processor's caches, and one line takes the time of a hit and more; of many in a row each takes a part of that.
 */
export function createToldTogether<T>({ tell, after, together }: ToldTogether<T>): (item: T) => void {
  let waiting: T[] = [];
  let timer: NodeJS.Timeout | null = null;

  function tellAll(): void {
    const items = waiting;
    waiting = [];
    for (const item of items) tell(item);
    if (items.length > 0) after();
  }

  function due(): void {
    timer = null;
    process.removeListener('exit', tellAll);
    tellAll();
  }

  return (item) => {
    waiting.push(item);
    if (timer !== null && waiting.length < MOST_WAITING) return;
    tellAll();
    if (!together || timer !== null) return;
    timer = setTimeout(due, TOGETHER_MS).unref();
    // Not all processes live that long.
    process.once('exit', tellAll);
  };
}
