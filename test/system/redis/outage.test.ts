import { describe, expect, it } from 'vitest';
import { LookupFailure } from '../../../src/core/failure.js';
import { readLookup } from '../../../src/core/lookup.js';
import { closeAtEnd } from '../../support/close-at-end.js';
import { createLocalCalls, measure, startLocalReplica, type LocalReplica } from '../../support/local-replicas.js';
import { startCallCounter, startReplica, until } from '../../support/replicas.js';
import { lookupOptions } from '../../support/shared-redis.js';
import { startRedis } from '../../support/redis-server.js';
import { startRedisPair } from '../../support/redis-topologies.js';
import { startTcpProxy } from '../../support/tcp-proxy.js';

const LOOKUP = readLookup({ phone: '3005550142' });
/** A failure at once, on a machine that is busy. A command that gets no reply takes one or two seconds. */
const AT_ONCE_MS = 2_500;

describe.concurrent('Without a Redis that takes writes', () => {
  it('calls fail at once during a failover that keeps connections, and go on within 3 s (defect 21)', async (test) => {
    const pair = await closeAtEnd(test, startRedisPair());
    const replicas = [await startLocalReplica(test, pair.first.url), await startLocalReplica(test, pair.first.url)];
    await useBothSlots(replicas);
    await pair.failOver();
    await failsAtOnce(replicas);
    for (const replica of replicas) {
      expect(replica.state().connection).toBe('down');
      expect(replica.events).toContainEqual({ event: 'redis.down', reason: 'READONLY' });
    }
    await pair.failOver();
    const { ms } = await measure(() => useBothSlots(replicas));
    expect(ms).toBeLessThan(3_000);
    expect(replicas.map((replica) => replica.state().connection)).toEqual(['up', 'up']);
  });

  it('calls go on within 3 s when the address leads to the new primary (defect 21)', async (test) => {
    const pair = await closeAtEnd(test, startRedisPair());
    const proxy = await closeAtEnd(test, startTcpProxy(pair.first.url));
    const replicas = [await startLocalReplica(test, proxy.url), await startLocalReplica(test, proxy.url)];
    await useBothSlots(replicas);
    await pair.failOver();
    await failsAtOnce(replicas);
    proxy.setTarget(pair.second.url);
    const { ms } = await measure(() => useBothSlots(replicas));
    expect(ms).toBeLessThan(3_000);
    expect(await pair.second.command('INFO', 'replication')).toContain('role:master');
  });

  it.for([{ empty: true }, { empty: false }])(
    'calls go on when Redis is back, empty: $empty',
    async ({ empty }, test) => {
      const redis = await closeAtEnd(test, startRedis({ appendOnly: true }));
      const replicas = [
        await startLocalReplica(test, redis.url, { dailyLimit: 5 }),
        await startLocalReplica(test, redis.url, { dailyLimit: 5 }),
      ];
      const [one, other] = replicas as [LocalReplica, LocalReplica];
      await useBothSlots(replicas);
      for (let count = 0; count < 3; count += 1) await one.quota.consume();
      await redis.kill();
      await until(() => replicas.every((replica) => replica.state().connection === 'down'));
      await failsAtOnce(replicas);
      await redis.restart({ empty });
      const { ms } = await measure(() => useBothSlots(replicas));
      expect(ms).toBeLessThan(3_000);
      // An empty Redis learns the day's count from a replica that knows it.
      await one.quota.consume();
      await other.quota.consume();
      await expect(other.quota.consume()).rejects.toMatchObject({ kind: 'quota-used' });
      for (const { events } of replicas) {
        const changes = events.map(({ event }) => event).filter((event) => event.startsWith('redis.'));
        expect(changes).toEqual(['redis.up', 'redis.down', 'redis.up']);
      }
    },
  );

  it('a replica that is cut off sends nothing, while the others go on (defect 31)', async (test) => {
    const redis = await closeAtEnd(test, startRedis());
    const proxy = await closeAtEnd(test, startTcpProxy(redis.url));
    const connected = [await startLocalReplica(test, redis.url), await startLocalReplica(test, redis.url)];
    const cutOff = await startLocalReplica(test, proxy.url);
    const calls = createLocalCalls();
    const all = [...connected, cutOff];
    await Promise.all(all.map((replica) => calls.makeUntil(replica, 20, 1, () => calls.ended() >= 30)));
    await proxy.refuse();
    proxy.reset();
    await until(() => cutOff.state().connection === 'down');
    const callsWithout = createLocalCalls();
    const latest = calls.ended() + 30;
    const [{ error, ms }] = await Promise.all([
      measure(() => callsWithout.make(cutOff, 20)),
      ...connected.map((replica) => calls.makeUntil(replica, 20, 2, () => calls.ended() >= latest)),
    ]);
    expect(error).toMatchObject({ kind: 'redis-down', retryAfterSeconds: 2 });
    expect(ms).toBeLessThan(AT_ONCE_MS);
    await expect(cutOff.quota.consume()).rejects.toMatchObject({ kind: 'redis-down' });
    await expect(cutOff.erase()).rejects.toMatchObject({ kind: 'redis-down' });
    expect(callsWithout.most()).toBe(0);
    expect(calls.most()).toBe(2);
  });

  it('a replica that starts sends nothing, and begins by itself when Redis comes (defect 31)', async (test) => {
    const redis = await closeAtEnd(test, startRedis());
    await redis.kill();
    const replica = await startLocalReplica(test, redis.url);
    const calls = createLocalCalls();
    await expect(calls.make(replica, 20)).rejects.toMatchObject({ kind: 'redis-down' });
    const source = replica.singleFlight(() => Promise.reject(new Error('This call must not be sent.')));
    await expect(source.find(LOOKUP, lookupOptions(replica.clock))).rejects.toMatchObject({ kind: 'redis-down' });
    expect(await replica.cache.read(LOOKUP)).toBeUndefined();
    expect(replica.events).toEqual([{ event: 'redis.down', reason: 'ECONNREFUSED' }]);
    await redis.restart({ empty: true });
    const { ms } = await measure(() => useBothSlots([replica]));
    expect(ms).toBeLessThan(3_000);
  });

  it('a frozen replica holds its lookup until the end of its lease only (defect 26)', async (test) => {
    const redis = await closeAtEnd(test, startRedis());
    const counter = await closeAtEnd(test, startCallCounter());
    const [frozen, other] = await Promise.all([startReplica(redis, counter), startReplica(redis, counter)]);
    test.onTestFinished(() => Promise.all([frozen.end(), other.end()]).then(() => undefined));
    // The replica may end before the call does.
    const never = frozen.find('CC-77120034', 60_000).catch(() => undefined);
    await until(() => counter.begun().length === 1);
    frozen.signal('SIGSTOP');
    const { ms, error } = await measure(() => other.find('CC-77120034', 20));
    expect(error).toBeUndefined();
    expect(ms).toBeGreaterThan(7_000);
    expect(ms).toBeLessThan(12_500);
    expect(counter.begun()).toEqual([frozen.label, other.label]);
    await frozen.end();
    await never;
  });
});

/** Waits until the replicas use both slots at once; the replicas share them. */
async function useBothSlots(replicas: readonly LocalReplica[]): Promise<void> {
  const calls = createLocalCalls();
  await Promise.all(replicas.map((replica) => calls.makeUntil(replica, 50, 2, () => calls.most() === 2)));
  await until(() => replicas.every((replica) => replica.state().connection === 'up'));
}

async function failsAtOnce(replicas: readonly LocalReplica[]): Promise<void> {
  const calls = createLocalCalls();
  for (const replica of replicas) {
    const { ms, error } = await measure(() => calls.make(replica, 1));
    expect(error).toBeInstanceOf(LookupFailure);
    expect(error).toMatchObject({ kind: 'redis-down', retryable: true });
    expect(ms).toBeLessThan(AT_ONCE_MS);
  }
}
