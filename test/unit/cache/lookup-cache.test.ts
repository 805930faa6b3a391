import { getEventListeners } from 'node:events';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createLookupCache, type LookupCache } from '../../../src/cache/lookup-cache.js';
import { createRetry } from '../../../src/calls/retry.js';
import type { Answer, LookupOptions, LookupSource, SharedCache } from '../../../src/core/answer.js';
import { createClock, type Clock } from '../../../src/core/clock.js';
import type { ServiceEvent } from '../../../src/core/events.js';
import { FAILURES, LookupFailure, allowsStale, type FailureKind } from '../../../src/core/failure.js';
import { lookupKey, type Lookup } from '../../../src/core/lookup.js';
import type { CampaignRecord } from '../../../src/core/record.js';
import {
  createManualClock,
  createManualSource,
  lookupOptions,
  settle,
  type ManualClock,
  type ManualSource,
} from '../../support/lookup-source.js';
import { campaignRecord, fingerprintsOf } from '../../support/record.js';

const FRESH_MS = 300_000;
const STALE_MS = 3_600_000;
const STALE_AFTER_MS = 3_000;
const ANA: Lookup = { customerId: '20111222' };
const BEA: Lookup = { phone: '3001112233' };
/** The calls of the queue are recorded; by default no call waits. */
interface RecordedQueue {
  readonly promoted: Lookup[];
  readonly demoted: Lookup[];
  hasWaitingCall: boolean;
}

interface TestCache<TestClock extends Clock> {
  readonly cache: LookupCache;
  readonly clock: TestClock;
  readonly source: ManualSource;
  readonly queue: RecordedQueue;
  readonly events: ServiceEvent[];
  /** Starts a lookup. Its failure is not an unhandled rejection. */
  readonly find: (lookup: Lookup, options?: Partial<LookupOptions>) => Promise<Answer>;
}

interface CacheSettings {
  readonly freshMs?: number;
  readonly maxBytes?: number;
  readonly searchesAllCampaigns?: boolean;
  readonly sharedCache?: SharedCache;
  /** Stands between the cache and the calls. */
  readonly layer?: (next: LookupSource) => LookupSource;
}

function createTestCache(settings?: CacheSettings): TestCache<ManualClock>;
function createTestCache<TestClock extends Clock>(settings: CacheSettings, clock: TestClock): TestCache<TestClock>;
function createTestCache(settings: CacheSettings = {}, clock: Clock = createManualClock()): TestCache<Clock> {
  const { freshMs = FRESH_MS, maxBytes = 1_000_000, searchesAllCampaigns = true, sharedCache, layer } = settings;
  const source = createManualSource(clock);
  const queue: RecordedQueue = { promoted: [], demoted: [], hasWaitingCall: false };
  const events: ServiceEvent[] = [];
  const cache = createLookupCache({
    freshness: { freshMs, staleMs: STALE_MS },
    staleAfterMs: STALE_AFTER_MS,
    maxBytes,
    searchesAllCampaigns,
    fingerprintsOf,
    sharedCache,
    queue: {
      promote(lookup) {
        queue.promoted.push(lookup);
        return queue.hasWaitingCall;
      },
      demote: (lookup) => queue.demoted.push(lookup),
    },
    clock,
    observe: (event) => events.push(event),
  });
  const top = cache.layer(layer?.(source) ?? source);
  return {
    ...{ cache, clock, source, queue, events },
    find(lookup, options) {
      const answer = top.find(lookup, lookupOptions(clock, options));
      answer.catch(() => undefined);
      return answer;
    },
  };
}

/** Makes the cache hold an answer that was sent now. */
async function fill({ find, source }: TestCache<Clock>, lookup: Lookup, text = 'cached'): Promise<void> {
  const found = find(lookup, { minSentAt: Infinity });
  await settle();
  await source.call(source.calls.length - 1).answer({ records: [campaignRecord({ customerName: text })] });
  await found;
}

function caller(): { readonly signal: AbortSignal; readonly leave: (kind?: FailureKind) => void } {
  const controller = new AbortController();
  return {
    signal: controller.signal,
    leave: (kind = 'deadline') => controller.abort(new LookupFailure(kind)),
  };
}

describe('A cached answer', () => {
  it('is served if its call was sent at or after minSentAt', async () => {
    const test = createTestCache();
    const sentAt = test.clock.epochMs();
    await fill(test, ANA);
    test.clock.advance(10_000);
    await expect(test.find(ANA, { minSentAt: sentAt })).resolves.toMatchObject({ sentAt });
    expect(test.source.calls).toHaveLength(1);
    void test.find(ANA, { minSentAt: sentAt + 1 });
    await settle();
    expect(test.source.calls).toHaveLength(2);
  });

  it('is served although it has no records', async () => {
    const test = createTestCache();
    const found = test.find(ANA);
    await settle();
    await test.source.call(0).answer();
    await found;
    await expect(test.find(ANA)).resolves.toMatchObject({ records: [] });
    expect(test.source.calls).toHaveLength(1);
  });

  it('does not answer another lookup', async () => {
    const test = createTestCache();
    await fill(test, ANA);
    void test.find(BEA);
    void test.find({ ...BEA, ...ANA });
    await settle();
    expect(test.source.calls.map(({ lookup }) => lookup)).toEqual([ANA, BEA, { ...BEA, ...ANA }]);
  });

  it('is replaced by none that was sent earlier, in whatever order answers arrive (defect 1)', async () => {
    const sent = fc.uniqueArray(fc.integer({ min: 1, max: 1_000 }), { minLength: 2, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(
        sent.chain((times) => fc.tuple(fc.constant(times), fc.shuffledSubarray(times, { minLength: times.length }))),
        async ([times, arrivals]) => {
          const test = createTestCache();
          // Each strict caller starts a call of its own, because the calls before it were sent too early.
          const startMs = test.clock.epochMs();
          let nowMs = 0;
          const order = [...times].sort((one, other) => one - other);
          for (const time of order) {
            test.clock.advance(time - nowMs);
            nowMs = time;
            void test.find(ANA, { minSentAt: startMs + time });
            await settle();
          }
          expect(test.source.calls).toHaveLength(times.length);
          let latest = 0;
          for (const time of arrivals) {
            await test.source.call(order.indexOf(time)).answer({ sentAt: startMs + time });
            latest = Math.max(latest, time);
            await expect(test.find(ANA)).resolves.toMatchObject({ sentAt: startMs + latest });
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it('is dropped when neither fresh nor stale answers are of use any more', async () => {
    const test = createTestCache();
    const found = test.find(ANA);
    await settle();
    const sentAt = test.clock.epochMs() - FRESH_MS - STALE_MS;
    await test.source.call(0).answer({ sentAt });
    await found;
    expect(test.cache.state().entries).toBe(0);
    await fill(test, ANA);
    expect(test.cache.state().entries).toBe(1);
  });
});

describe('Callers of one lookup', () => {
  it('share a call, also if they belong to different operations', async () => {
    const test = createTestCache();
    const found = [test.find(ANA), test.find(ANA), test.find(ANA)];
    await settle();
    expect(test.source.calls).toHaveLength(1);
    await test.source.call(0).answer({ records: [campaignRecord()] });
    expect(new Set(await Promise.all(found)).size).toBe(1);
    expect(test.events.map((event) => 'from' in event && event.from)).toEqual(['wolkvox', 'flight', 'flight']);
  });

  it('decide for themselves: a strict caller joins a waiting call and looks again if it was sent too early (defect 3)', async () => {
    const test = createTestCache();
    const lenient = test.find(ANA);
    await settle();
    test.clock.advance(1_000);
    test.queue.hasWaitingCall = true;
    const minSentAt = test.clock.epochMs();
    const strict = test.find(ANA, { minSentAt });
    await settle();
    expect(test.source.calls).toHaveLength(1);
    expect(test.queue.promoted).toEqual([ANA]);
    test.queue.hasWaitingCall = false;
    await test.source.call(0).answer({ sentAt: minSentAt - 1 });
    await expect(lenient).resolves.toMatchObject({ sentAt: minSentAt - 1 });
    expect(test.source.calls).toHaveLength(2);
    await test.source.call(1).answer({ sentAt: minSentAt });
    await expect(strict).resolves.toMatchObject({ sentAt: minSentAt });
  });

  it('decide for themselves: a strict caller starts a later call if the one under way was sent too early (defect 2)', async () => {
    const test = createTestCache();
    const lenient = test.find(ANA);
    await settle();
    test.clock.advance(1_000);
    const strict = test.find(ANA, { minSentAt: test.clock.epochMs() });
    const equallyStrict = test.find(ANA, { minSentAt: test.clock.epochMs() });
    await settle();
    expect(test.source.calls).toHaveLength(2);
    await test.source.call(0).answer();
    await lenient;
    await test.source.call(1).answer({ records: [campaignRecord()] });
    await expect(strict).resolves.toMatchObject({ records: [{}] });
    expect(await equallyStrict).toBe(await strict);
  });

  it('join the latest call if one waits in the queue, because it will be sent from now on', async () => {
    const test = createTestCache();
    void test.find(ANA);
    await settle();
    test.clock.advance(1_000);
    void test.find(ANA, { minSentAt: test.clock.epochMs() });
    await settle();
    test.clock.advance(1_000);
    test.queue.hasWaitingCall = true;
    const minSentAt = test.clock.epochMs();
    const strict = test.find(ANA, { minSentAt });
    await settle();
    expect(test.source.calls).toHaveLength(2);
    await test.source.call(1).answer({ sentAt: minSentAt });
    expect(test.events.map((event) => 'from' in event && event.from)).toEqual(['wolkvox', 'flight']);
    await expect(strict).resolves.toMatchObject({ sentAt: minSentAt });
    expect(test.source.calls).toHaveLength(2);
  });

  it('decide for themselves after a failure: only the lenient one accepts the stale answer (defect 3)', async () => {
    const test = createTestCache();
    const sentAt = test.clock.epochMs();
    await fill(test, ANA);
    test.clock.advance(FRESH_MS);
    const strict = test.find(ANA, { minSentAt: sentAt + 1, minStaleSentAt: sentAt + 1 });
    const lenient = test.find(ANA, { minSentAt: sentAt + 1, minStaleSentAt: sentAt });
    await settle();
    expect(test.source.calls).toHaveLength(2);
    await test.source.call(1).fail('server');
    await expect(strict).rejects.toMatchObject({ kind: 'server' });
    await expect(lenient).resolves.toMatchObject({ sentAt });
    expect(test.events.at(-1)).toMatchObject({ event: 'answer.served', from: 'stale', reason: 'UPSTREAM_UNAVAILABLE' });
  });

  it.each(Object.entries(FAILURES).filter(([, { isOfCaller }]) => isOfCaller === true))(
    'start a call of their own if the call that they joined failed with %s, which concerns its starter',
    async (kind) => {
      const test = createTestCache();
      const starter = test.find(ANA);
      const joined = test.find(ANA);
      await settle();
      await test.source.call(0).fail(kind as FailureKind);
      await expect(starter).rejects.toMatchObject({ kind });
      expect(test.source.calls).toHaveLength(2);
      await test.source.call(1).answer();
      await expect(joined).resolves.toMatchObject({ records: [] });
    },
  );

  it('start few flights if every one is refused, however many callers wait', async () => {
    const test = createTestCache();
    const callers = Array.from({ length: 200 }, () => test.find(ANA));
    const ended = Promise.allSettled(callers);
    await settle();
    for (let flight = 0; flight < test.source.calls.length; flight += 1) {
      await test.source.call(flight).fail('displaced');
      await settle();
    }
    expect((await ended).map(({ status }) => status)).toEqual(callers.map(() => 'rejected'));
    expect(test.source.calls.length).toBeGreaterThan(1);
    expect(test.source.calls.length).toBeLessThan(5);
  });

  it('share a failure that concerns all of them', async () => {
    const test = createTestCache();
    const found = [test.find(ANA), test.find(ANA)];
    await settle();
    await test.source.call(0).fail('circuit-open');
    for (const each of found) await expect(each).rejects.toMatchObject({ kind: 'circuit-open' });
    expect(test.source.calls).toHaveLength(1);
    void test.find(ANA);
    await settle();
    expect(test.source.calls).toHaveLength(2);
  });
});

describe('A caller that leaves', () => {
  it('does not cancel the call while another one waits', async () => {
    const test = createTestCache();
    const [one, other] = [caller(), caller()];
    const first = test.find(ANA, one);
    const second = test.find(ANA, other);
    await settle();
    const { signal } = test.source.call(0).options;
    one.leave();
    await expect(first).rejects.toMatchObject({ kind: 'deadline' });
    expect(signal.aborted).toBe(false);
    other.leave('abandoned');
    await expect(second).rejects.toMatchObject({ kind: 'abandoned' });
    expect(signal.aborted).toBe(true);
    expect(signal.reason).toMatchObject({ kind: 'abandoned' });
  });

  it('ends its own wait only, if it had joined the call of another caller', async () => {
    const test = createTestCache();
    const joiner = caller();
    const starter = test.find(ANA);
    const joined = test.find(ANA, joiner);
    await settle();
    joiner.leave();
    await expect(joined).rejects.toMatchObject({ kind: 'deadline' });
    expect(test.source.calls).toHaveLength(1);
    await test.source.call(0).answer();
    await expect(starter).resolves.toMatchObject({ records: [] });
  });

  it('leaves a sent call behind that a later caller joins', async () => {
    const test = createTestCache();
    const { signal, leave } = caller();
    const left = test.find(ANA, { signal });
    await settle();
    leave();
    await expect(left).rejects.toMatchObject({ kind: 'deadline' });
    const later = test.find(ANA);
    await settle();
    expect(test.source.calls).toHaveLength(1);
    await test.source.call(0).answer();
    await expect(later).resolves.toMatchObject({ records: [] });
    expect(test.source.calls).toHaveLength(1);
  });

  it.each(['abandoned', 'server'] as const)(
    'leaves a call behind that fails with %s: a later caller that joined it makes its own',
    async (kind) => {
      const test = createTestCache();
      const { signal, leave } = caller();
      const left = test.find(ANA, { signal });
      await settle();
      leave();
      await expect(left).rejects.toMatchObject({ kind: 'deadline' });
      const later = test.find(ANA);
      await settle();
      await test.source.call(0).fail(kind);
      expect(test.source.calls).toHaveLength(2);
      await test.source.call(1).answer();
      await expect(later).resolves.toMatchObject({ records: [] });
    },
  );

  it('does not keep the answer of a sent call out of the cache', async () => {
    const test = createTestCache();
    const { signal, leave } = caller();
    const left = test.find(ANA, { signal });
    await settle();
    leave();
    await expect(left).rejects.toMatchObject({ kind: 'deadline' });
    await test.source.call(0).answer({ records: [campaignRecord()] });
    await expect(test.find(ANA)).resolves.toMatchObject({ records: [{}] });
    expect(test.source.calls).toHaveLength(1);
  });

  it('gets a stale answer at its deadline', async () => {
    const test = createTestCache();
    const sentAt = test.clock.epochMs();
    await fill(test, ANA);
    const { signal, leave } = caller();
    const found = test.find(ANA, { signal, minSentAt: sentAt + 1 });
    await settle();
    leave();
    await expect(found).resolves.toMatchObject({ sentAt });
    expect(test.source.calls).toHaveLength(2);
    expect(test.events.at(-1)).toMatchObject({ event: 'answer.served', from: 'stale', reason: 'UPSTREAM_TIMEOUT' });
  });

  it('starts no call if it left before it asked', async () => {
    const test = createTestCache();
    const { signal, leave } = caller();
    leave();
    await expect(test.find(ANA, { signal })).rejects.toMatchObject({ kind: 'deadline' });
    expect(test.source.calls).toHaveLength(0);
    await fill(test, ANA);
    await expect(test.find(ANA, { signal })).resolves.toMatchObject({ records: [{}] });
  });

  it('does not prevent the second attempt that another caller needs (defect 10)', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const test = createTestCache({ layer: createRetry({ observe: () => undefined, random: () => 1 }) });
      const { signal, leave } = caller();
      const starter = test.find(ANA, { signal });
      await settle();
      const joined = test.find(ANA);
      await settle();
      leave();
      await expect(starter).rejects.toMatchObject({ kind: 'deadline' });
      await test.source.call(0).fail('server');
      await vi.advanceTimersByTimeAsync(400);
      expect(test.source.calls).toHaveLength(2);
      await test.source.call(1).answer();
      await expect(joined).resolves.toMatchObject({ records: [] });
    } finally {
      vi.useRealTimers();
    }
  });

  it('leaves no listener on its signal, and neither does one that stays', async () => {
    const test = createTestCache();
    const [one, other] = [caller(), caller()];
    const found = [test.find(ANA, one), test.find(ANA, other), test.find(BEA, other)];
    await settle();
    expect(getEventListeners(one.signal, 'abort')).toHaveLength(1);
    expect(getEventListeners(other.signal, 'abort')).toHaveLength(2);
    await test.source.call(0).answer();
    await test.source.call(1).fail('server');
    await Promise.allSettled(found);
    expect(getEventListeners(one.signal, 'abort')).toHaveLength(0);
    expect(getEventListeners(other.signal, 'abort')).toHaveLength(0);
  });
});

describe('A stale answer', () => {
  it.each(Object.keys(FAILURES) as FailureKind[])('replaces the failure %s if its code allows it', async (kind) => {
    const test = createTestCache();
    const sentAt = test.clock.epochMs();
    await fill(test, ANA);
    const found = test.find(ANA, { minSentAt: sentAt + 1 });
    await settle();
    await test.source.call(1).fail(kind);
    const { code } = FAILURES[kind];
    if (allowsStale(code)) await expect(found).resolves.toMatchObject({ sentAt });
    else await expect(found).rejects.toMatchObject({ kind });
  });

  it('is not served to a caller that accepts younger answers only', async () => {
    const test = createTestCache();
    const sentAt = test.clock.epochMs();
    await fill(test, ANA);
    const found = test.find(ANA, { minSentAt: sentAt + 1, minStaleSentAt: sentAt + 1 });
    await settle();
    await test.source.call(1).fail('timeout');
    await expect(found).rejects.toMatchObject({ kind: 'timeout' });
  });

  it('is not served after a bug', async () => {
    const bug = new TypeError('a bug');
    const test = createTestCache({ layer: () => ({ find: () => Promise.reject(bug) }) });
    await expect(test.find(ANA)).rejects.toBe(bug);
  });
});

describe('A slow call', () => {
  beforeEach(() => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] }));
  afterEach(() => vi.useRealTimers());

  it('lets a stale answer go first after staleAfterMs, and goes on into the cache (defect 5)', async () => {
    const test = createTestCache({}, createClock());
    await fill(test, ANA, 'old');
    await vi.advanceTimersByTimeAsync(1_000);
    const minSentAt = test.clock.epochMs();
    let served: Answer | undefined;
    const found = test.find(ANA, { minSentAt });
    void found.then((answer) => (served = answer));
    await vi.advanceTimersByTimeAsync(STALE_AFTER_MS - 1);
    expect(served).toBeUndefined();
    await vi.advanceTimersByTimeAsync(1);
    expect(served).toMatchObject({ records: [{ customerName: 'old' }] });
    expect(test.events.at(-1)).toMatchObject({ event: 'answer.served', from: 'stale', reason: 'slow' });
    expect(test.source.call(1).options.signal.aborted).toBe(false);
    await test.source.call(1).answer({ records: [campaignRecord({ customerName: 'new' })] });
    await expect(test.find(ANA, { minSentAt })).resolves.toMatchObject({ records: [{ customerName: 'new' }] });
    expect(test.source.calls).toHaveLength(2);
  });

  it('is demoted in the queue only if no other caller waits for it', async () => {
    const test = createTestCache({}, createClock());
    await fill(test, ANA);
    await vi.advanceTimersByTimeAsync(1);
    const minSentAt = test.clock.epochMs();
    const strict = test.find(ANA, { minSentAt, minStaleSentAt: minSentAt });
    const lenient = test.find(ANA, { minSentAt });
    await vi.advanceTimersByTimeAsync(STALE_AFTER_MS);
    await lenient;
    expect(test.queue.demoted).toEqual([]);
    await test.source.call(1).answer({ sentAt: minSentAt });
    await strict;
    const alone = test.find(ANA, { minSentAt: Infinity });
    await vi.advanceTimersByTimeAsync(STALE_AFTER_MS);
    await alone;
    expect(test.queue.demoted).toEqual([ANA]);
  });

  it('keeps a caller waiting that accepts no stale answer, or for whom there is none', async () => {
    const test = createTestCache({}, createClock());
    await fill(test, ANA);
    await vi.advanceTimersByTimeAsync(1);
    const minSentAt = test.clock.epochMs();
    const ended: string[] = [];
    void test.find(ANA, { minSentAt, minStaleSentAt: minSentAt }).then(() => ended.push('strict'));
    void test.find(BEA).then(() => ended.push('uncached'));
    void test.find(ANA, { minSentAt }).then(() => ended.push('lenient'));
    await vi.advanceTimersByTimeAsync(10 * STALE_AFTER_MS);
    expect(ended).toEqual(['lenient']);
    expect(test.queue.demoted).toEqual([]);
  });

  it('leaves no timer behind when it has ended', async () => {
    const test = createTestCache({}, createClock());
    const found = test.find(ANA);
    await settle();
    expect(vi.getTimerCount()).toBe(1);
    await test.source.call(0).fail('server');
    await Promise.allSettled([found]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('counts staleAfterMs from the start of the lookup, also if the caller looks a second time', async () => {
    const test = createTestCache({}, createClock());
    await fill(test, ANA);
    await vi.advanceTimersByTimeAsync(1);
    const minSentAt = test.clock.epochMs();
    void test.find(ANA, { minSentAt });
    await vi.advanceTimersByTimeAsync(STALE_AFTER_MS - 1_000);
    let isServed = false;
    const joined = test.find(ANA, { minSentAt });
    void joined.then(() => (isServed = true));
    await vi.advanceTimersByTimeAsync(500);
    await test.source.call(1).fail('displaced');
    expect(test.source.calls).toHaveLength(3);
    await vi.advanceTimersByTimeAsync(STALE_AFTER_MS - 501);
    expect(isServed).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(isServed).toBe(true);
  });
});

describe('A broader lookup', () => {
  const ANA_IN_1: Lookup = { ...ANA, campaignId: '1' };
  const ANA_IN_2: Lookup = { ...ANA, campaignId: '2' };
  const inCampaigns = (...ids: string[]): CampaignRecord[] =>
    ids.map((campaignId) => campaignRecord({ campaignId, customerId: '20111222' }));
  const campaignsOf = async (answer: Promise<Answer>): Promise<string[]> =>
    (await answer).records.map(({ campaignId }) => campaignId);

  it('answers from the cache with its time, and the later one of two answers wins', async () => {
    const test = createTestCache();
    const direct = test.find(ANA_IN_1);
    await settle();
    await test.source.call(0).answer({ records: inCampaigns('1', '1') });
    expect(await campaignsOf(direct)).toEqual(['1', '1']);
    test.clock.advance(1_000);
    void test.find(ANA);
    await settle();
    const sentAt = test.clock.epochMs();
    await test.source.call(1).answer({ records: inCampaigns('1', '2'), sentAt });
    await expect(test.find(ANA_IN_1)).resolves.toMatchObject({ sentAt, records: inCampaigns('1') });
    await expect(test.find(ANA_IN_1, { minSentAt: sentAt })).resolves.toMatchObject({ sentAt });
    void test.find(ANA_IN_1, { minSentAt: sentAt + 1 });
    await settle();
    expect(test.source.calls.map(({ lookup }) => lookup)).toEqual([ANA_IN_1, ANA, ANA_IN_1]);
  });

  it('answers a customer in a campaign from the whole campaign, but never a phone', async () => {
    const test = createTestCache();
    const records = [...inCampaigns('1'), campaignRecord({ campaignId: '1', customerId: 'other' })];
    void test.find({ campaignId: '1' });
    await settle();
    await test.source.call(0).answer({ records });
    await expect(test.find(ANA_IN_1)).resolves.toMatchObject({ records: inCampaigns('1') });
    void test.find({ ...BEA, campaignId: '1' });
    void test.find({ ...BEA, ...ANA, campaignId: '1' });
    void test.find(ANA);
    await settle();
    expect(test.source.calls).toHaveLength(4);
  });

  it('does not answer if Wolkvox leaves out the campaign of a record', async () => {
    const test = createTestCache();
    void test.find(ANA);
    await settle();
    await test.source.call(0).answer({ records: inCampaigns('1', '') });
    void test.find(ANA_IN_1);
    await settle();
    expect(test.source.calls.map(({ lookup }) => lookup)).toEqual([ANA, ANA_IN_1]);
  });

  it('does not answer with its remembered failure', async () => {
    const test = createTestCache();
    void test.find(ANA);
    await settle();
    await test.source.call(0).fail('malformed');
    void test.find(ANA_IN_1);
    await settle();
    expect(test.source.calls.map(({ lookup }) => lookup)).toEqual([ANA, ANA_IN_1]);
  });

  it('that is under way is joined', async () => {
    const test = createTestCache();
    const found = [test.find(ANA), test.find(ANA_IN_1), test.find(ANA_IN_2)];
    await settle();
    expect(test.source.calls.map(({ lookup }) => lookup)).toEqual([ANA]);
    await test.source.call(0).answer({ records: inCampaigns('1') });
    expect(await Promise.all(found.map(campaignsOf))).toEqual([['1'], ['1'], []]);
    expect(test.events.map((event) => 'from' in event && event.from)).toEqual(['wolkvox', 'flight', 'flight']);
  });

  it('is asked once for several campaigns of one person, and then each one if its answer is too large', async () => {
    const test = createTestCache();
    const merged = { mergesCampaigns: true };
    const found = [test.find(ANA_IN_1, merged), test.find(ANA_IN_2, merged)];
    await settle();
    expect(test.source.calls.map(({ lookup }) => lookup)).toEqual([ANA]);
    await test.source.call(0).fail('too-large');
    expect(test.source.calls.map(({ lookup }) => lookup)).toEqual([ANA, ANA_IN_1, ANA_IN_2]);
    await test.source.call(1).answer({ records: inCampaigns('1') });
    await test.source.call(2).answer({ records: [] });
    expect(await Promise.all(found.map(campaignsOf))).toEqual([['1'], []]);
    // The failure is remembered.
    void test.find({ ...ANA, campaignId: '3' }, merged);
    await settle();
    expect(test.source.calls).toHaveLength(4);
    expect(test.source.call(3).lookup).toEqual({ ...ANA, campaignId: '3' });
  });

  it('that fails ends the lookups that wait for it, and each gets the stale answer that it has', async () => {
    const test = createTestCache();
    await fill(test, ANA_IN_1, 'stale');
    test.clock.advance(FRESH_MS + 1);
    const options = { mergesCampaigns: true, minSentAt: test.clock.epochMs() };
    const found = [test.find(ANA_IN_1, options), test.find(ANA_IN_2, options)];
    await settle();
    expect(test.source.calls.map(({ lookup }) => lookup)).toEqual([ANA_IN_1, ANA]);
    await test.source.call(1).fail('server');
    await expect(found[0]).resolves.toMatchObject({ records: [{ customerName: 'stale' }] });
    await expect(found[1]).rejects.toMatchObject({ kind: 'server' });
    expect(test.source.calls).toHaveLength(2);
  });

  it('is neither asked nor used if a call without a campaign does not search all campaigns', async () => {
    const test = createTestCache({ searchesAllCampaigns: false });
    void test.find(ANA);
    void test.find(ANA_IN_1, { mergesCampaigns: true });
    await settle();
    expect(test.source.calls.map(({ lookup }) => lookup)).toEqual([ANA, ANA_IN_1]);
    await test.source.call(0).answer({ records: inCampaigns('1', '2') });
    void test.find(ANA_IN_2);
    await settle();
    expect(test.source.calls).toHaveLength(3);
  });

  it('is read from the shared cache, if it is fresh enough, by one command for all lookups', async () => {
    const clock = createManualClock();
    const reads: [Lookup, number | undefined][] = [];
    const answer: Answer = { records: inCampaigns('1', '2'), sentAt: clock.epochMs(), source: 'shared' };
    const sharedCache: SharedCache = {
      read: (lookup, minSentAt) => {
        reads.push([lookup, minSentAt]);
        return Promise.resolve(lookupKey(lookup) === lookupKey(ANA) ? answer : undefined);
      },
    };
    const test = createTestCache({ sharedCache }, clock);
    const { sentAt } = answer;
    const times = { minSentAt: sentAt, minStaleSentAt: sentAt - 1 };
    const found = [test.find(ANA_IN_1, times), test.find(ANA_IN_2, times)];
    expect(await Promise.all(found.map(campaignsOf))).toEqual([['1'], ['2']]);
    expect(test.source.calls).toHaveLength(0);
    expect(reads).toEqual([
      [ANA_IN_1, undefined],
      [ANA, sentAt - 1],
      [{ campaignId: '1' }, sentAt],
      [ANA_IN_2, undefined],
      [{ campaignId: '2' }, sentAt],
    ]);
  });
});

describe('Answers of the shared cache', () => {
  const inCampaign = (campaignId: string): CampaignRecord => campaignRecord({ campaignId, customerId: '20111222' });

  it('to broader lookups are served stale, too, although they are not in memory', async () => {
    const clock = createManualClock();
    const answer: Answer = { records: [inCampaign('1')], sentAt: clock.epochMs(), source: 'shared' };
    const read = (lookup: Lookup, minSentAt = 0): Promise<Answer | undefined> =>
      Promise.resolve(lookupKey(lookup) === lookupKey(ANA) && answer.sentAt >= minSentAt ? answer : undefined);
    const test = createTestCache({ sharedCache: { read } }, clock);
    clock.advance(FRESH_MS + 1);
    const times = { minSentAt: clock.epochMs(), minStaleSentAt: clock.epochMs() - STALE_MS };
    const found = test.find({ ...ANA, campaignId: '1' }, times);
    await settle();
    await test.source.call(0).fail('server');
    await expect(found).resolves.toMatchObject({ records: [{ campaignId: '1' }], sentAt: answer.sentAt });
  });

  it('that are read during an erasure do not reach a caller that comes after it', async () => {
    const reads: ((answer: Answer) => void)[] = [];
    const sharedCache: SharedCache = { read: () => new Promise((resolve) => reads.push(resolve)) };
    const clock = createManualClock();
    const test = createTestCache({ sharedCache }, clock);
    void test.find(ANA);
    test.cache.erase();
    const later = test.find(ANA);
    reads.forEach((give) => give({ records: [inCampaign('1')], sentAt: clock.epochMs(), source: 'shared' }));
    expect(reads).toHaveLength(2);
    await expect(later).resolves.toMatchObject({ records: [{ campaignId: '1' }] });
    test.cache.erase();
    expect(test.cache.state().entries).toBe(0);
  });

  it('that many lookups need are put into memory once', async () => {
    const clock = createManualClock();
    const records = Array.from({ length: 500 }, (_, index) =>
      campaignRecord({ campaignId: '1', customerId: `c${index}` }),
    );
    const answer: Answer = { records, sentAt: clock.epochMs(), source: 'shared' };
    let counted = 0;
    const counting: Answer = {
      ...answer,
      get records() {
        counted += 1;
        return records;
      },
    };
    const read = (lookup: Lookup): Promise<Answer | undefined> =>
      Promise.resolve(lookup.customerId === undefined ? counting : undefined);
    const test = createTestCache({ sharedCache: { read } }, clock);
    const found = records.map(({ customerId }) => test.find({ customerId: customerId ?? '', campaignId: '1' }));
    await Promise.all(found);
    expect(test.source.calls).toHaveLength(0);
    // Twice to put it, and at most four times for each lookup to take its part.
    expect(counted).toBeLessThan(5 * found.length);
  });
});

describe('The shared cache', () => {
  const stored = (answer: Answer | undefined): SharedCache & { readonly reads: number } => {
    const shared = {
      reads: 0,
      read: () => {
        shared.reads += 1;
        return Promise.resolve(answer);
      },
    };
    return shared;
  };

  it('answers without a call if its answer is fresh enough, and memory answers after that', async () => {
    const clock = createManualClock();
    const answer: Answer = { records: [campaignRecord()], sentAt: clock.epochMs(), source: 'shared' };
    const sharedCache = stored(answer);
    const test = createTestCache({ sharedCache }, clock);
    await expect(test.find(ANA, { minSentAt: answer.sentAt })).resolves.toBe(answer);
    await expect(test.find(ANA, { minSentAt: answer.sentAt })).resolves.toBe(answer);
    expect(sharedCache.reads).toBe(1);
    expect(test.source.calls).toHaveLength(0);
    expect(test.events.map((event) => 'from' in event && event.from)).toEqual(['shared', 'memory']);
    void test.find(ANA, { minSentAt: answer.sentAt + 1 });
    await settle();
    expect(test.source.calls).toHaveLength(1);
  });

  it('has the stale answer that is served if Wolkvox fails', async () => {
    const clock = createManualClock();
    const answer: Answer = { records: [campaignRecord()], sentAt: clock.epochMs() - 1, source: 'shared' };
    const test = createTestCache({ sharedCache: stored(answer) }, clock);
    const found = test.find(ANA, { minSentAt: clock.epochMs() });
    await settle();
    await test.source.call(0).fail('server');
    await expect(found).resolves.toBe(answer);
  });

  it('has the stale answer that is served if Wolkvox is slow', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] });
    try {
      const clock = createClock();
      const answer: Answer = { records: [campaignRecord()], sentAt: clock.epochMs() - 1, source: 'shared' };
      const test = createTestCache({ sharedCache: stored(answer) }, clock);
      const found = test.find(ANA, { minSentAt: clock.epochMs() });
      await vi.advanceTimersByTimeAsync(STALE_AFTER_MS);
      await expect(found).resolves.toBe(answer);
      expect(test.source.calls).toHaveLength(1);
    } finally {
      vi.useRealTimers();
    }
  });
});

describe('A remembered failure', () => {
  const remembered = Object.entries(FAILURES).flatMap(([kind, policy]) => ('rememberMs' in policy ? [kind] : []));

  it('is one of a refused request, a malformed answer and a result that is too large', () => {
    expect(remembered.sort()).toEqual(['malformed', 'request', 'too-large']);
  });

  it.each(remembered)('of kind %s answers equal lookups without a call', async (kind) => {
    const test = createTestCache();
    const found = test.find(ANA);
    await settle();
    await test.source.call(0).fail(kind as FailureKind);
    await expect(found).rejects.toMatchObject({ kind });
    for (let time = 0; time < 20; time += 1) await expect(test.find(ANA)).rejects.toMatchObject({ kind });
    expect(test.source.calls).toHaveLength(1);
    void test.find(BEA);
    await settle();
    expect(test.source.calls).toHaveLength(2);
  });

  it('does not answer a caller that asks for a later call', async () => {
    const test = createTestCache();
    void test.find(ANA);
    await settle();
    await test.source.call(0).fail('malformed');
    test.clock.advance(1);
    const strict = test.find(ANA, { minSentAt: test.clock.epochMs() });
    await settle();
    expect(test.source.calls).toHaveLength(2);
    await test.source.call(1).answer();
    await strict;
    await expect(test.find(ANA)).resolves.toMatchObject({ records: [] });
  });

  it('is forgotten after its time', async () => {
    const test = createTestCache();
    void test.find(ANA);
    await settle();
    await test.source.call(0).fail('malformed');
    test.clock.advance(59_999);
    await expect(test.find(ANA)).rejects.toMatchObject({ kind: 'malformed' });
    test.clock.advance(1);
    void test.find(ANA);
    await settle();
    expect(test.source.calls).toHaveLength(2);
  });

  it('is none of a kind that may pass', async () => {
    const test = createTestCache();
    void test.find(ANA);
    await settle();
    await test.source.call(0).fail('server');
    void test.find(ANA);
    await settle();
    expect(test.source.calls).toHaveLength(2);
  });
});

describe('An erasure', () => {
  it('drops the answers about a person, and says how many', async () => {
    const test = createTestCache();
    await fill(test, ANA);
    await fill(test, BEA);
    expect(test.cache.erase({ customerId: '20111222' })).toBe(1);
    expect(test.cache.state().entries).toBe(1);
    expect(test.cache.erase()).toBe(1);
    expect(test.cache.state()).toEqual({ entries: 0, bytes: 0 });
    expect(test.events.filter(({ event }) => event === 'cache.erased')).toHaveLength(2);
  });

  it('keeps the answers of calls that are under way out of the cache', async () => {
    const test = createTestCache();
    const found = test.find(ANA);
    await settle();
    test.cache.erase({ customerId: '20111222' });
    await test.source.call(0).answer({ records: [campaignRecord()] });
    await expect(found).resolves.toMatchObject({ records: [{}] });
    expect(test.cache.state().entries).toBe(0);
    await fill(test, ANA);
    expect(test.cache.state().entries).toBe(1);
  });

  it('keeps an answer out of memory that the shared cache gives meanwhile', async () => {
    let give: (answer: Answer) => void = () => undefined;
    const sharedCache: SharedCache = {
      read: () => new Promise((resolve) => (give = resolve)),
    };
    const clock = createManualClock();
    const test = createTestCache({ sharedCache }, clock);
    const found = test.find(ANA);
    test.cache.erase();
    give({ records: [campaignRecord()], sentAt: clock.epochMs(), source: 'shared' });
    await settle();
    expect(test.cache.state().entries).toBe(0);
    // The answer of before the erasure is not served, either.
    await test.source.call(0).answer();
    await expect(found).resolves.toMatchObject({ records: [] });
  });
});

describe('The lookup cache', () => {
  it('caches nothing with freshMs 0, and shares the calls under way', async () => {
    const test = createTestCache({ freshMs: 0 });
    const found = [test.find(ANA), test.find(ANA)];
    await settle();
    expect(test.source.calls).toHaveLength(1);
    await test.source.call(0).answer();
    await Promise.all(found);
    expect(test.cache.state().entries).toBe(0);
    void test.find(ANA);
    await settle();
    expect(test.source.calls).toHaveLength(2);
    await test.source.call(1).fail('malformed');
    void test.find(ANA);
    await settle();
    expect(test.source.calls).toHaveLength(3);
  });

  it('reports a lookup that was refused without a call, and no other failure', async () => {
    const test = createTestCache();
    const refused = test.find(ANA);
    const failed = test.find(BEA);
    await settle();
    await test.source.call(0).fail('queue-full');
    await test.source.call(1).fail('server');
    await Promise.allSettled([refused, failed]);
    expect(test.events).toMatchObject([{ event: 'lookup.refused', code: 'UPSTREAM_BUSY', reason: 'queue-full' }]);
  });

  it('makes exactly the calls that a plain model expects, whatever happens in whatever order', async () => {
    const who = fc.nat({ max: 2 });
    const step = fc.oneof(
      fc.record({ do: fc.constant('find' as const), who, maxAgeMs: fc.nat({ max: 10_000 }) }),
      fc.record({ do: fc.constant('answer' as const), who }),
      fc.record({ do: fc.constant('fail' as const), who }),
      fc.record({ do: fc.constant('wait' as const), who, ms: fc.nat({ max: 5_000 }) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        const test = createTestCache();
        const running = new Map<string, { readonly sentAt: number; readonly index: number }[]>();
        const cached = new Map<string, number>();
        let expected = 0;
        for (const each of steps) {
          const lookup: Lookup = { customerId: `${each.who}` };
          const key = lookupKey(lookup);
          const calls = running.get(key) ?? [];
          if (each.do === 'wait') {
            test.clock.advance(each.ms);
          } else if (each.do === 'find') {
            const minSentAt = test.clock.epochMs() - each.maxAgeMs;
            const isCached = (cached.get(key) ?? -Infinity) >= minSentAt;
            if (!isCached && !calls.some(({ sentAt }) => sentAt >= minSentAt)) {
              running.set(key, [...calls, { sentAt: test.clock.epochMs(), index: expected }]);
              expected += 1;
            }
            void test.find(lookup, { minSentAt });
            await settle();
          } else {
            const [call, ...others] = calls;
            if (call === undefined) continue;
            running.set(key, others);
            if (each.do === 'fail') await test.source.call(call.index).fail('server');
            else await test.source.call(call.index).answer();
            if (each.do === 'answer') cached.set(key, Math.max(cached.get(key) ?? -Infinity, call.sentAt));
          }
          expect(test.source.calls).toHaveLength(expected);
        }
      }),
      { numRuns: 200 },
    );
  });
});
