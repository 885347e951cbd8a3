import type { GateObserver } from './observer.ts';

type Told = (a: unknown, b: unknown, c: unknown, d: unknown, e: unknown) => void;

/** One observer that tells several, each in its turn. What none of them wants to know costs nothing. */
export function combineObservers(...observers: readonly GateObserver[]): GateObserver {
  const told = new Map<string, Told[]>();
  for (const observer of observers) {
    for (const [name, method] of Object.entries(observer) as [string, Told | undefined][]) {
      if (method === undefined) continue;
      told.set(name, [...(told.get(name) ?? []), method.bind(observer)]);
    }
  }
  return Object.fromEntries([...told].map(([name, all]) => [name, inTurn(all)])) as GateObserver;
}

function inTurn([first, second, ...more]: readonly Told[]): Told {
  if (second === undefined) return first!;
  return (a, b, c, d, e) => {
    first!(a, b, c, d, e);
    second(a, b, c, d, e);
    for (const each of more) each(a, b, c, d, e);
  };
}
