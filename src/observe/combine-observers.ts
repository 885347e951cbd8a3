import type { GateObserver } from './observer.ts';

type Told = (a: unknown, b: unknown, c: unknown, d: unknown, e: unknown) => void;

/**
 * One observer that tells several, each in its turn. What none of them wants to know costs nothing. Their methods are called as
 * functions, without `this`: bound ones take longer, and so many are called for each hit.
 */
export function combineObservers(...observers: readonly GateObserver[]): GateObserver {
  const told = new Map<string, Told[]>();
  for (const observer of observers) {
    for (const [name, method] of Object.entries(observer) as [string, Told | undefined][]) {
      if (method === undefined) continue;
      told.set(name, [...(told.get(name) ?? []), method]);
    }
  }
  return Object.fromEntries([...told].map(([name, all]) => [name, inTurn(all)])) as GateObserver;
}

/** Up to three without a loop: so many are told of each hit. */
function inTurn([first, second, third, ...more]: readonly Told[]): Told {
  if (second === undefined) return first!;
  if (third === undefined) {
    return (a, b, c, d, e) => {
      first!(a, b, c, d, e);
      second(a, b, c, d, e);
    };
  }
  const three: Told = (a, b, c, d, e) => {
    first!(a, b, c, d, e);
    second(a, b, c, d, e);
    third(a, b, c, d, e);
  };
  return more.length === 0 ? three : inTurn([three, ...more]);
}
