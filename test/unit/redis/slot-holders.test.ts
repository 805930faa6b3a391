import { hostname } from 'node:os';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startRedis, type RedisServer } from '../../support/redis-server.js';
import { until } from '../../support/replicas.js';
import { openRedis, type OpenedRedis } from '../../support/shared-redis.js';

let redis: RedisServer;

beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.close());
beforeEach(() => redis.command('FLUSHALL'));

type Holders = ReturnType<OpenedRedis['shared']['slotHolders']['read']>;

/** Reads until Redis has answered. */
async function holdersSeenBy({ shared }: OpenedRedis, isExpected: (holders: Holders) => boolean): Promise<Holders> {
  await until(() => isExpected(shared.slotHolders.read()));
  return shared.slotHolders.read();
}

async function evalCount(server: RedisServer): Promise<number> {
  const stats = String(await server.command('INFO', 'commandstats'));
  return Number(/cmdstat_eval:calls=(\d+)/.exec(stats)?.[1] ?? 0);
}

describe('the holders of the slots', () => {
  it('are replicas with a recognisable name of their own, the same for every replica that asks', async () => {
    const [one, other] = [await openRedis(redis.url), await openRedis(redis.url)];
    const names = [one, other].map(({ shared }) => shared.slotHolders.replica);
    expect(new Set(names).size).toBe(2);
    for (const name of names) expect(name).toMatch(/^[^ ]+\/\d+\/[0-9a-f]{4}$/);
    expect(names[0]).toContain(`${hostname()}/${process.pid}/`);

    expect(one.shared.slotHolders.read()).toBeUndefined();
    await holdersSeenBy(one, (holders) => holders?.every((name) => name === undefined) === true);
    const slots = [await acquire(one), await acquire(other)];
    for (const replica of [one, other]) {
      const holders = await holdersSeenBy(replica, (seen) => seen?.every((name) => name !== undefined) === true);
      expect([...(holders ?? [])].sort()).toEqual([...names].sort());
    }
    await slots[0]?.release();
    const left = await holdersSeenBy(other, (seen) => seen?.includes(undefined) === true);
    expect(left?.filter((name) => name !== undefined)).toEqual([names[1]]);
  });

  it('may be replicas of another version, whose slots have no name', async () => {
    const { shared } = await openRedis(redis.url);
    const slot = await acquire({ shared });
    const [key = ''] = (await redis.command('KEYS', '*:slot:*')) as string[];
    await redis.command('SET', key, 'e7ac7f14-5d0c-4a52-8d43-4e6a3b2b0f11');
    await until(() => shared.slotHolders.read()?.includes('a replica of another version') === true);
    await slot.release();
  });

  it('are read by one command at a time, and only if somebody asks', async () => {
    const { shared } = await openRedis(redis.url);
    const before = await evalCount(redis);
    for (let reads = 0; reads < 100; reads += 1) shared.slotHolders.read();
    await until(() => shared.slotHolders.read() !== undefined);
    // The heartbeat takes two commands a second.
    expect((await evalCount(redis)) - before).toBeLessThan(20);
  });

  it('are not known while Redis does not answer, and asking for them takes no time', async () => {
    const own = await startRedis();
    const replica = await openRedis(own.url);
    const { shared, clock } = replica;
    await holdersSeenBy(replica, (holders) => holders !== undefined);
    own.freeze();
    const startedAt = performance.now();
    expect(shared.slotHolders.read()).toEqual([undefined, undefined]);
    clock.advance(3_001);
    expect(shared.slotHolders.read()).toBeUndefined();
    expect(performance.now() - startedAt).toBeLessThan(500);
    own.thaw();
    await holdersSeenBy(replica, (holders) => holders !== undefined);
    await own.close();
  });
});

function acquire({ shared }: Pick<OpenedRedis, 'shared'>): ReturnType<typeof shared.slots.acquire> {
  return shared.slots.acquire(Infinity, AbortSignal.timeout(15_000));
}
