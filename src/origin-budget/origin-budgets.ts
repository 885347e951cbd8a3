import type { Clock } from '../clock.ts';
import type { RequestObserver } from '../observe/observer.ts';
import type { StoreKeys } from '../store/keys.ts';
import type { LocalWindows } from '../store/local-windows.ts';
import type { RateRule, Store } from '../store/store.ts';
import { type BudgetQueue, createBudgetQueue } from './budget-queue.ts';
import { createOriginBudget, type OriginBudget } from './origin-budget.ts';
import { createPermits } from './permits.ts';

/** What is written of a service's budget. */
export interface BudgetSettings {
  /** Of several all hold. */
  readonly rules: readonly RateRule[];
  readonly waitMs: number;
  /** Services with one name have one budget, a service's own name included. */
  readonly sharedAs: string;
}

export interface OriginBudgetsOptions {
  readonly store: Store | null;
  readonly keys: Pick<StoreKeys, 'originBudget'>;
  readonly local: LocalWindows;
  readonly clock: Clock;
  readonly observer: RequestObserver;
}

/** What the way to the origin takes differs from request to request: the store counts so much longer than the origin. */
const MARGIN_MS = 50;

/** Makes the budgets of a process's services, with one queue for those that share one. */
export type OriginBudgets = (service: string, settings: BudgetSettings) => OriginBudget;

export function createOriginBudgets(options: OriginBudgetsOptions): OriginBudgets {
  const { keys, observer } = options;
  const queues = new Map<string, BudgetQueue>();

  function queueOf(key: string, rules: readonly RateRule[]): BudgetQueue {
    let queue = queues.get(key);
    if (queue === undefined) {
      queue = createBudgetQueue(rules, createPermits({ ...options, key, rules }));
      queues.set(key, queue);
    }
    return queue;
  }

  return (service, { rules: written, waitMs, sharedAs }) => {
    const counted = written.map(({ limit, windowMs }) => ({ limit, windowMs: windowMs + MARGIN_MS }));
    // In whatever order a gate and an application have written them.
    const rules = counted.sort((a, b) => a.windowMs - b.windowMs || a.limit - b.limit);
    const queue = queueOf(`${keys.originBudget(sharedAs)}:${textOf(rules)}`, rules);
    return createOriginBudget({ service, queue, rules, waitMs, observer });
  };
}

// A store forgets what it has counted by other rules; while one release follows another, each counts by its own.
function textOf(rules: readonly RateRule[]): string {
  return rules.map(({ limit, windowMs }) => `${limit}/${windowMs}`).join(',');
}
