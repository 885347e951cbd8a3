import { combineObservers } from '../observe/combine-observers.ts';
import type { GateObserver } from '../observe/observer.ts';

/** One observer for all parts, of which those behind it can change. */
export interface ToldObserver {
  readonly observer: GateObserver;
  add(more: GateObserver): void;
  /** Puts another log in the place of the first. */
  relog(log: GateObserver): void;
}

export function createTold(log: GateObserver, ...others: readonly GateObserver[]): ToldObserver {
  let current = log;
  let rest = others;
  // Parts look a method up when they tell, so what changes here changes for all of them.
  const observer: Record<string, unknown> = {};
  const renew = () => {
    for (const name of Object.keys(observer)) observer[name] = undefined;
    Object.assign(observer, combineObservers(current, ...rest));
  };
  renew();
  return {
    observer,
    add(more) {
      rest = [...rest, more];
      renew();
    },
    relog(next) {
      current = next;
      renew();
    },
  };
}
