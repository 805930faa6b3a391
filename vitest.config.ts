import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files of these folders start first, because they last longest. The rest follows. */
const SLOW_FOLDERS = ['/test/soak/', '/test/system/', '/test/api/'];

/** A file that lasts long and starts last would leave a worker idle. */
class SlowestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rankOf = ({ moduleId }: TestSpecification): number => {
      const rank = SLOW_FOLDERS.findIndex((folder) => moduleId.includes(folder));
      return rank === -1 ? SLOW_FOLDERS.length : rank;
    };
    return (await super.sort(files)).sort((one, other) => rankOf(one) - rankOf(other));
  }
}

export default defineConfig({
  // Vite would load graphql's `index.mjs` and Node `index.js`. Two copies of the library do not accept each other's
  // errors.
  resolve: { alias: [{ find: /^graphql$/, replacement: 'graphql/index.js' }] },
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: 'test/support/build.ts',
    // They end a test that hangs. A machine that does other work needs several times as long as a free one.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // Many tests wait for timers and processes, so three of them keep two cores busy.
    maxWorkers: 3,
    // Concurrent tests of a file have several processes each.
    maxConcurrency: 2,
    sequence: { sequencer: SlowestFirst },
  },
});
