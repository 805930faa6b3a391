import { describe, expect, it } from 'vitest';
import { createZipf, median, percentile } from '../../../bench/statistics.js';
import { createRandom } from '../../../src/simulator/random.js';

describe('The statistics of the benchmark', () => {
  it('have the middle value, or the mean of the two in the middle', () => {
    expect(median([9, 1, 5])).toBe(5);
    expect(median([9, 1, 5, 7])).toBe(6);
    expect(median([3])).toBe(3);
    expect(median([])).toBeNaN();
  });

  it('have the value that a share of the values do not exceed', () => {
    const values = Array.from({ length: 100 }, (_, index) => 100 - index);
    expect([50, 95, 99, 100].map((percent) => percentile(values, percent))).toEqual([50, 95, 99, 100]);
    expect(percentile([7], 50)).toBe(7);
    expect(percentile([], 50)).toBeNaN();
  });

  it('choose the first of 2,000 people about twice as often as the second, and ten times as often as the tenth', () => {
    const random = createRandom(7);
    const next = createZipf(2_000, () => random(1_000_000) / 1_000_000);
    const counts = new Map<number, number>();
    for (let draw = 0; draw < 100_000; draw += 1) {
      const person = next();
      counts.set(person, (counts.get(person) ?? 0) + 1);
    }
    const [first = 0, second = 0, tenth = 0] = [0, 1, 9].map((person) => counts.get(person));
    expect(first / second).toBeCloseTo(2, 0);
    expect(first / tenth).toBeGreaterThan(9);
    expect(first / tenth).toBeLessThan(11);
    expect(Math.min(...counts.keys())).toBe(0);
    expect(Math.max(...counts.keys())).toBeLessThan(2_000);
  });
});
