import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { createQuotaSync } from '../../../src/calls/quota-sync.js';
import { startRedis, type RedisServer } from '../../support/redis-server.js';
import { until } from '../../support/replicas.js';
import { openRedis } from '../../support/shared-redis.js';

let redis: RedisServer;

beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.close());
beforeEach(() => redis.command('FLUSHALL'));

describe('the schedule of the quota syncs of replicas', () => {
  it('grants a claim to one replica of the account, and tells the others when it ends', async () => {
    const replicas = await Promise.all([
      openRedis(redis.url),
      openRedis(redis.url, { token: 'the next token' }),
      openRedis(redis.url, { secret: 'the next secret, also long enough for a test' }),
    ]);
    const claims = await Promise.all(replicas.map(({ shared }) => shared.quotaSyncSchedule.claim(60_000)));
    const [granted, ...refused] = claims.sort((one, other) => one - other);
    expect(granted).toBe(0);
    for (const ms of refused) {
      expect(ms).toBeGreaterThan(40_000);
      expect(ms).toBeLessThanOrEqual(60_000);
    }
    const stranger = await openRedis(redis.url, { account: '0043' });
    expect(await stranger.shared.quotaSyncSchedule.claim(60_000)).toBe(0);
  });

  it('grants a claim again when it has ended, or later if it was postponed', async () => {
    const { shared } = await openRedis(redis.url);
    const schedule = shared.quotaSyncSchedule;
    expect(await schedule.claim(100)).toBe(0);
    await until(async () => (await schedule.claim(100)) === 0);
    await schedule.postpone(3_600_000);
    await sleep(150);
    expect(await schedule.claim(100)).toBeGreaterThan(3_000_000);
  });

  it('lets one of three replicas ask for each interval', async () => {
    const intervalMs = 400;
    const askedAt: number[] = [];
    const replicas = await Promise.all(Array.from({ length: 3 }, () => openRedis(redis.url)));
    for (const { shared, clock } of replicas) {
      const sync = createQuotaSync({
        source: {
          async find() {
            askedAt.push(performance.now());
            return { limit: 1_000, used: 17, sentAt: clock.epochMs(), source: 'wolkvox' };
          },
        },
        ...{ quota: shared.quota, schedule: shared.quotaSyncSchedule, intervalMs, clock },
        observe: () => undefined,
        onBug: (error) => expect.fail(String(error)),
      });
      onTestFinished(() => sync.stop());
      sync.start();
    }
    await until(() => askedAt.length >= 5);
    const distances = askedAt.slice(1).map((at, index) => at - (askedAt[index] ?? 0));
    expect(Math.min(...distances)).toBeGreaterThan(0.9 * intervalMs);
    for (const { shared } of replicas) await until(() => shared.quota.state().limit === 1_000);
  });
});
