import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { readLookup } from '../../../src/core/lookup.js';
import { closeAtEnd } from '../../support/close-at-end.js';
import { createLocalCalls, measure, startLocalReplica, type LocalReplica } from '../../support/local-replicas.js';
import { until } from '../../support/replicas.js';
import { lookupOptions } from '../../support/shared-redis.js';
import { startRedis } from '../../support/redis-server.js';
import { startTcpProxy } from '../../support/tcp-proxy.js';

const LOOKUP = readLookup({ phone: '3005550142' });

describe.concurrent('Messages between replicas', () => {
  it('that are not delivered leave most of the throughput (defect 24)', async (test) => {
    const redis = await closeAtEnd(test, startRedis());
    const proxy = await closeAtEnd(test, startTcpProxy(redis.url));
    const replicas = [await startLocalReplica(test, proxy.url), await startLocalReplica(test, proxy.url)];
    const before = await callsPerSecond(2, replicas);
    let held = 0;
    proxy.setRule((connection, direction) => {
      if (direction === 'toServer' || !connection.hasSent('SUBSCRIBE')) return 'pass';
      held += 1;
      return 'hold';
    });
    // A waiter tries every 25 to 50 ms.
    expect(await callsPerSecond(5, replicas)).toBeGreaterThan(before * 0.6);
    expect(held).toBeGreaterThan(0);
    for (const { events } of replicas) expect(events).toEqual([{ event: 'redis.up' }]);
  });

  it('that nobody can read change nothing (defect 27)', async (test) => {
    const redis = await closeAtEnd(test, startRedis());
    const [one, other] = [await startLocalReplica(test, redis.url), await startLocalReplica(test, redis.url)];
    let answer: (() => void) | undefined;
    const leader = one.singleFlight(
      () =>
        new Promise((resolve) => {
          answer = () => resolve({ records: [], sentAt: Date.now(), source: 'wolkvox' });
        }),
    );
    const led = leader.find(LOOKUP, lookupOptions(one.clock));
    await until(() => answer !== undefined);
    const waiting = other
      .singleFlight(() => Promise.reject(new Error('This call must not be sent.')))
      .find(LOOKUP, lookupOptions(other.clock));
    const channels = (await redis.command('PUBSUB', 'CHANNELS')) as string[];
    expect(channels.length).toBeGreaterThanOrEqual(3);
    const [leaseKey = ''] = (await redis.command('KEYS', '*:lease')) as string[];
    const name = /\{(.*)\}/.exec(leaseKey)?.[1] ?? expect.fail();
    const messages = [
      '',
      'no JSON',
      'null',
      '[]',
      '7',
      '{"name":7}',
      '\u0000\uffff',
      JSON.stringify({ name, kind: '__proto__' }),
      JSON.stringify({ name, kind: 'a kind of another version', message: 3, retryAfterSeconds: 'soon' }),
    ];
    for (const channel of channels) {
      for (const message of messages) expect(await redis.command('PUBLISH', channel, message)).toBe(2);
    }
    answer?.();
    expect(await led).toMatchObject({ source: 'wolkvox' });
    expect(await waiting).toMatchObject({ source: 'shared' });
    const calls = createLocalCalls();
    await Promise.all([one, one, other, other].map((replica) => calls.make(replica, 20)));
    expect([one.state().connection, other.state().connection]).toEqual(['up', 'up']);
  });

  it('that are lost leave no slot taken', async (test) => {
    const redis = await closeAtEnd(test, startRedis());
    const proxy = await closeAtEnd(test, startTcpProxy(redis.url));
    const other = await startLocalReplica(test, redis.url);
    const late = await startLocalReplica(test, proxy.url);
    const calls = createLocalCalls();
    const first = calls.make(other, 400);
    await until(() => other.state().slotsHeld === 1);
    proxy.setRule((_connection, direction) => (direction === 'toClient' ? 'hold' : 'pass'));
    // The first attempt takes the second slot. The next one is made after a second, when the first slot is free.
    const second = measure(() => calls.make(late, 1));
    await first;
    await sleep(1_200);
    proxy.setRule(() => 'pass');
    const { ms, error } = await second;
    expect(error).toBeUndefined();
    expect(ms).toBeGreaterThan(1_000);
    // No slot is blocked: two calls run at once.
    const later = createLocalCalls();
    await Promise.all([later.make(other, 500), later.make(other, 500)]);
    expect(later.most()).toBe(2);
  });

  it('whose replies are lost for so long that the caller fails leave no slot taken', async (test) => {
    const redis = await closeAtEnd(test, startRedis());
    const proxy = await closeAtEnd(test, startTcpProxy(redis.url));
    const replica = await startLocalReplica(test, proxy.url);
    proxy.setRule((_connection, direction) => (direction === 'toClient' ? 'hold' : 'pass'));
    const { error } = await measure(() => createLocalCalls().make(replica, 1));
    expect(error).toMatchObject({ kind: 'redis-down' });
    expect(await takenSlots(redis)).toBe(1);
    proxy.setRule(() => 'pass');
    const { ms } = await measure(() => until(async () => (await takenSlots(redis)) === 0));
    expect(ms).toBeLessThan(3_000);
  });

  it('that are lost while a pause begins leave no slot taken', async (test) => {
    const redis = await closeAtEnd(test, startRedis());
    const proxy = await closeAtEnd(test, startTcpProxy(redis.url));
    const other = await startLocalReplica(test, redis.url);
    const late = await startLocalReplica(test, proxy.url);
    proxy.setRule((_connection, direction) => (direction === 'toClient' ? 'hold' : 'pass'));
    const call = measure(() => createLocalCalls().make(late, 1));
    await until(async () => (await takenSlots(redis)) === 1);
    await other.slots.pause(3_000, 'exact');
    // The command is sent again after a second.
    await sleep(1_200);
    proxy.setRule(() => 'pass');
    const { ms, error } = await call;
    expect(error).toBeUndefined();
    expect(ms).toBeGreaterThan(3_000);
    const freed = await measure(() => until(async () => (await takenSlots(redis)) === 0));
    expect(freed.ms).toBeLessThan(3_000);
  });

  it('that come late do not keep an erased person reachable (defect 25)', async (test) => {
    const redis = await closeAtEnd(test, startRedis());
    const proxy = await closeAtEnd(test, startTcpProxy(redis.url));
    const erasing = await startLocalReplica(test, redis.url);
    const late = await startLocalReplica(test, proxy.url);
    let erasures = 0;
    late.onErased(() => (erasures += 1));
    proxy.setRule(() => ({ delayMs: 30 }));

    /** Makes a call whose answer is there after some time; it is stored after that. */
    const callAfter = (ms: number): Promise<unknown> => {
      const lookup = readLookup({ phone: `${3_005_550_000 + ms}` });
      const source = late.singleFlight(async () => {
        await sleep(ms);
        return { records: [], sentAt: Date.now(), source: 'wolkvox' };
      });
      return source.find(lookup, lookupOptions(late.clock));
    };
    const isReachable = async (ms: number): Promise<boolean> => {
      const lookup = readLookup({ phone: `${3_005_550_000 + ms}` });
      const answers = await Promise.all([erasing, late].map((replica) => replica.cache.read(lookup)));
      return answers.some((answer) => answer !== undefined);
    };

    await callAfter(0);
    await until(() => isReachable(0));
    const delays = Array.from({ length: 12 }, (_, index) => 100 + 20 * index);
    const answered = delays.map(callAfter);
    await sleep(160);
    await erasing.erase();
    await Promise.all(answered);
    for (const ms of [0, ...delays]) expect(await isReachable(ms)).toBe(false);
    expect(erasures).toBe(1);
    await callAfter(1);
    await until(() => isReachable(1));
  });
});

/** Makes calls of 100 ms, with more callers than slots. */
async function callsPerSecond(seconds: number, replicas: readonly LocalReplica[]): Promise<number> {
  const calls = createLocalCalls();
  const end = performance.now() + 1_000 * seconds;
  await Promise.all(replicas.map((replica) => calls.makeUntil(replica, 100, 3, () => performance.now() > end)));
  expect(calls.most()).toBe(2);
  return calls.ended() / seconds;
}

async function takenSlots(redis: { command(...args: string[]): Promise<unknown> }): Promise<number> {
  return ((await redis.command('KEYS', '*:slot:*')) as string[]).length;
}
