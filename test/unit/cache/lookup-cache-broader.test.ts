import { describe, expect, it } from 'vitest';
import type { Answer, SharedCache } from '../../../src/core/answer.js';
import { lookupKey, type Lookup } from '../../../src/core/lookup.js';
import type { CampaignRecord } from '../../../src/core/record.js';
import { ANA, BEA, FRESH_MS, createTestCache, fill } from '../../support/lookup-cache.js';
import { createManualClock, settle } from '../../support/lookup-source.js';
import { campaignRecord } from '../../support/record.js';

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
