import { describe, expect, it } from 'vitest';
import { createTimeSlices } from '../../../src/core/time-slices.js';

/** Keeps the event loop busy. */
function work(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

describe('time slices', () => {
  it('let parts start at once until the slice is over', () => {
    // Longer than any pause of a busy machine.
    const slices = createTimeSlices(60_000);
    for (let part = 0; part < 100; part += 1) expect(slices.next()).toBeUndefined();
  });

  it('let the process handle its timers between the parts of a long operation', async () => {
    const slices = createTimeSlices(5);
    let timers = 0;
    const timer = setInterval(() => (timers += 1), 1);
    for (let part = 0; part < 40; part += 1) {
      await slices.next();
      work(3);
    }
    const timersAtEnd = timers;
    // Without the slices the microtasks of the loop would run in one go.
    timers = 0;
    for (let part = 0; part < 40; part += 1) {
      await Promise.resolve();
      work(3);
    }
    expect(timers).toBe(0);
    expect(timersAtEnd).toBeGreaterThan(10);
    clearInterval(timer);
  });

  it('start waiting parts in the order in which they asked, several in one slice', async () => {
    const slices = createTimeSlices(500);
    expect(slices.next()).toBeUndefined();
    work(510);
    const started: number[] = [];
    let iterations = 0;
    const count = (): void => {
      iterations += 1;
      if (started.length < 30) setImmediate(count);
    };
    setImmediate(count);
    await Promise.all(
      Array.from({ length: 30 }, async (_, index) => {
        const pause = slices.next();
        expect(pause).toBeInstanceOf(Promise);
        await pause;
        started.push(index);
      }),
    );
    expect(started).toEqual(Array.from({ length: 30 }, (_, index) => index));
    expect(iterations).toBeLessThan(15);
  });

  it('give each of many operations a part before one of them gets its second', async () => {
    const slices = createTimeSlices(1);
    void slices.next();
    work(2);
    const parts: string[] = [];
    const operation = async (name: string): Promise<void> => {
      for (let part = 1; part <= 3; part += 1) {
        await slices.next();
        work(2);
        parts.push(`${name}${part}`);
      }
    };
    await Promise.all(['a', 'b', 'c'].map(operation));
    expect(parts).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'c2', 'a3', 'b3', 'c3']);
  });
});
