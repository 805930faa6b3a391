import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { readLookup } from '../../../src/core/lookup.js';
import { closeAtEnd } from '../../support/close-at-end.js';
import { createLocalCalls, measure, startLocalReplica, type LocalReplica } from '../../support/local-replicas.js';
import { lookupOptions } from '../../support/shared-redis.js';
import { campaignRecord } from '../../support/record.js';
import { startRedis } from '../../support/redis-server.js';

/** Records of 1 to 30 kB, which compression does not make smaller. */
const RECORDS = Array.from({ length: 12 }, (_, index) =>
  campaignRecord({ opts: Array.from({ length: 12 }, () => randomBytes(60 + 170 * index).toString('base64')) }),
);

describe.concurrent('A Redis that is full', () => {
  it('still releases slots, and calls go on when it has memory again (defect 22)', async (test) => {
    const redis = await closeAtEnd(test, startRedis());
    const [one, other] = [await startLocalReplica(test, redis.url), await startLocalReplica(test, redis.url)];
    const { deadline, signal } = lookupOptions(one.clock);
    const held = [await one.slots.acquire(deadline, signal), await one.slots.acquire(deadline, signal)];
    await redis.command('CONFIG', 'SET', 'maxmemory', 1);
    const calls = createLocalCalls();
    await Promise.all(held.map((slot) => slot.release()));
    await expect(calls.make(other, 1)).rejects.toMatchObject({ kind: 'redis-down' });
    expect(other.events).toContainEqual({ event: 'redis.command-refused', command: 'acquire', reason: 'OOM' });
    expect(other.state().errors['acquire']).toBeGreaterThan(0);
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
      const calls = createLocalCalls();
      const failures: unknown[] = [];

      async function find(replica: LocalReplica, index: number): Promise<void> {
        const source = replica.singleFlight(async () => {
          await calls.make(replica, 1);
          await replica.quota.consume();
          return { records: RECORDS.slice(index % 12, (index % 12) + 1), sentAt: Date.now(), source: 'wolkvox' };
        });
        const lookup = readLookup({ phone: `${3_005_550_000 + index}` });
        const { error } = await measure(() => source.find(lookup, lookupOptions(replica.clock)));
        if (error !== undefined) failures.push(error);
      }

      // The replicas of each deployment did not store the answers of the one before, and need memory themselves.
      for (let deployment = 0; deployment < 3; deployment += 1) {
        const replicas = await Promise.all(Array.from({ length: 8 }, () => startLocalReplica(test, redis.url)));
        for (let index = 0; index < 200; index += 1) {
          const replica = replicas[index % 8] ?? expect.fail();
          await find(replica, 200 * deployment + index);
        }
        await Promise.all(replicas.map((replica) => replica.stop()));
      }
      expect(failures.length).toBe(0);
      expect(calls.ended()).toBe(600);
      const last = await startLocalReplica(test, redis.url);
      // A Redis that evicts keys may evict the count.
      if (policy === 'noeviction') expect(last.quota.state().used).toBe(600);
      const { length } = (await redis.command('KEYS', '*:answer')) as string[];
      expect(length).toBeGreaterThan(20);
      expect(length).toBeLessThan(600);
    },
  );
});
