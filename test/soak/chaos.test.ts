import { expect, it } from 'vitest';
import { chaos } from './chaos.js';

it('gives right answers or clear errors while Wolkvox, replicas and Redis fail', { timeout: 180_000 }, async () => {
  const { violations, counts } = await chaos({ minutes: 0.2, seed: 5, print: () => undefined });
  expect(violations).toEqual([]);
  expect(counts['right']).toBeGreaterThan(20);
  expect(counts['faulty']).toBeGreaterThan(0);
  expect(counts['killed']).toBeGreaterThan(0);
});
