import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startRedis, type RedisServer } from '../../support/redis-server.js';
import { startCallCounter, startReplica, until, type CallCounter, type Replica } from '../../support/replicas.js';

let redis: RedisServer;
let counter: CallCounter;
let replicas: [Replica, Replica];

beforeEach(async () => {
  [redis, counter] = await Promise.all([startRedis({ appendOnly: true }), startCallCounter()]);
  replicas = await Promise.all([startReplica(redis, counter), startReplica(redis, counter)]);
});
afterEach(async () => {
  redis.thaw();
  await Promise.all(replicas.map((replica) => replica.end()));
  await counter.close();
  await redis.close();
});

/** Makes a replica call twice, and returns when both calls run. Then the other replica waits for a slot. */
async function holdBothSlots(callMs: number): Promise<void> {
  const [holder, waiter] = replicas;
  for (const id of ['held-1', 'held-2']) void holder.find(id, callMs).catch(() => undefined);
  await until(() => counter.begun().length === 2);
  for (const id of ['next-1', 'next-2']) void waiter.find(id, 2_000).catch(() => undefined);
  await until(async () => (await waiter.report()).state.slotsWaiting === 2);
}

describe('the slots of replicas that are processes', { timeout: 60_000 }, () => {
  it('are used evenly and never by three calls, also while RECORD_ID_SECRET changes', async () => {
    const changed = await startReplica(redis, counter, { secret: 'the next secret, also long enough for a test' });
    const all = [...replicas, changed];
    const results = await Promise.all(all.map((replica) => replica.work(4_000, 6, 20)));
    await changed.end();
    expect(counter.most()).toBe(2);
    expect(results.map(({ failed }) => failed)).toEqual([0, 0, 0]);
    const begun = counter.begun();
    expect(begun.length).toBeGreaterThan(100);
    for (const { label } of all) {
      expect(begun.filter((other) => other === label).length / begun.length).toBeGreaterThan(0.2);
    }
  });

  it('are used again within 15 s after a kill -9 of their holder, and never by three calls', async () => {
    await holdBothSlots(40_000);
    const [holder] = replicas;
    holder.signal('SIGKILL');
    const killedAt = performance.now();
    await until(() => counter.running() === 0);
    await until(() => counter.running() === 2);
    expect(performance.now() - killedAt).toBeLessThan(15_000);
    expect(counter.most()).toBe(2);
  });

  it('stay with a holder that is frozen for less than the lease', async () => {
    await holdBothSlots(9_000);
    const [holder] = replicas;
    holder.signal('SIGSTOP');
    await sleep(5_000);
    expect(counter.begun()).toHaveLength(2);
    holder.signal('SIGCONT');
    await until(() => counter.begun().length === 4 && counter.running() === 0);
    expect(counter.most()).toBe(2);
    expect((await holder.report()).state.leasesLost).toBe(0);
  });

  it('are lost by a holder that is frozen for longer, which aborts its calls when it wakes', async () => {
    await holdBothSlots(40_000);
    const [holder] = replicas;
    holder.signal('SIGSTOP');
    await until(() => counter.most() === 4);
    holder.signal('SIGCONT');
    await until(() => counter.running() <= 2);
    expect((await holder.report()).state.leasesLost).toBe(2);
    counter.resetMost();
    await Promise.all(replicas.map((replica) => replica.work(1_500, 4, 20)));
    expect(counter.most()).toBe(2);
  });

  it.each([
    ['FLUSHALL', () => redis.command('FLUSHALL')],
    ['a restart without data', () => redis.restart({ empty: true })],
    ['a restart with data', () => redis.restart({ empty: false })],
  ])('overlap for one call at most after %s, and not afterwards', async (_name, lose) => {
    const work = Promise.all(replicas.map((replica) => replica.work(6_000, 4, 300)));
    await until(() => counter.begun().length >= 4);
    await lose();
    // A call lasts for 300 ms, and a lost lease is noticed after 2 s at most.
    await sleep(2_500);
    const begunBefore = counter.begun().length;
    counter.resetMost();
    await work;
    expect(counter.most()).toBe(2);
    expect(counter.begun().length - begunBefore).toBeGreaterThan(6);
  });

  it('are given back by a replica that stops', async () => {
    await holdBothSlots(40_000);
    const [holder] = replicas;
    const stoppedAt = performance.now();
    await holder.stop();
    expect(performance.now() - stoppedAt).toBeLessThan(2_000);
    await until(() => counter.begun().length === 4);
    expect(performance.now() - stoppedAt).toBeLessThan(4_000);
  });
});
