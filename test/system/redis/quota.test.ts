import { expect, it } from 'vitest';
import { startRedis } from '../../support/redis-server.js';
import { startCallCounter, startReplica } from '../../support/replicas.js';

it(
  'three processes count exactly the calls of the day, also after two of them restart',
  { timeout: 60_000 },
  async () => {
    const [redis, counter] = await Promise.all([startRedis(), startCallCounter()]);
    const start = (): ReturnType<typeof startReplica> => startReplica(redis, counter, { dailyLimit: 200 });
    let replicas = await Promise.all([start(), start(), start()]);
    try {
      const counted = await Promise.all(replicas.map((replica) => replica.consume(50)));
      expect(counted).toEqual([50, 50, 50]);
      const [first, ...others] = replicas;
      await Promise.all(others.map((replica) => replica.end()));
      replicas = [first, await start(), await start()];
      const more = await Promise.all(replicas.map((replica) => replica.consume(50)));
      expect(more.reduce((sum, calls) => sum + calls, 0)).toBe(50);
    } finally {
      await Promise.all(replicas.map((replica) => replica.end()));
      await counter.close();
      await redis.close();
    }
  },
);
