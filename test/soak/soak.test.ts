import { expect, it } from 'vitest';
import { soak } from './soak.js';

it(
  'sends at most two calls at once and gives no wrong answer while replicas and Redis fail',
  { timeout: 120_000 },
  async () => {
    const faults = ['double kill', 'redis loss', 'freeze'] as const;
    const { violations, counts } = await soak({ minutes: 1, seed: 16, faults, print: () => undefined });
    expect(violations).toEqual([]);
    expect(counts['killed']).toBe(2);
    expect(counts['right']).toBeGreaterThan(20);
    // Redis was away for a while: cached answers were served, and lookups without one failed.
    expect(counts['answersWithoutRedis']).toBeGreaterThan(0);
    expect(counts['errorsWithoutRedis']).toBeGreaterThan(0);
  },
);
