import { expect, it } from 'vitest';
import { chaos } from './chaos.js';

it(
  'While Wolkvox fails in every way, replicas die and Redis vanishes, callers get right answers or clear errors',
  { timeout: 240_000 },
  async () => {
    const said: string[] = [];
    const { violations, markdown } = await chaos({
      minutes: 0.6,
      replicas: 3,
      seed: 5,
      say: (line) => said.push(line),
    });
    console.log(markdown);
    expect(violations).toEqual([]);
    expect(said.filter((line) => /right/.test(line))).not.toHaveLength(0);
  },
);
