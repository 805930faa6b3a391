import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, type TestContext } from 'vitest';
import type { RedisServer } from '../../support/redis-server.js';
import { startReplica, startReplicas, until, type CallCounter, type Replica } from '../../support/replicas.js';

interface Pair {
  readonly redis: RedisServer;
  readonly counter: CallCounter;
  readonly holder: Replica;
  readonly waiter: Replica;
}

async function startPair(test: TestContext): Promise<Pair> {
  const { redis, counter, replicas } = await startReplicas(test, 2);
  const [holder, waiter] = replicas as [Replica, Replica];
  return { redis, counter, holder, waiter };
}

/** One replica makes two calls; then the other waits for a slot with two calls of 2 s. */
async function startHeldPair(test: TestContext, callMs: number): Promise<Pair> {
  const pair = await startPair(test);
  const { counter, holder, waiter } = pair;
  for (const id of ['held-1', 'held-2']) void holder.find(id, callMs).catch(() => undefined);
  await until(() => counter.begun().length === 2);
  for (const id of ['next-1', 'next-2']) void waiter.find(id, 2_000).catch(() => undefined);
  await until(async () => (await waiter.report()).state.slotsWaiting === 2);
  return pair;
}

describe.concurrent('the slots of replicas that are processes', () => {
  it('are used again within 15 s after a kill -9 of their holder, and never by three calls', async (test) => {
    const { counter, holder } = await startHeldPair(test, 40_000);
    holder.signal('SIGKILL');
    const killedAt = performance.now();
    await until(() => counter.running() === 0);
    await until(() => counter.running() === 2);
    expect(performance.now() - killedAt).toBeLessThan(15_000);
    expect(counter.most()).toBe(2);
  });

  it('are lost by a holder that is frozen for longer than the lease, which aborts its calls', async (test) => {
    const { counter, holder, waiter } = await startHeldPair(test, 40_000);
    holder.signal('SIGSTOP');
    await until(() => counter.most() === 4);
    holder.signal('SIGCONT');
    await until(() => counter.running() <= 2);
    expect((await holder.report()).state.leasesLost).toBe(2);
    await until(() => counter.running() === 0);
    counter.resetMost();
    const begunBefore = counter.begun().length;
    await Promise.all([holder, waiter].map((replica) => replica.work(1_500, 4, 20)));
    expect(counter.most()).toBe(2);
    expect(counter.begun().length - begunBefore).toBeGreaterThan(10);
  });

  it('stay with a holder that is frozen for less than the lease', async (test) => {
    const { counter, holder } = await startHeldPair(test, 8_000);
    holder.signal('SIGSTOP');
    await sleep(5_000);
    expect(counter.begun()).toHaveLength(2);
    holder.signal('SIGCONT');
    await until(() => counter.begun().length === 4 && counter.running() === 0);
    expect(counter.most()).toBe(2);
    expect((await holder.report()).state.leasesLost).toBe(0);
  });

  it.for(['FLUSHALL', 'a restart without data', 'a restart with data'])(
    'are used by two calls again soon after %s',
    async (loss, test) => {
      const { redis, counter, holder, waiter } = await startPair(test);
      const work = Promise.all([holder, waiter].map((replica) => replica.work(5_000, 4, 300)));
      await until(() => counter.begun().length >= 4);
      if (loss === 'FLUSHALL') await redis.command('FLUSHALL');
      else await redis.restart({ empty: loss === 'a restart without data' });
      // A call lasts for 300 ms, and a lost lease is noticed after 2 s at most.
      await sleep(2_500);
      const begunBefore = counter.begun().length;
      counter.resetMost();
      await work;
      expect(counter.most()).toBe(2);
      expect(counter.begun().length - begunBefore).toBeGreaterThan(4);
    },
  );

  it('are never used by three calls while RECORD_ID_SECRET changes from replica to replica', async (test) => {
    const { redis, counter, holder, waiter } = await startPair(test);
    const changed = await startReplica(redis, counter, { secret: 'the next secret, also long enough for a test' });
    const results = await Promise.all([holder, waiter, changed].map((replica) => replica.work(3_000, 6, 20)));
    await changed.end();
    expect(counter.most()).toBe(2);
    expect(results.map(({ failed }) => failed)).toEqual([0, 0, 0]);
    expect(counter.begun().filter((label) => label === changed.label).length).toBeGreaterThan(10);
  });

  it('are given back by a replica that stops', async (test) => {
    const { counter, holder } = await startHeldPair(test, 40_000);
    const stoppedAt = performance.now();
    await holder.stop();
    expect(performance.now() - stoppedAt).toBeLessThan(2_000);
    await until(() => counter.begun().length === 4);
    expect(performance.now() - stoppedAt).toBeLessThan(4_000);
  });
});
