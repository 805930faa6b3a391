import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { startOperation, type RunningOperation } from '../../../src/graphql/operation.js';
import { LookupFailure } from '../../../src/records/failure.js';
import { askingOf, type Answer, type Operation } from '../../../src/records/source.js';
import { Rotation } from '../../../src/wolkvox/rotation.js';
import { createTurnstile, unsharedPlaces, type Turnstile } from '../../../src/wolkvox/turnstile.js';

/** Operations with calls that each name their operation and number. */
function rotationOf(sizes: readonly number[]): { rotation: Rotation; taken: () => string[]; operations: Operation[] } {
  const rotation = new Rotation();
  const order: string[] = [];
  const operations = sizes.map(() => operation());
  sizes.forEach((size, which) => {
    for (let call = 0; call < size; call += 1) {
      const run = (): Promise<void> => {
        order.push(`${which}.${call}`);
        return Promise.resolve();
      };
      rotation.enqueue(run, {
        id: `${which}.${call}`,
        asking: { operations: new Set([operations[which] as Operation]) },
      });
    }
  });
  return { rotation, operations, taken: () => drained(rotation, order) };
}

function drained(rotation: Rotation, order: string[]): string[] {
  for (let run = rotation.dequeue(); run !== undefined; run = rotation.dequeue()) void run();
  return order;
}

function operation(): RunningOperation {
  const one = startOperation({ deadlineMs: 60_000, calls: 1_000 }, () => 0);
  return one;
}

describe('the rotation', () => {
  it('gives every waiting operation one call a round, in the order of their coming, whatever their sizes', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 8 }), (sizes) => {
        const order = rotationOf(sizes).taken();
        expect(order).toHaveLength(sizes.reduce((sum, size) => sum + size, 0));
        // Expected: round r serves call r of every operation that has one.
        const expected = Array.from({ length: 12 }, (_, round) =>
          sizes.flatMap((size, which) => (size > round ? [`${which}.${round}`] : [])),
        );
        expect(order).toEqual(expected.flat());
      }),
    );
  });

  it('lets a newcomer wait for at most one call of each who waits already, at any moment', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 3, max: 20 }), { minLength: 1, maxLength: 6 }),
        fc.nat({ max: 30 }),
        (sizes, turns) => {
          const { rotation } = rotationOf(sizes);
          for (let turn = 0; turn < Math.min(turns, rotation.size - 1); turn += 1) void rotation.dequeue();
          const served: string[] = [];
          const newcomer = { operations: new Set([operation()]) };
          const estimate = rotation.filter({ asking: newcomer }).length;
          rotation.enqueue(
            () => {
              served.push('newcomer');
              return Promise.resolve();
            },
            { asking: newcomer },
          );
          let before = 0;
          for (; served.length === 0; before += 1) void rotation.dequeue()?.();
          expect(before - 1).toBeLessThanOrEqual(sizes.length);
          expect(before - 1).toBeLessThanOrEqual(estimate);
        },
      ),
    );
  });

  it('serves a call that several wait for by the first of their turns, also when one joins later', () => {
    const { rotation, operations } = rotationOf([20, 3]);
    const shared = new Set([operations[0] as Operation]);
    const order: string[] = [];
    rotation.enqueue(
      () => {
        order.push('shared');
        return Promise.resolve();
      },
      { asking: { operations: shared } },
    );
    shared.add(operation());
    for (let turn = 0; turn < 3; turn += 1) void rotation.dequeue()?.();
    expect(order).toEqual(['shared']);
  });

  it('counts what comes before a call of an operation that waits already: all its own, and of each other one as many and one', () => {
    const { rotation, operations } = rotationOf([4, 10, 2]);
    const before = (which: number): number =>
      rotation.filter({ asking: { operations: new Set([operations[which] as Operation]) } }).length;
    expect([before(0), before(1), before(2)]).toEqual([4 + 5 + 2, 10 + 4 + 2, 2 + 3 + 3]);
    expect(rotation.filter({})).toHaveLength(16);
  });

  it('keeps what it does not know, and has no priorities', () => {
    const { rotation } = rotationOf([2]);
    rotation.remove('unknown');
    expect(rotation.size).toBe(2);
    expect(() => rotation.setPriority()).toThrow('turns, not priorities');
  });

  it('forgets a call that was removed, and refuses one that nobody asked for', () => {
    const { rotation, taken } = rotationOf([3]);
    rotation.remove('0.1');
    expect(rotation.size).toBe(2);
    expect(() => rotation.enqueue(() => Promise.resolve())).toThrow('Expected `asking`');
    expect(taken()).toEqual(['0.0', '0.2']);
  });
});

describe('the turnstile, in every interleaving that the scheduler finds', () => {
  it('never lets a third call run, loses no slot, and settles every question', async () => {
    const step = fc.record({
      operation: fc.nat({ max: 4 }),
      fails: fc.boolean(),
      leaves: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.array(step, { minLength: 1, maxLength: 25 }),
        fc.constantFrom(1, 2),
        async (scheduler, steps, concurrency) => {
          let running = 0;
          let most = 0;
          const operations = Array.from({ length: 5 }, () => operation());
          const turnstile: Turnstile = createTurnstile({
            concurrency,
            queueLimit: 1_000,
            places: unsharedPlaces,
            observe: () => undefined,
            now: () => 0,
            random: () => 1,
            async send(lookup): Promise<Answer> {
              running += 1;
              most = Math.max(most, running);
              await scheduler.schedule(Promise.resolve(), 'call');
              running -= 1;
              if (lookup.phone === 'fails') throw new LookupFailure('UPSTREAM_UNAVAILABLE', 'planned');
              return { records: [], fetchedAt: 0 };
            },
          });
          const questions = steps.map(async ({ operation: which, fails, leaves }) => {
            const asker = operations[which] as RunningOperation;
            if (leaves) void scheduler.schedule(Promise.resolve(), 'leave').then(() => asker.end());
            return turnstile.find(fails ? { phone: 'fails' } : { phone: 'works' }, askingOf(asker));
          });
          const settled = Promise.allSettled(questions);
          await scheduler.waitFor(settled);
          expect(most).toBeLessThanOrEqual(concurrency);
          // Every slot is free again: as many calls as there are slots start at once.
          expect(turnstile.waiting).toBe(0);
          const last = Array.from({ length: concurrency }, () =>
            turnstile.find({ phone: 'works' }, askingOf(operation())),
          );
          await Promise.resolve();
          expect(turnstile.running).toBe(concurrency);
          await scheduler.waitFor(Promise.all(last));
          expect(running).toBe(0);
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('fair shares', () => {
  it('gives equal operations equal shares and lets the small ones through early, as the printed figures show', () => {
    // Time is counted in calls served, two a tick: a simulation without a clock.
    const rotation = new Rotation();
    const sizes = [
      ...Array.from({ length: 6 }, () => 100),
      ...Array.from({ length: 60 }, (_, index) => (index % 3 === 0 ? 5 : 1)),
    ];
    const waits = new Map<number, number[]>();
    const sharesAt = new Map<number, number>();
    let tick = 0;
    let served = 0;
    const arrive = (which: number): void => {
      const arrivedAt = tick;
      const asking = { operations: new Set([operation()]) };
      let open = sizes[which] ?? 0;
      for (let call = 0; call < (sizes[which] ?? 0); call += 1) {
        rotation.enqueue(
          () => {
            open -= 1;
            if (which < 6) sharesAt.set(which, (sharesAt.get(which) ?? 0) + (served < 300 ? 1 : 0));
            if (open === 0) waits.set(sizes[which] ?? 0, [...(waits.get(sizes[which] ?? 0) ?? []), tick - arrivedAt]);
            return Promise.resolve();
          },
          { asking },
        );
      }
    };
    for (let which = 0; which < 6; which += 1) arrive(which);
    for (let next = 6; rotation.size > 0 || next < sizes.length; tick += 1) {
      if (tick % 5 === 0 && next < sizes.length) arrive(next++);
      for (let slot = 0; slot < 2; slot += 1) {
        void rotation.dequeue()?.();
        served += 1;
      }
    }
    const shares = [...sharesAt.values()];
    const jain =
      shares.reduce((sum, share) => sum + share, 0) ** 2 /
      (shares.length * shares.reduce((sum, share) => sum + share ** 2, 0));
    for (const [size, ticks] of [...waits].sort(([one], [other]) => one - other)) {
      const sorted = ticks.sort((one, other) => one - other);
      const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
      console.log(
        `operations of ${size} calls, ${ticks.length} of them: wait p50 ${at(0.5)}, p95 ${at(0.95)}, worst ${at(1)} calls' times`,
      );
    }
    console.log(`Jain's index among the six operations of 100 calls: ${jain.toFixed(4)}`);
    expect(jain).toBeGreaterThanOrEqual(0.98);
    expect(Math.max(...(waits.get(1) ?? []))).toBeLessThanOrEqual(8);
  });
});
