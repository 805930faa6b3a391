import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createCampaigns, type CampaignListOptions } from '../../../src/cache/campaign-list.js';
import type { CallOptions, Operation } from '../../../src/core/answer.js';
import type { CampaignList, Campaigns } from '../../../src/core/campaign.js';
import { createClock, type Clock } from '../../../src/core/clock.js';
import type { ServiceEvent } from '../../../src/core/events.js';
import type { LookupFailure } from '../../../src/core/failure.js';
import { FAILURES, allowsStale, type FailureKind } from '../../../src/core/failure.js';
import { campaign, createManualCampaignSource, type ManualCampaignSource } from '../../support/campaigns.js';
import { caller, settle } from '../../support/lookup-source.js';

const FRESH_MS = 300_000;
const STALE_MS = 3_600_000;
const STALE_AFTER_MS = 3_000;
const CAMPAIGNS = [campaign({ name: 'Bienvenida' })];

interface TestCampaigns extends Campaigns {
  readonly clock: Clock;
  readonly source: ManualCampaignSource;
  readonly events: ServiceEvent[];
  readonly promoted: Operation[];
  readonly demoted: string[];
  /** An operation that begins now asks. Its failure is not an unhandled rejection. */
  ask(overrides?: Partial<CallOptions>): Promise<CampaignList>;
  /** A call that succeeds now. */
  fill(): Promise<CampaignList>;
}

function createTestCampaigns(overrides: Partial<CampaignListOptions> = {}): TestCampaigns {
  const clock = createClock();
  const source = createManualCampaignSource(clock);
  const events: ServiceEvent[] = [];
  const promoted: Operation[] = [];
  const demoted: string[] = [];
  const campaigns = createCampaigns({
    source,
    freshness: { freshMs: FRESH_MS, staleMs: STALE_MS },
    staleAfterMs: STALE_AFTER_MS,
    queue: {
      promote: (_request, operation) => promoted.push(operation) > 0,
      demote: (request) => demoted.push(request),
    },
    clock,
    observe: (event) => events.push(event),
    ...overrides,
  });
  const ask: TestCampaigns['ask'] = (options) => {
    const operation = { startedAt: clock.epochMs() };
    const { signal } = new AbortController();
    const found = campaigns.find({ operation, deadline: clock.monotonicMs() + 60_000, signal, ...options });
    found.catch(() => undefined);
    return found;
  };
  return {
    ...campaigns,
    ...{ clock, source, events, promoted, demoted, ask },
    async fill() {
      const found = ask();
      await settle();
      await source.latest().answer({ campaigns: CAMPAIGNS });
      return found;
    },
  };
}

const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

beforeEach(() => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] }));
afterEach(() => vi.useRealTimers());

describe('The list of campaigns', () => {
  it('is asked for once by a thousand operations at the same time', async () => {
    const test = createTestCampaigns();
    const found = Array.from({ length: 1_000 }, () => test.ask());
    await settle();
    expect(test.source.calls).toHaveLength(1);
    await test.source.latest().answer({ campaigns: CAMPAIGNS });
    expect(new Set(await Promise.all(found)).size).toBe(1);
    expect(test.promoted).toHaveLength(999);
    const sources = test.events.map((event) => (event.event === 'answer.served' ? event.from : event.event));
    expect(sources).toHaveLength(1_000);
    expect(new Set(sources.slice(1))).toEqual(new Set(['flight']));
    expect(sources[0]).toBe('wolkvox');
  });

  it('is served without a call while it is fresh, and asked for again after that', async () => {
    const test = createTestCampaigns();
    const list = await test.fill();
    await pass(FRESH_MS);
    expect(await test.ask()).toBe(list);
    expect(test.fresh()).toBe(list);
    expect(test.source.calls).toHaveLength(1);
    expect(test.events.at(-1)).toMatchObject({ event: 'answer.served', from: 'memory' });
    await pass(1);
    expect(test.fresh()).toBeUndefined();
    const next = await test.fill();
    expect(test.source.calls).toHaveLength(2);
    expect(next.sentAt).toBe(list.sentAt + FRESH_MS + 1);
    expect(test.fresh()).toBe(next);
  });

  it('is as old as its call, not as its end', async () => {
    const test = createTestCampaigns();
    const found = test.ask();
    await settle();
    const sentAt = test.clock.epochMs();
    await pass(2_000);
    await test.source.latest().answer();
    expect((await found).sentAt).toBe(sentAt);
    await pass(FRESH_MS - 2_000);
    expect(test.fresh()).toBeDefined();
    await pass(1);
    expect(test.fresh()).toBeUndefined();
  });

  it('names the time from which a list is fresh enough, and passes the options of the caller on', async () => {
    const test = createTestCampaigns();
    const operation = { startedAt: test.clock.epochMs(), requestId: 'request-1' };
    void test.ask({ operation, deadline: 17 });
    await settle();
    expect(test.source.latest().options).toMatchObject({
      operation,
      deadline: 17,
      minSentAt: operation.startedAt - FRESH_MS,
    });
  });

  it('is the same for an operation each time, and the operation is reported once', async () => {
    const test = createTestCampaigns();
    const operation = { startedAt: test.clock.epochMs(), requestId: 'request-1' };
    expect(test.fresh(operation)).toBeUndefined();
    const found = Array.from({ length: 50 }, () => test.ask({ operation }));
    await settle();
    await test.source.latest().answer({ campaigns: CAMPAIGNS });
    const [list] = await Promise.all(found);
    await pass(FRESH_MS + 1);
    const later = await test.fill();
    expect(later).not.toBe(list);
    expect(test.fresh(operation)).toBe(list);
    expect(await test.ask({ operation })).toBe(list);
    expect(test.events.filter((event) => 'operation' in event && event.operation === operation)).toEqual([
      { event: 'answer.served', from: 'wolkvox', operation },
    ]);
  });

  it('is read without waiting by an operation, which is reported once, or by nobody', async () => {
    const test = createTestCampaigns();
    const list = await test.fill();
    const before = test.events.length;
    const operation = { startedAt: test.clock.epochMs(), requestId: 'request-2' };
    expect(test.fresh()).toBe(list);
    expect(test.events).toHaveLength(before);
    expect([test.fresh(operation), test.fresh(operation), await test.ask({ operation })]).toEqual([list, list, list]);
    expect(test.events.slice(before)).toEqual([{ event: 'answer.served', from: 'memory', operation }]);
  });

  it('is not replaced by one whose call was sent earlier', async () => {
    let answer = 0;
    const sentAt = createClock().epochMs();
    const lists = [sentAt, sentAt - 10].map((at): CampaignList => ({ campaigns: [], sentAt: at, source: 'wolkvox' }));
    const test = createTestCampaigns({ source: { find: () => Promise.resolve(lists[answer++] as CampaignList) } });
    await test.ask();
    expect((await test.ask({ operation: { startedAt: sentAt + 2 * FRESH_MS } })).sentAt).toBe(sentAt - 10);
    expect(test.fresh()).toBe(lists[0]);
  });

  it('is not cached with a time of 0, but the fields of an operation share a call', async () => {
    const test = createTestCampaigns({ freshness: { freshMs: 0, staleMs: STALE_MS } });
    const operation = { startedAt: test.clock.epochMs() };
    const found = [test.ask({ operation }), test.ask({ operation })];
    await settle();
    expect(test.source.calls).toHaveLength(1);
    await test.source.latest().answer({ campaigns: CAMPAIGNS });
    const [list] = await Promise.all(found);
    expect([await test.ask({ operation }), test.fresh(operation)]).toEqual([list, list]);
    expect(test.fresh()).toBeUndefined();
    await test.fill();
    expect(test.source.calls).toHaveLength(2);
  });
});

describe('A failure of the list', () => {
  it.each(Object.keys(FAILURES) as FailureKind[])(
    'is replaced by a stale list if its code allows it: %s',
    async (kind) => {
      const test = createTestCampaigns();
      const list = await test.fill();
      await pass(FRESH_MS + STALE_MS);
      const found = test.ask();
      await settle();
      await test.source.latest().fail(kind);
      const { code } = FAILURES[kind];
      if (!allowsStale(code)) return expect(found).rejects.toMatchObject({ kind });
      expect(await found).toBe(list);
      expect(test.events.at(-1)).toMatchObject({ event: 'answer.served', from: 'stale', reason: code });
    },
  );

  it('is not replaced by a list that is too old', async () => {
    const test = createTestCampaigns();
    await test.fill();
    await pass(FRESH_MS + STALE_MS + 1);
    const found = test.ask();
    await settle();
    await test.source.latest().fail('server');
    await expect(found).rejects.toMatchObject({ kind: 'server' });
  });

  it('ends the asks of all operations that waited, and the next one makes a call', async () => {
    const test = createTestCampaigns();
    const found = [test.ask(), test.ask(), test.ask()];
    await settle();
    await test.source.latest().fail('server');
    for (const one of found) await expect(one).rejects.toMatchObject({ kind: 'server' });
    expect(test.source.calls).toHaveLength(1);
    expect((await test.fill()).campaigns).toEqual(CAMPAIGNS);
    expect(test.source.calls).toHaveLength(2);
  });

  it.each(['malformed', 'request', 'too-large'] as const)('is remembered for a minute if it is %s', async (kind) => {
    const test = createTestCampaigns();
    const first = test.ask();
    await settle();
    await test.source.latest().fail(kind);
    await expect(first).rejects.toMatchObject({ kind });
    await pass(59_999);
    await expect(test.ask()).rejects.toMatchObject({ kind });
    expect(test.source.calls).toHaveLength(1);
    expect(test.events).toMatchObject([{ event: 'lookup.refused', code: FAILURES[kind].code, reason: kind }]);
    await pass(1);
    await test.fill();
    expect(test.source.calls).toHaveLength(2);
  });

  it('is remembered for the time of freshness at most, and not at all without a cache', async () => {
    for (const [freshMs, calls] of [
      [5_000, 2],
      [0, 3],
    ] as const) {
      const test = createTestCampaigns({ freshness: { freshMs, staleMs: STALE_MS } });
      for (const ms of [0, freshMs - 1, 1]) {
        await pass(Math.max(0, ms));
        void test.ask();
        await settle();
        if (test.source.calls.length > 0) await test.source.latest().fail('malformed');
      }
      expect(test.source.calls).toHaveLength(calls);
    }
  });

  it('of the caller who started the call lets each other caller start its own', async () => {
    const test = createTestCampaigns();
    const first = test.ask();
    await settle();
    const others = [test.ask(), test.ask()];
    await test.source.latest().fail('too-many-lookups');
    await expect(first).rejects.toMatchObject({ kind: 'too-many-lookups' });
    expect(test.source.calls).toHaveLength(2);
    await test.source.latest().answer({ campaigns: CAMPAIGNS });
    expect((await Promise.all(others)).map(({ campaigns }) => campaigns)).toEqual([CAMPAIGNS, CAMPAIGNS]);
    expect(test.events.map((event) => 'reason' in event && event.reason)).toContain('too-many-lookups');
  });

  it('of callers who are all refused ends after a few calls, however many callers wait', async () => {
    const test = createTestCampaigns();
    const found = Array.from({ length: 20 }, () => test.ask());
    await settle();
    for (let ended = 0; ended < test.source.calls.length; ended += 1)
      await test.source.calls[ended]?.fail('queue-full');
    const outcomes = await Promise.all(
      found.map((one) => one.catch((error: unknown) => (error as LookupFailure).kind)),
    );
    expect(outcomes.slice(0, 3)).toEqual(['queue-full', 'queue-full', 'queue-full']);
    expect(new Set(outcomes.slice(3))).toEqual(new Set(['displaced']));
    expect(test.source.calls).toHaveLength(3);
  });

  it('that is a bug is thrown as it is', async () => {
    const bug = new TypeError('a bug');
    const test = createTestCampaigns();
    await test.fill();
    await pass(FRESH_MS + 1);
    const found = test.ask();
    await settle();
    await test.source.latest().fail(bug);
    await expect(found).rejects.toBe(bug);
  });
});

describe('A slow call for the list', () => {
  it('is replaced by a stale list after staleAfterMs, and goes on into the cache', async () => {
    const test = createTestCampaigns();
    const list = await test.fill();
    await pass(FRESH_MS + 1);
    const found = test.ask();
    let isServed = false;
    void found.then(() => (isServed = true));
    await pass(STALE_AFTER_MS - 1);
    expect(isServed).toBe(false);
    await pass(1);
    expect(await found).toBe(list);
    expect(test.events.at(-1)).toMatchObject({ event: 'answer.served', from: 'stale', reason: 'slow' });
    expect(test.demoted).toEqual(['campaigns']);
    expect(test.source.latest().options.signal.aborted).toBe(false);
    await test.source.latest().answer();
    expect(test.fresh()?.sentAt).toBe(list.sentAt + FRESH_MS + 1);
  });

  it('is not demoted while another caller waits for it', async () => {
    const test = createTestCampaigns();
    await test.fill();
    await pass(FRESH_MS + 1);
    const first = test.ask();
    await pass(1_000);
    const second = test.ask();
    await pass(STALE_AFTER_MS - 1_000);
    await first;
    expect(test.demoted).toEqual([]);
    await pass(1_000);
    await second;
    expect(test.demoted).toEqual(['campaigns']);
  });

  it('is waited for if there is no stale list, and leaves no timer behind', async () => {
    const test = createTestCampaigns();
    const { signal } = caller();
    const found = test.ask({ signal });
    await pass(20_000);
    await test.source.latest().answer({ campaigns: CAMPAIGNS });
    expect((await found).campaigns).toEqual(CAMPAIGNS);
    expect(vi.getTimerCount()).toBe(0);
    const quick = test.ask({ operation: { startedAt: test.clock.epochMs() + 2 * FRESH_MS }, signal });
    await settle();
    expect(vi.getTimerCount()).toBe(1);
    await test.source.latest().answer();
    await quick;
    expect(vi.getTimerCount()).toBe(0);
  });

  it('ends for each caller at its own deadline', async () => {
    const test = createTestCampaigns();
    const [hurried, patient] = [caller(), caller()];
    const [first, second] = [test.ask(hurried), test.ask(patient)];
    await settle();
    hurried.leave();
    await expect(first).rejects.toMatchObject({ kind: 'deadline' });
    expect(test.source.latest().options.signal.aborted).toBe(false);
    await test.source.latest().answer({ campaigns: CAMPAIGNS });
    expect((await second).campaigns).toEqual(CAMPAIGNS);
    expect(test.source.calls).toHaveLength(1);
  });

  it('is cancelled if every caller leaves, and a caller that comes then makes its own call', async () => {
    const test = createTestCampaigns();
    const leaving = caller();
    const left = test.ask(leaving);
    await settle();
    leaving.leave();
    await expect(left).rejects.toMatchObject({ kind: 'deadline' });
    const { signal } = test.source.latest().options;
    expect(signal.reason).toMatchObject({ kind: 'abandoned' });
    const next = test.ask();
    await test.source.latest().fail('server');
    expect(test.source.calls).toHaveLength(2);
    await test.source.latest().answer({ campaigns: CAMPAIGNS });
    expect((await next).campaigns).toEqual(CAMPAIGNS);
  });

  it('is not made for a caller that has left already', async () => {
    const test = createTestCampaigns();
    const left = caller();
    left.leave();
    await expect(test.ask(left)).rejects.toMatchObject({ kind: 'deadline' });
    expect(test.source.calls).toHaveLength(0);
    await test.fill();
    expect((await test.ask(left)).campaigns).toEqual(CAMPAIGNS);
  });
});

describe('The cache that replicas share', () => {
  const shared = (sentAt: number): CampaignList => ({ campaigns: CAMPAIGNS, sentAt, source: 'shared' });

  it('is read before a call, once by all callers', async () => {
    let reads = 0;
    const list = shared(createClock().epochMs() - FRESH_MS);
    const test = createTestCampaigns({
      sharedCache: { read: () => Promise.resolve((reads += 1) > 0 ? list : undefined) },
    });
    expect(await Promise.all([test.ask(), test.ask()])).toEqual([list, list]);
    expect(test.fresh()).toBe(list);
    expect(reads).toBe(1);
    expect(test.source.calls).toHaveLength(0);
    expect(test.events).toMatchObject([{ from: 'shared' }, { from: 'flight' }]);
  });

  it('has the stale list that is served if Wolkvox fails or is slow', async () => {
    const list = shared(createClock().epochMs() - FRESH_MS - 1);
    const test = createTestCampaigns({ sharedCache: { read: () => Promise.resolve(list) } });
    const failing = test.ask();
    await settle();
    await test.source.latest().fail('redis-down');
    expect(await failing).toBe(list);
    const slow = test.ask();
    await pass(STALE_AFTER_MS);
    expect(await slow).toBe(list);
    expect(test.source.calls).toHaveLength(2);
  });
});
