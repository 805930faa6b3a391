import { describe, expect, it, vi } from 'vitest';
import type { Answer, SharedCache } from '../../../src/core/answer.js';
import { createClock } from '../../../src/core/clock.js';
import { lookupKey, type Lookup } from '../../../src/core/lookup.js';
import type { CampaignRecord } from '../../../src/core/record.js';
import { ANA, FRESH_MS, STALE_AFTER_MS, STALE_MS, createTestCache } from '../../support/lookup-cache.js';
import { createManualClock, settle } from '../../support/lookup-source.js';
import { campaignRecord } from '../../support/record.js';

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
