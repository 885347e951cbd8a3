import type { SerializedError, TestModule, TestRunEndReason, Vitest } from 'vitest/node';

/** Closes a run with `N passed, N failed`. A test that is skipped has failed: it proves nothing. */
export default class ClosingLineReporter {
  #filtered = false;

  onInit({ config }: Pick<Vitest, 'config'>): void {
    // With `-t` vitest marks the tests that were not asked for as skipped.
    this.#filtered = config.testNamePattern !== undefined;
  }

  onTestRunEnd(
    modules: readonly TestModule[],
    unhandledErrors: readonly SerializedError[],
    reason: TestRunEndReason,
  ): void {
    const { passed, failed } = countTests(modules, { skippedFails: !this.#filtered });
    const failures = failed + unhandledErrors.length + (reason === 'interrupted' ? 1 : 0);
    if (failures > 0) process.exitCode = 1;
    // At exit, so that nothing that vitest prints while it closes comes after it.
    process.once('exit', () => process.stdout.write(`${passed} passed, ${failures} failed\n`));
  }
}

type CountedModule = Pick<TestModule, 'errors'> & {
  children: { allTests(): Iterable<{ result(): { state: string } }> };
};

/** A module or a hook that fails outside every test counts as one failure. */
export function countTests(modules: readonly CountedModule[], { skippedFails }: { skippedFails: boolean }) {
  let passed = 0;
  let failed = 0;
  for (const module of modules) {
    failed += module.errors().length;
    for (const test of module.children.allTests()) {
      const { state } = test.result();
      if (state === 'passed') passed += 1;
      else if (state !== 'skipped' || skippedFails) failed += 1;
    }
  }
  return { passed, failed };
}
