import { describe, expect, it, onTestFinished } from 'vitest';
import { createCampaigns } from '../../../src/cache/campaign-list.js';
import { createCampaignSizeLimit } from '../../../src/cache/campaign-size-limit.js';
import { createLookupCache } from '../../../src/cache/lookup-cache.js';
import type { Answer, LookupOptions, LookupSource } from '../../../src/core/answer.js';
import type { CampaignList } from '../../../src/core/campaign.js';
import type { ServiceEvent } from '../../../src/core/events.js';
import type { LookupFailure } from '../../../src/core/failure.js';
import type { Lookup } from '../../../src/core/lookup.js';
import type { Simulator } from '../../../src/simulator/server.js';
import { SIMULATOR_TOKEN } from '../../../src/simulator/settings.js';
import { createWolkvoxClient } from '../../../src/wolkvox/client.js';
import { createMovableClock, type MovableClock } from '../../support/clock.js';
import { lookupOptions } from '../../support/lookup-source.js';
import { campaignRecord, fingerprintsOf } from '../../support/record.js';
import { startSimulator } from '../../support/simulator-client.js';

const FRESH_MS = 300_000;
/** More than 60,000 records. */
const LARGE: Lookup = { campaignId: '10277' };
/** 1,903 records. */
const MEDIUM: Lookup = { campaignId: '7203' };
/** 322 records. */
const SMALL: Lookup = { campaignId: '4821' };

interface Limited {
  readonly simulator: Simulator;
  readonly clock: MovableClock;
  readonly events: readonly ServiceEvent[];
  /** Makes the list of campaigns known. */
  list(): Promise<CampaignList>;
  /** An operation that begins now finds records. @param maxAgeMs default: it accepts any fresh answer */
  find(lookup: Lookup, maxAgeMs?: number): Promise<Answer>;
  failureOf(lookup: Lookup, maxAgeMs?: number): Promise<LookupFailure>;
  /** `find_record` requests that arrived. */
  calls(): number;
}

/** The layer before the cache of lookups, over a simulator. `answer` replaces the calls of lookups. */
async function startLimited(answer?: (lookup: Lookup) => Answer): Promise<Limited> {
  const { simulator, url } = await startSimulator();
  const clock = createMovableClock();
  const events: ServiceEvent[] = [];
  const observe = (event: ServiceEvent): void => void events.push(event);
  const client = createWolkvoxClient({
    ...{ baseUrl: url, account: { token: SIMULATOR_TOKEN, server: '0042' }, concurrency: 2, timeoutMs: 20_000 },
    ...{ zone: 'UTC-5', maxRecords: 1_000, maxBytes: 256_000_000, clock, observe },
  });
  onTestFinished(() => client.close());
  const queue = { promote: () => false, demote: () => undefined };
  const common = { freshness: { freshMs: FRESH_MS, staleMs: 3_600_000 }, staleAfterMs: 60_000, queue, clock, observe };
  const campaigns = createCampaigns({ ...common, source: client.campaigns });
  const cache = createLookupCache({ ...common, maxBytes: 10_000_000, searchesAllCampaigns: true, fingerprintsOf });
  const calls: LookupSource = answer === undefined ? client : { find: (lookup) => Promise.resolve(answer(lookup)) };
  const source = createCampaignSizeLimit(campaigns, 1_000)(cache.layer(calls));
  const options = (maxAgeMs: number): LookupOptions => {
    const minSentAt = clock.epochMs() - maxAgeMs;
    return lookupOptions(clock, { minSentAt, minStaleSentAt: minSentAt });
  };
  const find: Limited['find'] = (lookup, maxAgeMs = FRESH_MS) => source.find(lookup, options(maxAgeMs));
  return {
    ...{ simulator, clock, events, find },
    list: () => campaigns.find(options(0)),
    failureOf: (lookup, maxAgeMs) =>
      find(lookup, maxAgeMs).then(
        () => Promise.reject(new Error('Expected a failure; got an answer.')),
        (error: unknown) => error as LookupFailure,
      ),
    calls: () => simulator.requestLog.calls.length,
  };
}

describe('A lookup of a whole campaign', () => {
  it('is refused without a call if the list says that the campaign is too large, and the message says why', async () => {
    const test = await startLimited();
    await test.list();
    const failures = await Promise.all(Array.from({ length: 10 }, () => test.failureOf(LARGE)));
    for (const failure of failures) {
      expect(failure).toMatchObject({ kind: 'campaign-too-large', code: 'RESULT_TOO_LARGE', retryable: false });
      expect(failure.message).toBe(
        'The campaign has 60,501 records; an answer may have 1,000. Narrow the search: add customerId or phone.',
      );
    }
    expect((await test.failureOf(MEDIUM)).message).toContain('1,903 records');
    expect(test.calls()).toBe(0);
    expect(test.simulator.requestLog.information).toHaveLength(1);
    const refused = { event: 'lookup.refused', code: 'RESULT_TOO_LARGE', reason: 'campaign-too-large' };
    expect(test.events.filter(({ event }) => event === 'lookup.refused')).toMatchObject(Array(11).fill(refused));
  });

  it('is found if the campaign is small, unknown, or its size is not known', async () => {
    const test = await startLimited();
    await test.list();
    expect((await test.find(SMALL)).records).toHaveLength(322);
    expect((await test.find({ campaignId: '1111' })).records).toEqual([]);
    expect(test.calls()).toBe(2);
    const unsized = await startLimited();
    unsized.simulator.respondWith(({ api }) =>
      api === 'campaigns' ? { body: '{"code":"200","data":[{"campaign_id":"7203","records":""}]}' } : undefined,
    );
    expect((await unsized.list()).campaigns).toHaveLength(1);
    expect((await unsized.failureOf(MEDIUM)).kind).toBe('too-large');
    expect(unsized.calls()).toBe(1);
  });

  it('is found in a large campaign if it names a person, too', async () => {
    const test = await startLimited();
    await test.list();
    expect((await test.find({ ...LARGE, customerId: '21839174' })).records).toHaveLength(1);
    expect((await test.find({ ...LARGE, phone: '3064821975' })).records).toHaveLength(1);
    expect((await test.find({ customerId: '21839174' })).records).toHaveLength(3);
    expect(test.calls()).toBe(3);
  });

  it('causes a call if no list is known, and no call for the list', async () => {
    const test = await startLimited();
    expect((await test.failureOf(MEDIUM)).kind).toBe('too-large');
    expect(test.calls()).toBe(1);
    expect(test.simulator.requestLog.information).toEqual([]);
  });

  it('causes a call if the list is no longer fresh', async () => {
    const test = await startLimited();
    await test.list();
    test.clock.advance(FRESH_MS - 1_000);
    expect((await test.failureOf(MEDIUM)).kind).toBe('campaign-too-large');
    test.clock.advance(1_001);
    expect((await test.failureOf(MEDIUM)).kind).toBe('too-large');
    expect(test.calls()).toBe(1);
  });

  it('causes a call if the caller accepts no answer that is as old as the list, beside refused callers', async () => {
    const test = await startLimited();
    const { sentAt } = await test.list();
    test.clock.advance(10_000);
    const maxAgeMs = test.clock.epochMs() - sentAt;
    const failures = [test.failureOf(MEDIUM), test.failureOf(MEDIUM, 0), test.failureOf(MEDIUM)];
    expect((await Promise.all(failures)).map(({ kind }) => kind)).toEqual([
      'campaign-too-large',
      'too-large',
      'campaign-too-large',
    ]);
    expect(test.calls()).toBe(1);
    expect((await test.failureOf(LARGE, maxAgeMs - 5_000)).kind).toBe('too-large');
    expect((await test.failureOf(LARGE, FRESH_MS)).kind).toBe('too-large');
    expect(test.calls()).toBe(2);
  });

  it('is answered from the cache, although the campaign has grown meanwhile', async () => {
    const test = await startLimited(() => ({ ...cached, sentAt: Date.now() }));
    const cached = { records: [campaignRecord({ campaignId: '7203' })], source: 'wolkvox' as const };
    const { records } = await test.find(MEDIUM);
    await test.list();
    expect(records).toHaveLength(1);
    expect((await test.find(MEDIUM)).records).toEqual(records);
    expect(test.events.at(-1)).toMatchObject({ event: 'answer.served', from: 'memory' });
    expect((await test.failureOf(LARGE)).kind).toBe('campaign-too-large');
  });
});
