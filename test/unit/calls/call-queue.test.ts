import { getEventListeners } from 'node:events';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createCallQueue, type CallQueue, type CallQueueOptions } from '../../../src/calls/call-queue.js';
import type { Answer, CallOptions, LookupOptions, Operation, Reply } from '../../../src/core/answer.js';
import { LookupFailure } from '../../../src/core/failure.js';
import type { Lookup } from '../../../src/core/lookup.js';
import {
  createManualClock,
  createManualSource,
  lookupOptions,
  settle,
  type ManualClock,
  type ManualSource,
} from '../../support/lookup-source.js';

interface TestQueue {
  readonly queue: CallQueue;
  readonly clock: ManualClock;
  readonly source: ManualSource;
  /** Starts a lookup for this phone. Its failure is not an unhandled rejection. */
  readonly find: (phone: string, options?: Partial<LookupOptions>) => Promise<Answer>;
  /** The phones of the calls that were sent, in order. */
  readonly sent: () => (string | undefined)[];
  /** Sends this many calls, each of which takes `ms`. */
  readonly measure: (calls: number, ms: number) => Promise<void>;
  /** Ends the first call that has not ended yet. */
  readonly endFirst: () => Promise<void>;
}

function createTestQueue(options: Partial<CallQueueOptions> = {}): TestQueue {
  const clock = createManualClock();
  const source = createManualSource(clock);
  const queue = createCallQueue({ concurrency: 2, limit: 10, pausedForMs: () => 0, clock, ...options });
  const top = queue.layer(source);
  let ended = 0;
  const find = (phone: string, options?: Partial<LookupOptions>): Promise<Answer> => {
    const answer = top.find({ phone }, lookupOptions(clock, options));
    answer.catch(() => undefined);
    return answer;
  };
  const endFirst = async (): Promise<void> => {
    ended += 1;
    await source.call(ended - 1).answer();
  };
  return {
    ...{ queue, clock, source, find, endFirst },
    sent: () => source.calls.map(({ lookup }) => lookup.phone),
    async measure(calls, ms) {
      for (let call = 0; call < calls; call += 1) {
        const found = find('measured');
        await settle();
        clock.advance(ms);
        await endFirst();
        await found;
      }
    },
  };
}

function operation(): Operation {
  return { startedAt: 0 };
}

async function kindOf(found: Promise<unknown>): Promise<string | undefined> {
  const error: unknown = await found.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error !== undefined && !(error instanceof LookupFailure)) throw error as Error;
  return error?.kind;
}

describe('The call queue', () => {
  it('sends two calls at once, and the next one when a call has ended, well or not', async () => {
    const { queue, source, find, sent } = createTestQueue();
    const found = ['1', '2', '3', '4'].map((phone) => find(phone));
    await settle();
    expect(sent()).toEqual(['1', '2']);
    expect(queue.state()).toEqual({ running: 2, waiting: 2 });
    await source.call(1).answer();
    await source.call(0).fail('server');
    expect(sent()).toEqual(['1', '2', '3', '4']);
    expect(await kindOf(found[0] as Promise<Answer>)).toBe('server');
    await expect(found[1]).resolves.toMatchObject({ records: [] });
    expect(queue.state()).toEqual({ running: 2, waiting: 0 });
  });

  it('puts a request of another kind among the lookups, as the call of an operation', async () => {
    const { queue, clock, find, endFirst, sent } = createTestQueue({ concurrency: 1 });
    const large = operation();
    for (const phone of ['1', '2', '3']) void find(phone, { operation: large });
    const sentBefore: unknown[] = [];
    const quota = queue.layer<'quota', CallOptions, Reply>({
      async find() {
        sentBefore.push(sent());
        return { sentAt: 17, source: 'wolkvox' };
      },
    });
    const reply = quota.find('quota', lookupOptions(clock));
    await settle();
    expect(queue.state()).toEqual({ running: 1, waiting: 3 });
    expect(queue.promote('quota', operation())).toBe(true);
    await endFirst();
    expect(await reply).toEqual({ sentAt: 17, source: 'wolkvox' });
    expect(sentBefore).toEqual([['1']]);
    await settle();
    expect(sent()).toEqual(['1', '2']);
  });

  it('passes the options of the caller on as they are', async () => {
    const { clock, source, find } = createTestQueue();
    const options = lookupOptions(clock, { minSentAt: 17 });
    void find('1', options);
    await settle();
    expect(source.call(0).options).toEqual(options);
  });

  it('never sends a call whose signal aborts while it waits', async () => {
    const { queue, source, find, sent } = createTestQueue({ concurrency: 1 });
    const controller = new AbortController();
    void find('running');
    const left = find('left', { signal: controller.signal });
    void find('next');
    await settle();
    controller.abort(new LookupFailure('abandoned'));
    expect(queue.state()).toEqual({ running: 1, waiting: 1 });
    expect(await kindOf(left)).toBe('abandoned');
    await source.call(0).answer();
    expect(sent()).toEqual(['running', 'next']);
  });

  it('never sends a call whose signal aborted before', async () => {
    const { queue, find, sent } = createTestQueue();
    const signal = AbortSignal.abort(new LookupFailure('deadline'));
    expect(await kindOf(find('late', { signal }))).toBe('deadline');
    expect(queue.state()).toEqual({ running: 0, waiting: 0 });
    void find('in time');
    await settle();
    expect(sent()).toEqual(['in time']);
  });

  it('keeps the slot of a call that runs although its signal aborts', async () => {
    const { queue, source, find, sent } = createTestQueue({ concurrency: 1 });
    const controller = new AbortController();
    const running = find('running', { signal: controller.signal });
    void find('next');
    await settle();
    controller.abort(new LookupFailure('abandoned'));
    await settle();
    expect(queue.state()).toEqual({ running: 1, waiting: 1 });
    expect(sent()).toEqual(['running']);
    await source.call(0).answer();
    await expect(running).resolves.toMatchObject({ records: [] });
    expect(sent()).toEqual(['running', 'next']);
  });

  it('leaves no listener on a signal', async () => {
    const { source, find } = createTestQueue();
    const { signal } = new AbortController();
    const found = ['1', '2', '3'].map((phone) => find(phone, { signal }));
    await settle();
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    for (const call of [0, 1, 2]) await source.call(call).fail('server');
    await Promise.allSettled(found);
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });
});

describe('The estimate of the wait', () => {
  it('refuses a call that would start after its deadline, and says when to try again', async () => {
    const { clock, queue, find, measure } = createTestQueue({ limit: 100 });
    await measure(20, 2_000);
    const big = operation();
    for (let call = 0; call < 12; call += 1) void find(`${call}`, { operation: big });
    await settle();
    expect(queue.state().waiting).toBe(10);
    // Ten calls of 2 s go before it, two at a time.
    const late = find('late', { operation: big, deadline: clock.monotonicMs() + 7_500 });
    await expect(late).rejects.toMatchObject({ kind: 'wait-too-long', code: 'UPSTREAM_BUSY', retryAfterSeconds: 3 });
    void find('in time', { operation: big, deadline: clock.monotonicMs() + 10_000 });
    await settle();
    expect(queue.state().waiting).toBe(11);
  });

  it('counts only the calls that go first', async () => {
    const { clock, queue, find, measure } = createTestQueue({ limit: 100 });
    await measure(20, 2_000);
    const big = operation();
    for (let call = 0; call < 30; call += 1) void find(`${call}`, { operation: big });
    await settle();
    // The first call of another operation goes before the waiting calls of the big one.
    void find('small', { deadline: clock.monotonicMs() });
    await settle();
    expect(queue.state().waiting).toBe(29);
    // One call of 2 s goes before the next one, with two slots.
    void find('in time', { deadline: clock.monotonicMs() + 1_000 });
    await settle();
    expect(queue.state().waiting).toBe(30);
    const hurried = find('hurried', { deadline: clock.monotonicMs() + 1_999 });
    await expect(hurried).rejects.toMatchObject({ kind: 'wait-too-long', retryAfterSeconds: 1 });
  });

  it('adds the time that calls are held back', async () => {
    let pausedForMs = 30_000;
    const { clock, find, sent } = createTestQueue({ pausedForMs: () => pausedForMs });
    const deadline = clock.monotonicMs() + 25_000;
    await expect(find('1', { deadline })).rejects.toMatchObject({ kind: 'wait-too-long', retryAfterSeconds: 5 });
    pausedForMs = 25_000;
    void find('2', { deadline });
    await settle();
    expect(sent()).toEqual(['2']);
  });

  it('is cautious before a first call has ended', async () => {
    const { clock, queue, find } = createTestQueue({ limit: 1_000 });
    const big = operation();
    const deadline = clock.monotonicMs() + 5_000;
    // At 100 ms a call and two at a time, 100 calls can go before one that starts in time.
    const found = Array.from({ length: 150 }, (_, call) => find(`${call}`, { operation: big, deadline }));
    await settle();
    expect(queue.state().waiting).toBe(101);
    await expect(found.at(-1)).rejects.toMatchObject({ kind: 'wait-too-long', retryAfterSeconds: 1 });
  });

  it('is the mean of the latest twenty calls', async () => {
    for (const [fastCalls, seconds] of [
      [20, 1],
      [19, 3],
    ] as const) {
      const { find, measure } = createTestQueue({ concurrency: 1, limit: 1 });
      await measure(1, 40_000);
      await measure(fastCalls, 1_000);
      const big = operation();
      for (const call of ['running', 'waiting']) void find(call, { operation: big });
      await settle();
      await expect(find('3', { operation: big })).rejects.toMatchObject({ retryAfterSeconds: seconds });
    }
  });

  it('leaves out calls that were refused before they were sent', async () => {
    const { clock, queue, source, find } = createTestQueue({ concurrency: 1 });
    void find('refused');
    await settle();
    clock.advance(50_000);
    await source.call(0).fail('quota-used');
    void find('running');
    void find('waiting');
    await settle();
    const deadline = clock.monotonicMs() + 1_000;
    void find('in time', { deadline });
    await settle();
    expect(queue.state().waiting).toBe(2);
    await source.call(1).fail('server');
    clock.advance(50_000);
    await source.call(2).fail('server');
    // The mean of 0 s and 50 s.
    void find('running');
    void find('waiting');
    await settle();
    const late = find('late', { deadline: clock.monotonicMs() + 1_000 });
    await expect(late).rejects.toMatchObject({ kind: 'wait-too-long' });
  });

  it('refuses no call while a slot is free, however slow the latest calls were', async () => {
    const { clock, find, measure, sent } = createTestQueue();
    await measure(20, 50_000);
    const deadline = clock.monotonicMs() + 1;
    void find('1', { deadline });
    void find('2', { deadline });
    await settle();
    expect(sent().slice(-2)).toEqual(['1', '2']);
  });
});

describe('A full queue', () => {
  it('refuses a call that is no better than the waiting ones, and says when there will be room', async () => {
    const { queue, find, measure } = createTestQueue({ limit: 4 });
    await measure(20, 3_000);
    const big = operation();
    for (let call = 0; call < 6; call += 1) void find(`${call}`, { operation: big });
    await settle();
    expect(queue.state().waiting).toBe(4);
    // Four calls of 3 s, two at a time.
    const refused = find('one too many', { operation: big });
    await expect(refused).rejects.toMatchObject({ kind: 'queue-full', code: 'UPSTREAM_BUSY', retryAfterSeconds: 6 });
    expect(queue.state().waiting).toBe(4);
  });

  it('displaces no call for one of the same priority', async () => {
    const { find, sent, source } = createTestQueue({ concurrency: 1, limit: 1 });
    void find('running');
    const first = find('first');
    await settle();
    await expect(find('second')).rejects.toMatchObject({ kind: 'queue-full' });
    await source.call(0).answer();
    await source.call(1).answer();
    await expect(first).resolves.toMatchObject({ records: [] });
    expect(sent()).toEqual(['running', 'first']);
  });

  it('displaces its worst call for a better one', async () => {
    const { queue, source, find, sent } = createTestQueue({ concurrency: 1, limit: 3 });
    const big = operation();
    const found = [1, 2, 3, 4].map((call) => find(`big ${call}`, { operation: big }));
    await settle();
    const small = find('small');
    await settle();
    const displaced = found[3] as Promise<Answer>;
    await expect(displaced).rejects.toMatchObject({ kind: 'displaced', code: 'UPSTREAM_BUSY', retryAfterSeconds: 1 });
    expect(queue.state().waiting).toBe(3);
    for (let call = 0; call < 4; call += 1) await source.call(call).answer();
    await expect(small).resolves.toMatchObject({ records: [] });
    expect(sent()).toEqual(['big 1', 'small', 'big 2', 'big 3']);
  });

  it('serves single lookups of others beside operations that fill it', async () => {
    const { queue, find, endFirst, sent } = createTestQueue({ limit: 50 });
    const refusals: (string | undefined)[] = [];
    for (let big = 0; big < 20; big += 1) {
      const own = operation();
      for (let call = 0; call < 250; call += 1) {
        void kindOf(find(`big ${big}`, { operation: own })).then((kind) => refusals.push(kind));
      }
    }
    await settle();
    expect(queue.state().waiting).toBe(50);
    const single = find('single');
    for (let call = 0; call < 25 && !sent().includes('single'); call += 1) await endFirst();
    expect(sent()).toContain('single');
    expect(refusals).toContain('displaced');
    expect(refusals).toContain('queue-full');
    expect(await Promise.race([kindOf(single), settle()])).toBeUndefined();
  });
});

describe('A waiting call', () => {
  it('moves up when another operation wants its answer, and says whether it waits', async () => {
    const { queue, source, find, sent } = createTestQueue({ concurrency: 1 });
    const big = operation();
    for (const call of ['0', '1', '2', 'shared']) void find(call, { operation: big });
    await settle();
    expect(queue.promote({ phone: 'unknown' }, operation())).toBe(false);
    expect(queue.promote({ phone: '0' }, operation())).toBe(false);
    expect(queue.promote({ phone: 'shared' }, operation())).toBe(true);
    for (let call = 0; call < 4; call += 1) await source.call(call).answer();
    expect(sent()).toEqual(['0', 'shared', '1', '2']);
    expect(queue.promote({ phone: 'shared' }, operation())).toBe(false);
  });

  it('does not move down when a busier operation wants its answer', async () => {
    const { queue, source, find, sent } = createTestQueue({ concurrency: 1 });
    const big = operation();
    void find('0');
    for (const call of ['1', '2', '3']) void find(call, { operation: big });
    void find('small');
    await settle();
    expect(queue.promote({ phone: 'small' }, big)).toBe(true);
    for (let call = 0; call < 3; call += 1) await source.call(call).answer();
    expect(sent().slice(0, 3)).toEqual(['0', '1', 'small']);
  });

  it('counts for the operation that moved it up', async () => {
    const { queue, source, find, sent } = createTestQueue({ concurrency: 1 });
    const [big, joining, other] = [operation(), operation(), operation()];
    for (const call of ['0', '1', '2', '3']) void find(call, { operation: big });
    await settle();
    queue.promote({ phone: '3' }, joining);
    void find('second of joining', { operation: joining });
    void find('first of other', { operation: other });
    for (let call = 0; call < 6; call += 1) await source.call(call).answer();
    expect(sent().indexOf('first of other')).toBeLessThan(sent().indexOf('second of joining'));
  });

  it('goes to the end when no operation waits for it any more, and is the first to be displaced', async () => {
    const { queue, source, find, sent } = createTestQueue({ concurrency: 1, limit: 4 });
    void find('0');
    const demoted = find('demoted');
    const big = operation();
    for (const call of ['1', '2', '3']) void find(call, { operation: big });
    await settle();
    queue.demote({ phone: 'demoted' });
    for (let call = 0; call < 3; call += 1) await source.call(call).answer();
    expect(sent()).toEqual(['0', '1', '2', '3']);
    for (const call of ['4', '5', '6', '7']) void find(call, { operation: big });
    expect(await kindOf(demoted)).toBe('displaced');
  });

  it('is sent after all others when it was demoted, and moves up again when its answer is wanted', async () => {
    const { queue, source, find, sent } = createTestQueue({ concurrency: 1 });
    for (const call of ['0', 'a', 'b', 'c']) void find(call);
    await settle();
    queue.demote({ phone: 'a' });
    queue.demote({ phone: 'b' });
    queue.promote({ phone: 'b' }, operation());
    for (let call = 0; call < 4; call += 1) await source.call(call).answer();
    expect(sent()).toEqual(['0', 'c', 'b', 'a']);
    // The demoted call says nothing about the order of those that come later.
    const big = operation();
    for (const call of ['1', '2', '3']) void find(call, { operation: big });
    void find('small');
    for (let call = 4; call < 8; call += 1) await source.call(call).answer();
    expect(sent().slice(4)).toEqual(['1', 'small', '2', '3']);
  });

  it('can be neither moved nor displaced at the moment when its signal aborts', async () => {
    const { queue, find } = createTestQueue({ concurrency: 1 });
    const controller = new AbortController();
    void find('running');
    void find('left', { signal: controller.signal });
    await settle();
    controller.signal.addEventListener('abort', () => queue.demote({ phone: 'left' }));
    controller.abort(new LookupFailure('abandoned'));
    expect(queue.promote({ phone: 'left' }, operation())).toBe(false);
    expect(queue.state().waiting).toBe(0);
  });
});

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

describe('A lookup whose caller has left', () => {
  it('is refused before it displaces a waiting call', async () => {
    const { find, queue } = createTestQueue({ limit: 1 });
    const big = operation();
    void find('1', { operation: big });
    void find('2', { operation: big });
    const waiting = find('3', { operation: big });
    await settle();
    const failure = new LookupFailure('abandoned');
    await expect(find('4', { signal: AbortSignal.abort(failure) })).rejects.toBe(failure);
    expect(queue.state()).toEqual({ waiting: 1, running: 2 });
    // The control: a caller that waits displaces it.
    void find('5');
    await expect(waiting).rejects.toMatchObject({ kind: 'displaced' });
  });
});
