import { describe, expect, it } from 'vitest';
import type { LookupFailure } from '../../../src/records/failure.js';
import { createShared } from '../../../src/redis/shared.js';
import type { Shared, SharedOptions } from '../../../src/redis/shared.js';
import { startRedis } from '../../support/redis-server.js';
import type { RedisServer } from '../../support/redis-server.js';
import { sharedDefaults, until } from '../../support/replicas.js';
import { play } from '../../support/redis-cluster.js';

describe.concurrent("the day's count shared by replicas", { timeout: 60_000 }, () => {
  it('lets exactly the limit through over four processes, and counts no refused try', () =>
    play({}, async ({ redis, replicas }) => {
      const all = await replicas(4, { dailyLimit: 200 });
      const results = (await Promise.all(all.map((one) => one.order({ act: 'spend', tries: 100 })))) as {
        spent: number;
        refusals: string[];
      }[];
      expect(results.reduce((sum, { spent }) => sum + spent, 0)).toBe(200);
      expect(new Set(results.flatMap(({ refusals }) => refusals))).toEqual(new Set(['UPSTREAM_QUOTA_EXHAUSTED']));
      expect(await countIn(redis)).toBe(200);
    }));

  it('tells the seconds to the next day of the account, by the clock of Redis', () =>
    withShared({ dailyLimit: 0 }, async (_redis, open) => {
      const shared = await open();
      const failure = await refusal(shared);
      const dayStart = Math.floor((Date.now() - 5 * 3_600_000) / 86_400_000) * 86_400_000;
      expect(shared.budget.state.day).toBe(new Date(dayStart).toISOString().slice(0, 10));
      const secondsLeft = (dayStart + 86_400_000 + 5 * 3_600_000 - Date.now()) / 1_000;
      expect(failure.retryAfterSeconds).toBeGreaterThan(secondsLeft - 60);
      expect(failure.retryAfterSeconds).toBeLessThan(secondsLeft + 60);
    }));

  it('stops everybody when Wolkvox says that the day is used up, but for one probe, until a call is accepted', () =>
    withShared({}, async (redis, open) => {
      const [one, other] = [await open(), await open()];
      await one.budget.spend();
      await one.budget.exhausted();
      await Promise.all([refusal(one), refusal(other)]);
      expect(other.budget.state.exhaustedUntil).toBeGreaterThan(Date.now());
      // The hour is over.
      await redis.ask('DEL', ...(await keysIn(redis, '*:probe:*')));
      const probes = await Promise.allSettled([one.budget.spend(), other.budget.spend(), other.budget.spend()]);
      expect(probes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      await one.budget.accepted();
      await other.budget.spend();
      expect(other.budget.state).toMatchObject({ exhaustedUntil: undefined, spent: 3 });
    }));

  it('is not lower after Redis has lost it than any replica knows', () =>
    withShared({ dailyLimit: 10 }, async (redis, open) => {
      const [one, other] = [await open(), await open()];
      for (let i = 0; i < 8; i += 1) await one.budget.spend();
      await redis.ask('FLUSHALL');
      await other.budget.spend();
      await one.budget.spend();
      await refusal(one);
      await refusal(other);
    }));

  it('goes on with a share each without Redis where that is wanted, and adds what was spent when it is back', () =>
    withShared({ dailyLimit: 20, whenDown: 'local' }, async (redis, open) => {
      const all = [await open(), await open()];
      await Promise.all(all.map((one) => takeOnce(one)));
      for (const one of all) for (let i = 0; i < 2; i += 1) await one.budget.spend();
      await until(() => all.every(({ budget }) => budget.state.spent === 4));
      await redis.kill();
      await until(() => all.every(({ health }) => health === 'down'));
      expect(await Promise.all(all.map((one) => spendUntilRefused(one)))).toEqual([8, 8]);
      await redis.restart({ empty: true });
      await until(async () => (await countIn(redis)) === 20);
      await Promise.all(all.map((one) => until(() => one.budget.state.spent === 20)));
      await refusal(await open());
    }));

  it('is put together from what each replica knows when Redis has lost it', () =>
    withShared({ dailyLimit: 20, whenDown: 'local' }, async (redis, open) => {
      const [one, other] = [await open(), await open()];
      await Promise.all([takeOnce(one), takeOnce(other)]);
      for (let i = 0; i < 3; i += 1) await one.budget.spend();
      for (let i = 0; i < 2; i += 1) await other.budget.spend();
      await redis.kill();
      await until(() => [one, other].every(({ health }) => health === 'down'));
      for (const alone of [one, one, other]) await alone.budget.spend();
      await redis.restart({ empty: true });
      await until(async () => (await countIn(redis)) === 8);
    }));

  it('fails closed without Redis', () =>
    withShared({}, async (redis, open) => {
      const one = await open();
      await redis.kill();
      await expect(one.budget.spend()).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
    }));

  it('reports 80, 95 and 100 percent, each once', () => {
    const events: unknown[] = [];
    return withShared({ dailyLimit: 20, observe: (event) => events.push(event) }, async (_redis, open) => {
      const one = await open();
      for (let i = 0; i < 20; i += 1) await one.budget.spend();
      await refusal(one);
      expect(events).toEqual([
        { event: 'budget', percent: 80, spent: 16, limit: 20 },
        { event: 'budget', percent: 95, spent: 19, limit: 20 },
        { event: 'budget', percent: 100, spent: 20, limit: 20 },
      ]);
    });
  });
});

async function withShared(
  options: Partial<SharedOptions>,
  act: (redis: RedisServer, open: () => Promise<Shared>) => Promise<void>,
): Promise<void> {
  const redis = await startRedis();
  const opened: Shared[] = [];
  try {
    await act(redis, async () => {
      const quiet = (): void => undefined;
      const log = { info: quiet, warn: quiet, error: quiet };
      const shared = createShared({ ...sharedDefaults, ...options, url: redis.url, log });
      opened.push(shared);
      await shared.start();
      return shared;
    });
  } finally {
    await Promise.all(opened.map((shared) => shared.close()));
    await redis.close();
  }
}

async function refusal({ budget }: Shared): Promise<LookupFailure> {
  const failure: unknown = await budget.spend().catch((error: unknown) => error);
  expect(failure).toMatchObject({ code: 'UPSTREAM_QUOTA_EXHAUSTED' });
  return failure as LookupFailure;
}

async function takeOnce({ places }: Shared): Promise<void> {
  const place = await places.take(AbortSignal.timeout(10_000));
  place.release();
}

async function spendUntilRefused({ budget }: Shared): Promise<number> {
  for (let spent = 0; ; spent += 1) {
    try {
      await budget.spend();
    } catch {
      return spent;
    }
  }
}

async function keysIn(redis: RedisServer, pattern: string): Promise<string[]> {
  const keys = await redis.ask('KEYS', pattern);
  return Array.isArray(keys) ? keys.map(String) : [];
}

async function countIn(redis: RedisServer): Promise<number> {
  const [key = ''] = await keysIn(redis, '*:calls:*');
  // A count starts at 1.
  return Number(await redis.ask('GET', key)) - 1;
}
