import type { ServiceConfig } from '../config/schema.ts';
import type { BudgetSettings } from '../origin-budget/origin-budgets.ts';

/** What a service's `origin_limit` says, in the names of the code. */
export function budgetSettings(
  service: string,
  { rules, wait_ms: waitMs, shared_as: sharedAs = service }: NonNullable<ServiceConfig['origin_limit']>,
): BudgetSettings {
  return {
    rules: rules.map(({ limit, window_seconds: seconds }) => ({ limit, windowMs: seconds * 1000 })),
    waitMs,
    sharedAs,
  };
}
