import { describe, expect, it } from 'vitest';
import { createClock } from '../../../src/core/clock.js';
import { createTimeSlices } from '../../../src/core/time-slices.js';
import { inSlices } from '../../../src/graphql/in-slices.js';
import { startOperation } from '../../../src/graphql/operation.js';

const ITEMS = Array.from({ length: 1_000 }, (_, index) => index);

function start(): Parameters<typeof inSlices>[2] & { readonly end: () => void } {
  const running = startOperation(5_000, createClock());
  return { slices: createTimeSlices(), running, end: () => running.end() };
}

/** The results as graphql-js waits for them. */
function promises<Result>(results: readonly (Result | Promise<Result>)[]): Promise<Result>[] {
  return results.map(async (result) => result);
}

describe('a list in slices', () => {
  it('is resolved at once if it is short', () => {
    const { end, ...context } = start();
    expect(inSlices(ITEMS, 10, context, (item) => item * 2)).toEqual(ITEMS.map((item) => item * 2));
    end();
  });

  it('is resolved in parts if it is long, and timers run between them (defects 43 and 44)', async () => {
    const { end, ...context } = start();
    const resolvedAt: number[] = [];
    let iteration = 0;
    const count = (): void => {
      iteration += 1;
      if (resolvedAt.length < ITEMS.length) setImmediate(count);
    };
    setImmediate(count);
    const results = inSlices(ITEMS, 4_000, context, (item) => {
      resolvedAt.push(iteration);
      return item * 2;
    });
    expect(resolvedAt).toHaveLength(100);
    expect(await Promise.all(promises(results))).toEqual(ITEMS.map((item) => item * 2));
    expect(new Set(resolvedAt).size).toBe(10);
    end();
  });

  it('has parts of at least one item', async () => {
    const { end, ...context } = start();
    const results = inSlices([1, 2, 3], 10_000_000, context, (item) => item);
    expect(await Promise.all(promises(results))).toEqual([1, 2, 3]);
    end();
  });

  it('is not resolved further after the operation has ended', async () => {
    const { end, ...context } = start();
    let resolved = 0;
    const results = inSlices(ITEMS, 4_000, context, () => (resolved += 1));
    end();
    const settled = await Promise.allSettled(promises(results));
    expect(resolved).toBe(100);
    expect(settled.filter(({ status }) => status === 'rejected')).toHaveLength(900);
  });

  it('rejects its later parts without an unhandled rejection if graphql-js has left it', async () => {
    const { end, ...context } = start();
    const unhandled: unknown[] = [];
    const listener = (reason: unknown): void => void unhandled.push(reason);
    process.on('unhandledRejection', listener);
    void inSlices(ITEMS, 4_000, context, (item) => item);
    end();
    for (let iteration = 0; iteration < 50; iteration += 1) await new Promise((resolve) => setImmediate(resolve));
    process.off('unhandledRejection', listener);
    expect(unhandled).toEqual([]);
  });
});
