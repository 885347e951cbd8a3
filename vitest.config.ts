import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['{src,test,examples}/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 20_000,
    hookTimeout: 20_000,
    allowOnly: false,
    reporters: ['default', './test/support/reporter.ts'],
  },
});
