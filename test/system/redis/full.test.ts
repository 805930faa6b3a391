import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { readLookup } from '../../../src/core/lookup.js';
import { closeAtEnd } from '../../support/close-at-end.js';
import { createLocalCalls, measure, startLocalReplica } from '../../support/local-replicas.js';
import { lookupOptions } from '../../support/shared-redis.js';
import { campaignRecord } from '../../support/record.js';
import { startRedis } from '../../support/redis-server.js';

/** Records of 1 to 30 kB, which compression does not make smaller. */
const RECORDS = Array.from({ length: 12 }, (_, index) =>
  campaignRecord({ opts: Array.from({ length: 12 }, () => randomBytes(60 + 170 * index).toString('base64')) }),
);

describe.concurrent('A Redis that is full', { timeout: 30_000 }, () => {
  it('still releases slots, and calls go on when it has memory again (defect 22)', async (test) => {
    const redis = await closeAtEnd(test, startRedis());
    const [one, other] = [await startLocalReplica(test, redis.url), await startLocalReplica(test, redis.url)];
    const { deadline, signal } = lookupOptions(one.clock);
    const held = [await one.slots.acquire(deadline, signal), await one.slots.acquire(deadline, signal)];
    await redis.command('CONFIG', 'SET', 'maxmemory', 1);
    const calls = createLocalCalls();
    await expect(calls.make(other, 1)).rejects.toMatchObject({ kind: 'redis-down' });
    expect(other.events).toContainEqual({ event: 'redis.command-refused', command: 'acquire', reason: 'OOM' });
    expect(other.state().errors).toMatchObject({ acquire: 1 });
    await Promise.all(held.map((slot) => slot.release()));
    await expect(calls.make(other, 1)).rejects.toMatchObject({ kind: 'redis-down' });
    await redis.command('CONFIG', 'SET', 'maxmemory', 0);
    const { ms, error } = await measure(() => Promise.all([calls.make(other, 200), calls.make(other, 200)]));
    expect(error).toBeUndefined();
    expect(calls.most()).toBe(2);
    expect(ms).toBeLessThan(2_000);
  });

  it.for(['noeviction', 'volatile-lru', 'allkeys-lru'])(
    'with the policy %s lets calls go on while answers fill it (defect 23)',
    async (policy, test) => {
      const config = { maxmemory: '4mb', 'maxmemory-policy': policy };
      const redis = await closeAtEnd(test, startRedis({ config }));
      const replicas = [await startLocalReplica(test, redis.url), await startLocalReplica(test, redis.url)];
      const calls = createLocalCalls();
      const failures: unknown[] = [];
      for (let index = 0; index < 400; index += 1) {
        const replica = replicas[index % 2] ?? expect.fail();
        const source = replica.singleFlight(async () => {
          await calls.make(replica, 1);
          await replica.quota.consume();
          return { records: RECORDS.slice(index % 12, (index % 12) + 1), sentAt: Date.now(), source: 'wolkvox' };
        });
        const lookup = readLookup({ phone: `${3_005_550_000 + index}` });
        const { error } = await measure(() => source.find(lookup, lookupOptions(replica.clock)));
        if (error !== undefined) failures.push(error);
      }
      expect(failures.length).toBe(0);
      expect(calls.ended()).toBe(400);
      // A Redis that evicts keys may evict the count.
      if (policy === 'noeviction') expect(replicas[1]?.quota.state().used).toBe(400);
      const { length } = (await redis.command('KEYS', '*:answer')) as string[];
      expect(length).toBeGreaterThan(20);
      // Replicas that start now did not store the answers that fill Redis, and their connections need memory too.
      const later = await Promise.all(Array.from({ length: 8 }, () => startLocalReplica(test, redis.url)));
      const more = await measure(() =>
        Promise.all(later.map((replica) => Promise.all([replica.quota.consume(), calls.make(replica, 1)]))),
      );
      expect(more.error).toBeUndefined();
      expect(length).toBeLessThan(400);
    },
  );
});
