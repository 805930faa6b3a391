import { expect, it } from 'vitest';
import { startReplica, startReplicas } from '../../support/replicas.js';

it(
  'two processes and a third that starts later count exactly the calls of the day',
  { timeout: 60_000 },
  async (test) => {
    const options = { dailyLimit: 120 };
    const { redis, counter, replicas } = await startReplicas(test, 2, options);
    expect(await Promise.all(replicas.map((replica) => replica.consume(50)))).toEqual([50, 50]);
    const third = await startReplica(redis, counter, options);
    const more = await Promise.all([...replicas, third].map((replica) => replica.consume(50)));
    await third.end();
    expect(more.reduce((sum, calls) => sum + calls, 0)).toBe(20);
  },
);
