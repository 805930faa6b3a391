import { afterAll, beforeAll, expect, it } from 'vitest';
import type { DailyQuota } from '../../../src/core/limits.js';
import { noonZone } from '../../support/clock.js';
import { startRedis, type RedisServer } from '../../support/redis-server.js';
import { until } from '../../support/replicas.js';
import { openRedis } from '../../support/shared-redis.js';

let redis: RedisServer;

beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.close());

async function consume(quota: DailyQuota, calls: number): Promise<void> {
  for (let call = 0; call < calls; call += 1) await quota.consume();
}

it('shows the calls of other programs on every replica, also after Redis lost its data, until the next day', async () => {
  const zone = noonZone();
  const one = await openRedis(redis.url, { dailyLimit: undefined, zone });
  const other = await openRedis(redis.url, { dailyLimit: undefined, zone });
  const othersOf = ({ shared }: typeof one): number | undefined => shared.quota.state().usedByOthers;
  await consume(one.shared.quota, 3);
  await consume(other.shared.quota, 2);
  expect([othersOf(one), othersOf(other)]).toEqual([undefined, undefined]);
  await one.shared.quota.sync({ limit: 1_000, used: undefined });
  expect(othersOf(one)).toBeUndefined();
  await one.shared.quota.sync({ limit: undefined, used: 5 });
  expect(othersOf(one)).toBe(0);
  await one.shared.quota.sync({ limit: undefined, used: 12 });
  await until(() => othersOf(other) === 7);
  await consume(other.shared.quota, 4);
  await other.shared.quota.sync({ limit: undefined, used: 15 });
  expect(other.shared.quota.state()).toMatchObject({ used: 16, usedByOthers: 7 });
  await until(() => one.shared.quota.state().used === 16);

  await redis.command('FLUSHALL');
  await consume(one.shared.quota, 1);
  await until(() => othersOf(other) === 7);
  await one.shared.quota.sync({ limit: undefined, used: 20 });
  expect(one.shared.quota.state()).toMatchObject({ used: 20, usedByOthers: 10 });

  const { resetsAt, day } = one.shared.quota.state();
  const offsetMs = Number(zone.slice(3)) * 3_600_000;
  expect(new Date(resetsAt + offsetMs).toISOString()).toMatch(/T00:00:00\.000Z$/);
  expect(new Date(resetsAt + offsetMs - 1).toISOString().slice(0, 10)).toBe(day);
  one.clock.advance(86_400_000);
  expect(othersOf(one)).toBeUndefined();
});
