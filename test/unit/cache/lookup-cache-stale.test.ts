import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Answer } from '../../../src/core/answer.js';
import { createClock } from '../../../src/core/clock.js';
import { FAILURES, allowsStale, type FailureKind } from '../../../src/core/failure.js';
import { ANA, BEA, STALE_AFTER_MS, createTestCache, fill } from '../../support/lookup-cache.js';
import { settle } from '../../support/lookup-source.js';
import { campaignRecord } from '../../support/record.js';

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

  it('is replaced by a stale answer after staleAfterMs, and goes on into the cache (defect 5)', async () => {
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
