import { describe, expect, it } from 'vitest';
import { createClock } from '../../../src/core/clock.js';
import { createTimeSlices } from '../../../src/core/time-slices.js';
import { startOperation } from '../../../src/graphql/operation.js';
import { createParts, inParts, type Parts } from '../../../src/graphql/parts.js';

const ITEMS = Array.from({ length: 1_000 }, (_, index) => index);

function start(): { readonly parts: Parts; readonly end: () => void } {
  const running = startOperation(5_000, createClock());
  return { parts: createParts(createTimeSlices(), running), end: () => running.end() };
}

/** The results as graphql-js waits for them. */
function promises<Result>(results: readonly (Result | Promise<Result>)[]): Promise<Result>[] {
  return results.map(async (result) => result);
}

describe('a list in parts', () => {
  it('is resolved at once if it is short', () => {
    const { parts, end } = start();
    expect(inParts(ITEMS, 10, parts, (item) => item * 2)).toEqual(ITEMS.map((item) => item * 2));
    end();
  });

  it('is resolved in parts if it is long, and timers run between them (defects 43 and 44)', async () => {
    const { parts, end } = start();
    const resolvedAt: number[] = [];
    let iteration = 0;
    const count = (): void => {
      iteration += 1;
      if (resolvedAt.length < ITEMS.length) setImmediate(count);
    };
    setImmediate(count);
    const results = inParts(ITEMS, 4_000, parts, (item) => {
      resolvedAt.push(iteration);
      return item * 2;
    });
    expect(resolvedAt).toHaveLength(100);
    expect(await Promise.all(promises(results))).toEqual(ITEMS.map((item) => item * 2));
    expect(new Set(resolvedAt).size).toBe(10);
    end();
  });

  it('has parts of at least one item', async () => {
    const { parts, end } = start();
    const results = inParts([1, 2, 3], 10_000_000, parts, (item) => item);
    expect(await Promise.all(promises(results))).toEqual([1, 2, 3]);
    end();
  });

  it('is not resolved further after the operation has ended', async () => {
    const { parts, end } = start();
    let resolved = 0;
    const results = inParts(ITEMS, 4_000, parts, () => (resolved += 1));
    end();
    const settled = await Promise.allSettled(promises(results));
    expect(resolved).toBe(100);
    expect(settled.filter(({ status }) => status === 'rejected')).toHaveLength(900);
  });

  it('rejects its later parts without an unhandled rejection if graphql-js has left it', async () => {
    const { parts, end } = start();
    const unhandled: unknown[] = [];
    const listener = (reason: unknown): void => void unhandled.push(reason);
    process.on('unhandledRejection', listener);
    void inParts(ITEMS, 4_000, parts, (item) => item);
    end();
    for (let iteration = 0; iteration < 50; iteration += 1) await new Promise((resolve) => setImmediate(resolve));
    process.off('unhandledRejection', listener);
    expect(unhandled).toEqual([]);
  });
});

describe('the parts of an operation', () => {
  it('are shared by all its lists, so that many short lists are not one long part', async () => {
    const { parts, end } = start();
    const resolvedAt: number[] = [];
    let iteration = 0;
    const count = (): void => {
      iteration += 1;
      if (resolvedAt.length < 5_000) setImmediate(count);
    };
    setImmediate(count);
    const lists = Array.from({ length: 50 }, () =>
      inParts(ITEMS.slice(0, 100), 1_000, parts, () => resolvedAt.push(iteration)),
    );
    await Promise.all(lists.flatMap(promises));
    const perIteration = resolvedAt.reduce(
      (counts, at) => counts.set(at, (counts.get(at) ?? 0) + 1),
      new Map<number, number>(),
    );
    expect(Math.max(...perIteration.values())).toBe(400);
    end();
  });

  it('have room for small work at once, until they are full and after they have started', async () => {
    const { parts, end } = start();
    expect(parts.take(400_000)).toBeUndefined();
    const next = parts.take(1);
    expect(next).toBeInstanceOf(Promise);
    expect(parts.take(1)).toBe(next);
    await next;
    expect(parts.take(1)).toBeUndefined();
    end();
  });

  it('count an item of a list as at least 200, because graphql-js takes time for each one', () => {
    const { parts, end } = start();
    const resolved: number[] = [];
    void inParts(
      Array.from({ length: 3_000 }, (_, index) => index),
      1,
      parts,
      (item) => resolved.push(item),
    );
    expect(resolved).toHaveLength(2_000);
    end();
  });
});
