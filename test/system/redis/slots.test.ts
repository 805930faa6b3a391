import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { until, UNTIL_TOLD } from '../../support/replicas.js';
import { play } from '../../support/redis-cluster.js';

/** A lease of the length that a test can wait for; calls at the witness are shorter. */
const SHORT_LEASE = { timings: { leaseMs: 15_000 } };
const LONG = 60_000;

describe.concurrent('places shared by replicas', { timeout: 60_000 }, () => {
  it('are never more than two over four replicas, and all calls are made', () =>
    play({}, async ({ witness, replicas }) => {
      const all = await replicas(4);
      await Promise.all(
        all.map((each) => each.order({ act: 'run', calls: 60, parallel: 8, ms: 5, label: 'x', patienceMs: LONG })),
      );
      expect(witness.begun).toHaveLength(240);
      expect(witness.most).toBe(2);
    }));

  it('are one only where the concurrency is one', () =>
    play({}, async ({ witness, replicas }) => {
      const all = await replicas(2, { concurrency: 1 });
      await Promise.all(
        all.map((each) => each.order({ act: 'run', calls: 20, parallel: 4, ms: 5, label: 'x', patienceMs: LONG })),
      );
      expect(witness.begun).toHaveLength(40);
      expect(witness.most).toBe(1);
    }));

  it('go to who asked first, whichever replica that is', () =>
    play({}, async ({ redis, witness, replica }) => {
      const [first, second, third] = await Promise.all([
        replica({ concurrency: 1 }),
        replica({ concurrency: 1 }),
        replica({ concurrency: 1 }),
      ]);
      const running = [first.order({ act: 'once', ms: UNTIL_TOLD, label: '0', patienceMs: LONG })];
      await witness.hasBegun(1);
      const turns = [second, third, first, third, second, first];
      for (const [turn, asker] of turns.entries()) {
        running.push(asker.order({ act: 'once', ms: 10, label: String(turn + 1), patienceMs: LONG }));
        await until(async () => (await waitingIn(redis)) === turn + 1);
      }
      witness.endHeld();
      await Promise.all(running);
      expect(witness.begun.join('')).toBe('0123456');
    }));

  it('of a killed replica are free again within 15 s, though its calls would have lasted a minute', () =>
    play({}, async ({ witness, replica }) => {
      const [holder, waiter] = await Promise.all([replica(), replica()]);
      const lost = Promise.allSettled([
        holder.order({ act: 'once', ms: LONG, label: 'held', patienceMs: LONG }),
        holder.order({ act: 'once', ms: LONG, label: 'held', patienceMs: LONG }),
      ]);
      await witness.hasBegun(2);
      holder.signal('SIGKILL');
      await waiter.order({ act: 'run', calls: 2, parallel: 2, ms: 10, label: 'x', patienceMs: 15_000 });
      expect(witness.begun).toHaveLength(4);
      expect(witness.most).toBe(2);
      void lost;
    }));

  it('of a frozen replica are not handed out while its calls run, and it goes on afterwards', () =>
    play({}, async ({ witness, replica }) => {
      const [holder, waiter] = await Promise.all([replica(SHORT_LEASE), replica(SHORT_LEASE)]);
      const held = Promise.allSettled([
        holder.order({ act: 'once', ms: 11_000, label: 'held', patienceMs: LONG }),
        holder.order({ act: 'once', ms: 11_000, label: 'held', patienceMs: LONG }),
      ]);
      await witness.hasBegun(2);
      holder.signal('SIGSTOP');
      const waited = waiter.order({ act: 'run', calls: 2, parallel: 2, ms: 500, label: 'x', patienceMs: LONG });
      await until(() => witness.running < 2);
      expect(witness.begun).toEqual(['held', 'held']);
      await waited;
      holder.signal('SIGCONT');
      await held;
      await Promise.all(
        [holder, waiter].map((one) =>
          one.order({ act: 'run', calls: 10, parallel: 4, ms: 5, label: 'x', patienceMs: LONG }),
        ),
      );
      expect(witness.begun).toHaveLength(24);
      expect(witness.most).toBe(2);
    }));

  it('that a frozen waiter is offered go to the next, and it has its turn when it wakes', () =>
    play({}, async ({ redis, witness, replica }) => {
      const [holder, frozen, next] = await Promise.all([
        replica({ concurrency: 1 }),
        replica({ concurrency: 1 }),
        replica({ concurrency: 1 }),
      ]);
      const held = holder.order({ act: 'once', ms: UNTIL_TOLD, label: 'held', patienceMs: LONG });
      await witness.hasBegun(1);
      const slept = frozen.order({ act: 'once', ms: 10, label: 'frozen', patienceMs: LONG });
      await until(async () => (await waitingIn(redis)) === 1);
      frozen.signal('SIGSTOP');
      const served = next.order({ act: 'once', ms: 10, label: 'next', patienceMs: 15_000 });
      await until(async () => (await waitingIn(redis)) === 2);
      witness.endHeld();
      await served;
      frozen.signal('SIGCONT');
      await Promise.all([held, slept]);
      expect(witness.begun).toEqual(['held', 'next', 'frozen']);
      expect(witness.most).toBe(1);
    }));

  it.each([
    ['empty', { appendOnly: false, empty: true }],
    ['with its data', { appendOnly: true, empty: false }],
  ])('outlive a restart of Redis, %s, without a third call and without a word', (_title, { appendOnly, empty }) =>
    play({ appendOnly }, async ({ redis, witness, replicas }) => {
      const all = await replicas(3);
      const work = all.map((each) =>
        each.order({ act: 'run', calls: 25, parallel: 4, ms: 100, label: 'x', patienceMs: LONG }),
      );
      await witness.hasBegun(15);
      await redis.restart({ empty });
      await Promise.all(work);
      expect(witness.most).toBe(2);
    }),
  );

  it('outlive FLUSHALL while calls run', () =>
    play({}, async ({ redis, witness, replica }) => {
      const [holder, other, another] = await Promise.all([replica(), replica(), replica()]);
      const held = [1, 2].map(() => holder.order({ act: 'once', ms: 4_000, label: 'held', patienceMs: LONG }));
      await witness.hasBegun(2);
      await redis.ask('FLUSHALL');
      const late = await replica();
      await Promise.all(
        [late, other, another].map((one) =>
          one.order({ act: 'run', calls: 4, parallel: 2, ms: 10, label: 'x', patienceMs: LONG }),
        ),
      );
      await Promise.all(held);
      expect(witness.begun).toHaveLength(14);
      expect(witness.most).toBe(2);
    }));

  it('are not handed out after a restart of Redis while a replica that may hold some is frozen', () =>
    play({}, async ({ redis, witness, replica }) => {
      const [holder, waiter] = await Promise.all([replica(SHORT_LEASE), replica(SHORT_LEASE)]);
      const held = Promise.allSettled(
        [1, 2].map(() => holder.order({ act: 'once', ms: 11_000, label: 'held', patienceMs: LONG })),
      );
      await witness.hasBegun(2);
      holder.signal('SIGSTOP');
      await redis.restart({ empty: true });
      await waiter.order({ act: 'run', calls: 2, parallel: 2, ms: 500, label: 'x', patienceMs: LONG });
      holder.signal('SIGCONT');
      await held;
      expect(witness.begun).toHaveLength(4);
      expect(witness.most).toBe(2);
    }));

  it('fail closed while Redis is frozen, and go on by themselves when it is back', () =>
    play({}, async ({ redis, witness, replicas }) => {
      const all = await replicas(3);
      const work = all.map((each) =>
        each.order({ act: 'run', calls: 20, parallel: 4, ms: 50, label: 'x', patienceMs: LONG }),
      );
      await witness.hasBegun(10);
      redis.freeze();
      const results = await Promise.allSettled(
        all.map((each) => each.order({ act: 'once', ms: 1, label: 'x', patienceMs: LONG })),
      );
      redis.thaw();
      expect(results.map((result) => (result.status === 'rejected' ? String(result.reason) : 'fulfilled'))).toEqual(
        Array.from({ length: 3 }, () => 'Error: UPSTREAM_UNAVAILABLE'),
      );
      await Promise.all(work);
      expect(witness.most).toBe(2);
    }));

  it('fail closed without Redis from the start', () =>
    play({}, async ({ redis, replica }) => {
      await redis.kill();
      const one = await replica();
      expect(await one.order({ act: 'health' })).toBe('down');
      await expect(one.order({ act: 'once', ms: 1, label: 'x', patienceMs: LONG })).rejects.toThrow(
        'UPSTREAM_UNAVAILABLE',
      );
      await redis.restart({ empty: true });
      await until(async () => (await one.order({ act: 'health' })) === 'up');
      await one.order({ act: 'once', ms: 1, label: 'x', patienceMs: LONG });
    }));

  it('are shared out where replicas may go on without Redis, and never overlap when it is back', () =>
    play({}, async ({ redis, witness, replicas }) => {
      const all = await replicas(3, { whenDown: 'local' });
      await Promise.all(all.map((one) => one.order({ act: 'once', ms: 1, label: 'x', patienceMs: LONG })));
      const before = witness.begun.length;
      await redis.kill();
      await sleep(50);
      const results = await Promise.allSettled(
        all.map((one) => one.order({ act: 'once', ms: 6_000, label: 'alone', patienceMs: LONG }).then(() => 'made')),
      );
      expect(
        results.map((result) => (result.status === 'fulfilled' ? result.value : String(result.reason))).sort(),
      ).toEqual(['Error: UPSTREAM_UNAVAILABLE', 'made', 'made']);
      const alone = all.map((one) =>
        one.order({ act: 'once', ms: 3_000, label: 'alone', patienceMs: LONG }).catch(String),
      );
      await witness.hasBegun(before + 4);
      await redis.restart({ empty: true });
      await Promise.all(
        all.map((one) => one.order({ act: 'run', calls: 5, parallel: 3, ms: 20, label: 'x', patienceMs: LONG })),
      );
      await Promise.all(alone);
      expect(witness.most).toBe(2);
    }));

  it('are given back by a replica that closes', () =>
    play({}, async ({ witness, replica }) => {
      const [leaver, waiter] = await Promise.all([replica(), replica()]);
      const left = Promise.allSettled(
        [1, 2].map(() => leaver.order({ act: 'once', ms: LONG, label: 'left', patienceMs: LONG })),
      );
      await witness.hasBegun(2);
      await leaver.order({ act: 'close' });
      await waiter.order({ act: 'run', calls: 2, parallel: 2, ms: 10, label: 'x', patienceMs: 4_000 });
      await left;
      expect(witness.most).toBe(2);
    }));
});

async function waitingIn(redis: {
  ask(command: string, ...args: readonly string[]): Promise<unknown>;
}): Promise<number> {
  const keys = await redis.ask('KEYS', '*:waiting');
  if (!Array.isArray(keys) || keys.length === 0) return 0;
  return Number(await redis.ask('LLEN', String(keys[0])));
}
