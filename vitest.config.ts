import { defineConfig } from 'vitest/config';

export default defineConfig({
  // Vite would find graphql's `index.mjs`, Node finds `index.js`, and two copies of the library do not know each other's errors.
  resolve: { alias: [{ find: /^graphql$/, replacement: 'graphql/index.js' }] },
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: 'test/support/build.ts',
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // Many tests start processes and servers of their own; two at a time leave each a core.
    maxWorkers: 2,
    // The same for tests that run side by side in a file: each has several processes.
    maxConcurrency: 2,
    coverage: { provider: 'v8', include: ['src/**'], exclude: ['src/graphql/generated.ts'] },
  },
});
