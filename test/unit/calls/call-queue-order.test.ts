import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createCallQueue } from '../../../src/calls/call-queue.js';
import { LookupFailure } from '../../../src/core/failure.js';
import type { Lookup } from '../../../src/core/lookup.js';
import { createTestQueue, operation } from '../../support/call-queue.js';
import { createManualClock, lookupOptions, settle } from '../../support/lookup-source.js';

describe('The order of calls', () => {
  const someSizes = fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 8 });

  /** Runs operations of these sizes one call at a time, and returns the operations of the calls in order. */
  async function runAll(sizes: readonly number[], concurrency: number): Promise<number[]> {
    const { find, sent, source } = createTestQueue({ concurrency, limit: 1_000 });
    void find('running');
    await settle();
    sizes.forEach((size, index) => {
      const own = operation();
      for (let call = 0; call < size; call += 1) void find(`${index}`, { operation: own });
    });
    const total = 1 + sizes.reduce((sum, size) => sum + size, 0);
    for (let call = 0; call < total; call += 1) await source.call(call).answer();
    expect(sent()).toHaveLength(total);
    return sent().slice(1).map(Number);
  }

  it('sends at most two calls of another operation between two calls of one, whatever the sizes are', async () => {
    await fc.assert(
      fc.asyncProperty(someSizes, async (sizes) => {
        const order = await runAll(sizes, 1);
        expect(order).toHaveLength(sizes.reduce((sum, size) => sum + size, 0));
        sizes.forEach((_, own) => {
          const positions = order.flatMap((index, position) => (index === own ? [position] : []));
          positions.slice(1).forEach((end, index) => {
            const between = order.slice((positions[index] ?? 0) + 1, end);
            for (const other of new Set(between)) {
              expect(between.filter((each) => each === other).length).toBeLessThanOrEqual(2);
            }
          });
        });
      }),
      { numRuns: 50 },
    );
  });

  it('lets single lookups wait for half of the large operations at most that began together (defect 47)', async () => {
    const { find, sent, endFirst } = createTestQueue({ concurrency: 2, limit: 10_000 });
    const large = Array.from({ length: 20 }, () => operation());
    for (let call = 0; call < 50; call += 1) large.forEach((own, index) => void find(`${index}`, { operation: own }));
    await settle();
    for (let call = 0; call < 60; call += 1) await endFirst();
    const waits: number[] = [];
    for (let single = 0; single < 25; single += 1) {
      const before = sent().length;
      void find(`single ${single}`);
      while (!sent().includes(`single ${single}`)) await endFirst();
      waits.push(sent().length - before - 1);
    }
    waits.sort((one, other) => one - other);
    expect(waits[23]).toBeLessThanOrEqual(10);
    // They do wait for some, so that the large operations move on.
    expect(waits.reduce((sum, wait) => sum + wait, 0)).toBeGreaterThan(25);
  });

  it("lets an operation's first call wait for at most one call of each other waiting operation", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 3, max: 20 }), { minLength: 1, maxLength: 6 }),
        fc.nat({ max: 30 }),
        fc.integer({ min: 1, max: 2 }),
        async (sizes, calls, concurrency) => {
          const { find, sent, queue, endFirst } = createTestQueue({ concurrency, limit: 1_000 });
          sizes.forEach((size, index) => {
            const own = operation();
            for (let call = 0; call < size; call += 1) void find(`${index}`, { operation: own });
          });
          await settle();
          for (let call = 0; call < calls && queue.state().waiting > 1; call += 1) await endFirst();
          const before = sent().length;
          void find('newcomer');
          while (!sent().includes('newcomer')) await endFirst();
          const waitedFor = sent().slice(before, -1);
          expect(new Set(waitedFor).size).toBe(waitedFor.length);
        },
      ),
      { numRuns: 100 },
    );
  });

  it('starves no operation: each call is sent although other operations keep coming', async () => {
    const { find, sent, endFirst } = createTestQueue({ concurrency: 2, limit: 1_000 });
    const own = operation();
    for (let call = 0; call < 30; call += 1) void find('steady', { operation: own });
    const rounds: number[] = [];
    for (let round = 0; round < 1_000 && rounds.length < 30; round += 1) {
      for (let newcomer = 0; newcomer < 2; newcomer += 1) void find('single');
      await settle();
      await endFirst();
      await endFirst();
      rounds.push(...Array<number>(sent().filter((phone) => phone === 'steady').length - rounds.length).fill(round));
    }
    // The single calls alone fill both slots of each round.
    expect(rounds).toHaveLength(30);
    expect(sent().length).toBeGreaterThan(200);
  });

  it("gives equal operations equal shares (Jain's index of at least 0.98), and lets small ones through", async () => {
    const { find, sent, endFirst } = createTestQueue({ concurrency: 2, limit: 1_000 });
    const finished = new Map<string, { started: number; ended: number }>();
    let calls = 0;
    const start = (name: string, size: number): void => {
      const own = operation();
      const started = calls;
      const found = Array.from({ length: size }, () => find(name, { operation: own }));
      void Promise.all(found).then(() => finished.set(name, { started, ended: calls }));
    };
    for (let big = 0; big < 6; big += 1) start(`big ${big}`, 100);
    await settle();
    for (; calls < 300; calls += 1) {
      if (calls % 10 === 0) start(`small ${calls}`, calls % 30 === 0 ? 5 : 1);
      await endFirst();
    }
    const shares = Array.from({ length: 6 }, (_, big) => sent().filter((phone) => phone === `big ${big}`).length);
    const sum = shares.reduce((one, other) => one + other, 0);
    const squares = shares.reduce((one, other) => one + other ** 2, 0);
    expect(sum).toBeGreaterThan(200);
    expect(sum ** 2 / (shares.length * squares)).toBeGreaterThanOrEqual(0.98);
    const singles = [...finished].filter(([name]) => name.startsWith('small') && Number(name.slice(6)) % 30 !== 0);
    expect(singles.length).toBeGreaterThan(15);
    for (const [, { started, ended }] of singles) expect(ended - started).toBeLessThanOrEqual(12);
  });
});

describe('In every interleaving', () => {
  it('no third call runs, no slot is lost, and every lookup ends', async () => {
    const step = fc.record({
      operation: fc.nat({ max: 4 }),
      phone: fc.nat({ max: 5 }),
      fails: fc.boolean(),
      leaves: fc.boolean(),
      moves: fc.constantFrom('no', 'promote', 'demote'),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.array(step, { minLength: 1, maxLength: 25 }),
        fc.constantFrom(1, 2),
        fc.constantFrom(3, 1_000),
        async (scheduler, steps, concurrency, limit) => {
          const clock = createManualClock();
          const queue = createCallQueue({ concurrency, limit, pausedForMs: () => 0, clock });
          let running = 0;
          let most = 0;
          const top = queue.layer({
            async find({ customerId }: Lookup) {
              running += 1;
              most = Math.max(most, running);
              await scheduler.schedule(Promise.resolve(), 'call');
              running -= 1;
              if (customerId === 'fails') throw new LookupFailure('server');
              return { records: [], sentAt: 0, source: 'wolkvox' };
            },
          });
          const operations = Array.from({ length: 5 }, operation);
          const lookups = steps.map(async ({ operation: index, phone, fails, leaves, moves }) => {
            const lookup = { phone: `${phone}`, ...(fails ? { customerId: 'fails' } : {}) };
            const own = operations[index] ?? operation();
            const controller = new AbortController();
            if (leaves) {
              void scheduler
                .schedule(Promise.resolve(), 'leave')
                .then(() => controller.abort(new LookupFailure('abandoned')));
            }
            if (moves !== 'no') {
              void scheduler.schedule(Promise.resolve(), moves).then(() => {
                if (moves === 'promote') queue.promote(lookup, operation());
                else queue.demote(lookup);
              });
            }
            return top.find(lookup, lookupOptions(clock, { operation: own, signal: controller.signal }));
          });
          const ended = await scheduler.waitFor(Promise.allSettled(lookups));
          for (const result of ended) {
            if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(LookupFailure);
          }
          expect(most).toBeLessThanOrEqual(concurrency);
          expect(most).toBeGreaterThan(0);
          // Each slot is free again: as many calls start at once.
          const last = Array.from({ length: concurrency }, () => top.find({ phone: '1' }, lookupOptions(clock)));
          await Promise.resolve();
          expect(queue.state()).toEqual({ running: concurrency, waiting: 0 });
          await scheduler.waitFor(Promise.all(last));
          expect(running).toBe(0);
        },
      ),
      { numRuns: 200 },
    );
  });
});
