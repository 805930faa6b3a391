import { describe, expect, it } from 'vitest';
import { startReplicas, until, type Replica } from '../../support/replicas.js';

describe.concurrent('equal lookups of replicas that are processes', () => {
  it('cause two calls at most if the replica that calls is killed', async (test) => {
    const { counter, replicas } = await startReplicas(test, 3);
    const [leader, second, third] = replicas as [Replica, Replica, Replica];
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

  it('cause one call together and none afterwards, and fail together', async (test) => {
    const { counter, replicas } = await startReplicas(test, 3);
    const ask = (customerId: string): Promise<unknown>[] => replicas.map((replica) => replica.find(customerId, 800));
    await Promise.all([...ask('CC-1'), ...ask('CC-1')]);
    await Promise.all(ask('CC-1'));
    expect(counter.begun()).toHaveLength(1);
    await Promise.all(ask('CC-2'));
    expect(counter.begun()).toHaveLength(2);
    counter.fail();
    const results = await Promise.allSettled(ask('CC-3'));
    expect(results.map((result) => result.status === 'rejected' && String(result.reason))).toEqual(
      replicas.map(() => 'Error: malformed'),
    );
    expect(counter.begun()).toHaveLength(3);
  });
});
