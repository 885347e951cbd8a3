import { expect, it } from 'vitest';
import { budgetConflicts } from './budget-conflicts.ts';
import { formatFault } from './fault.ts';

const limited = (rules: object[], shared_as?: string) => ({
  origin_limit: { rules, ...(shared_as !== undefined && { shared_as }) },
});

it.each<[string, object, string[]]>([
  [
    'one name',
    { a: limited([{ limit: 5 }], 'base'), b: limited([{ limit: 5, window_seconds: 1 }], 'base') },
    [],
  ],
  ['names of their own', { a: limited([{ limit: 5 }]), b: limited([{ limit: 6 }]), c: {} }, []],
  [
    'one name and other rules',
    { a: limited([{ limit: 5 }], 'base'), b: limited([{ limit: 6 }], 'base') },
    ['services.b.origin_limit.rules'],
  ],
  [
    'the name of another service',
    { a: limited([{ limit: 5 }]), b: limited([{ limit: 5, window_seconds: 2 }], 'a') },
    ['services.b.origin_limit.rules'],
  ],
])('services with %s', (_what, services, paths) => {
  const faults = budgetConflicts({ services });
  expect(faults.map(({ path }) => path)).toEqual(paths);
  for (const fault of faults) expect(formatFault(fault)).toContain('services.a, which has the same budget');
});
