import { expect, it } from 'vitest';
import { soak } from './soak.js';

it(
  'Three replicas, killed and frozen at random, never send three calls at once and give no wrong answer',
  { timeout: 240_000 },
  async () => {
    const said: string[] = [];
    const { violations, markdown } = await soak({
      ...{ minutes: 1, replicas: 3, seed: 4, redisPercent: 20 },
      say: (line) => said.push(line),
    });
    console.log(markdown);
    expect(violations).toEqual([]);
    expect(said.filter((line) => /in use again/.test(line))).not.toHaveLength(0);
  },
);
