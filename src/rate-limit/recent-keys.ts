/** Something for each key that was asked for lately. */
export interface RecentKeys<T> {
  get(key: string, now: number): T | undefined;
  add(key: string, value: T, now: number): T;
}

/**
 * Two generations, without a timer: what is asked for moves to the recent one; when that is half of `maxKeys`, or older
 * than `longestMs`, the older is dropped whole.
 */
export function createRecentKeys<T>(longestMs: number, maxKeys = 100_000): RecentKeys<T> {
  let recent = new Map<string, T>();
  let older = new Map<string, T>();
  let startedAt = 0;

  function add(key: string, value: T, now: number): T {
    if (recent.size >= maxKeys / 2 || now - startedAt >= longestMs) {
      older = recent;
      recent = new Map();
      startedAt = now;
    }
    recent.set(key, value);
    return value;
  }

  return {
    add,
    get(key, now) {
      const known = recent.get(key);
      if (known !== undefined) return known;
      const idle = older.get(key);
      return idle === undefined ? undefined : add(key, idle, now);
    },
  };
}
