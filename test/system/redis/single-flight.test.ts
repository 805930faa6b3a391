import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startRedis, type RedisServer } from '../../support/redis-server.js';
import { startCallCounter, startReplica, until, type CallCounter, type Replica } from '../../support/replicas.js';

let redis: RedisServer;
let counter: CallCounter;
let replicas: [Replica, Replica, Replica];

beforeEach(async () => {
  [redis, counter] = await Promise.all([startRedis(), startCallCounter()]);
  replicas = await Promise.all([
    startReplica(redis, counter),
    startReplica(redis, counter),
    startReplica(redis, counter),
  ]);
});
afterEach(async () => {
  await Promise.all(replicas.map((replica) => replica.end()));
  await counter.close();
  await redis.close();
});

describe('equal lookups of replicas that are processes', { timeout: 60_000 }, () => {
  it('cause one call together, none afterwards, and one more for other lookups', async () => {
    const ask = (customerId: string): Promise<unknown>[] => replicas.map((replica) => replica.find(customerId, 500));
    await Promise.all([...ask('CC-1'), ...ask('CC-1')]);
    expect(counter.begun()).toHaveLength(1);
    await Promise.all(ask('CC-1'));
    expect(counter.begun()).toHaveLength(1);
    await Promise.all(ask('CC-2'));
    expect(counter.begun()).toHaveLength(2);
  });

  it('cause two calls at most if the replica that calls is killed', async () => {
    const [leader, second, third] = replicas;
    void leader.find('CC-1', 40_000).catch(() => undefined);
    await until(() => counter.begun().length === 1);
    const waiting = [second.find('CC-1', 50), third.find('CC-1', 50), third.find('CC-1', 50)];
    leader.signal('SIGKILL');
    const killedAt = performance.now();
    const found = await Promise.all(waiting);
    expect(performance.now() - killedAt).toBeLessThan(15_000);
    expect(found.filter(({ source }) => source === 'shared')).toHaveLength(2);
    expect(counter.begun()).toHaveLength(2);
  });

  it('wait for a frozen replica no longer than its lease', async () => {
    const [leader, second] = replicas;
    void leader.find('CC-1', 40_000).catch(() => undefined);
    await until(() => counter.begun().length === 1);
    leader.signal('SIGSTOP');
    const frozenAt = performance.now();
    expect((await second.find('CC-1', 50)).source).toBe('wolkvox');
    expect(performance.now() - frozenAt).toBeLessThan(15_000);
    leader.signal('SIGCONT');
  });

  it('fail together, with one call', async () => {
    counter.fail();
    const results = await Promise.allSettled(replicas.map((replica) => replica.find('CC-1', 1_000)));
    expect(results.map((result) => result.status === 'rejected' && String(result.reason))).toEqual(
      replicas.map(() => 'Error: malformed'),
    );
    expect(counter.begun()).toHaveLength(1);
  });
});
