import { defineConfig } from 'vitest/config';

/** The tests that `npm run mutation` runs against each mutant. They start no process and need no build. */
export default defineConfig({
  test: { include: ['test/unit/calls/*.test.ts', 'test/unit/cache/*.test.ts'], testTimeout: 10_000 },
});
