import type { TestContext } from 'vitest';

/** Closes something when the test ends, also if it fails. It works for tests that run at the same time. */
export async function closeAtEnd<T extends { close(): Promise<void> }>(
  test: TestContext,
  starting: Promise<T>,
): Promise<T> {
  const started = await starting;
  test.onTestFinished(() => started.close());
  return started;
}
