import type { AnsweredRequest } from '../observe/observer.ts';
import type { HotTarget } from './stats.ts';

/** Which targets of GET are asked for most, about: bounded, and cheap where there are many requests. */
export interface HotSketch {
  /** One request whose answer the cache was asked for. */
  answered(service: string, request: Pick<AnsweredRequest, 'method' | 'target'>): void;
  /** A second is over: to be told all the while. */
  tick(): void;
  /** All there are, the busiest first. */
  all(): HotTarget[];
  /** Forgets one: it is counted elsewhere from now on. */
  remove(target: HotTarget): void;
}

/** Targets that are remembered at a time. */
const MOST_TARGETS = 2_000;
/** Once they are, new ones have to wait until the second is over, when so many of the rarest go. */
const LET_GO = 1_000;
/** So many requests of a second are all counted, */
const EXACT_A_SECOND = 100;
/** and of the rest one of so many, for as many. */
const WEIGHT = 32;
/** Longer ones are few, and would take up the room of many. */
const LONGEST_TARGET = 1_024;

interface Counted {
  requests: number;
}

/** @param random from 0 to below 1 */
export function createHotSketch(random: () => number = Math.random): HotSketch {
  const services = new Map<string, Map<string, Counted>>();
  let size = 0;
  let exact = EXACT_A_SECOND;
  let skip = 0;

  function count(service: string, target: string, weight: number): void {
    let targets = services.get(service);
    if (targets === undefined) {
      targets = new Map();
      services.set(service, targets);
    }
    const counted = targets.get(target);
    if (counted !== undefined) {
      counted.requests += weight;
      return;
    }
    if (size >= MOST_TARGETS || target.length > LONGEST_TARGET) return;
    targets.set(target, { requests: weight });
    size += 1;
  }

  /** Of those that are alike, the ones that came first. */
  function letRareGo(): void {
    const all = [...services.values()].flatMap((targets) => [...targets.values()]);
    const counts = Float64Array.from(all, ({ requests }) => requests).sort();
    const most = counts[LET_GO - 1]!;
    let left = LET_GO;
    for (const targets of services.values()) {
      for (const [target, { requests }] of targets) {
        if (left === 0) break;
        if (requests > most) continue;
        targets.delete(target);
        left -= 1;
      }
    }
    size -= LET_GO - left;
  }

  /** At random, so that no pattern of the requests is in step with it; every request is as likely as any other. */
  function skipSome(): void {
    skip = 1 + Math.floor(random() * (2 * WEIGHT - 1));
  }

  function all(): HotTarget[] {
    const found: HotTarget[] = [];
    for (const [service, targets] of services) {
      for (const [target, { requests }] of targets) found.push({ service, target, requests });
    }
    return found.sort(byRequests);
  }

  function remove({ service, target }: HotTarget): void {
    if (services.get(service)?.delete(target)) size -= 1;
  }

  return {
    answered(service, request) {
      if (exact > 0) {
        exact -= 1;
        if (exact === 0) skipSome();
        if (request.method === 'GET') count(service, request.target, 1);
        return;
      }
      skip -= 1;
      if (skip > 0) return;
      skipSome();
      if (request.method === 'GET') count(service, request.target, WEIGHT);
    },
    tick() {
      exact = EXACT_A_SECOND;
      // Not on the way of a request: it takes as long as many of them do.
      if (size >= MOST_TARGETS) letRareGo();
    },
    all,
    remove,
  };
}

/** The busiest first; those that are alike by their names, so that the order is always the same. */
export function byRequests(a: HotTarget, b: HotTarget): number {
  return b.requests - a.requests || (a.target < b.target ? -1 : a.target > b.target ? 1 : 0);
}
