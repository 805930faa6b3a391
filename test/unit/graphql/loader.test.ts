import { describe, expect, it } from 'vitest';
import type { Answer, Freshness, LookupOptions } from '../../../src/core/answer.js';
import { createClock } from '../../../src/core/clock.js';
import { LookupFailure } from '../../../src/core/failure.js';
import type { Lookup } from '../../../src/core/lookup.js';
import { createLoader, type LoaderOptions, type RecordLoader } from '../../../src/graphql/loader.js';
import { campaignRecord, fingerprintsOf } from '../../support/record.js';
import { startOperation, type RunningOperation } from '../../../src/graphql/operation.js';

interface Found {
  readonly lookup: Lookup;
  readonly options: LookupOptions;
}

const DEFAULTS: Omit<LoaderOptions, 'source'> = {
  cache: { answerTo: () => undefined, answerWith: () => undefined },
  ids: { fingerprintsOf },
  freshness: { freshMs: 300_000, staleMs: 3_600_000 },
  campaigns: { find: () => Promise.reject(new Error('Expected no list of campaigns.')), fresh: () => undefined },
  campaignsFreshMs: 300_000,
  minMaxAgeMs: 0,
  countryCode: undefined,
};

/** A loader over a source that answers at once, and the lookups that reached the source. */
function createTestLoader(options: Partial<LoaderOptions> = {}): {
  loader: RecordLoader;
  running: RunningOperation;
  found: Found[];
  answerSentAt: (sentAt: number) => void;
} {
  const found: Found[] = [];
  const running = startOperation(60_000, createClock());
  let sentAt = running.operation.startedAt;
  const find = (lookup: Lookup, options: LookupOptions): Promise<Answer> => {
    found.push({ lookup, options });
    return Promise.resolve({ records: [], sentAt, source: 'wolkvox' });
  };
  return {
    loader: createLoader(running, { ...DEFAULTS, source: { find }, ...options }),
    running,
    found,
    answerSentAt: (value) => (sentAt = value),
  };
}

const PHONE = '3064821975';

describe('the loader', () => {
  it('asks for the list of campaigns once, also if it fails', async () => {
    let calls = 0;
    const find = (): Promise<never> => {
      calls += 1;
      return Promise.reject(new LookupFailure('server'));
    };
    const { loader } = createTestLoader({ campaigns: { find, fresh: () => undefined } });
    const lists = await Promise.allSettled([loader.loadCampaigns(), loader.loadCampaigns()]);
    expect(lists.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    await expect(loader.loadCampaigns()).rejects.toMatchObject({ kind: 'server' });
    expect(calls).toBe(1);
  });

  it('counts each lookup that it starts once, and none that a cached answer answers', async () => {
    const { loader } = createTestLoader();
    await Promise.all([loader.load({ phone: PHONE }), loader.load({ phone: PHONE }), loader.load({ customerId: '1' })]);
    expect(loader.lookupsStarted()).toBe(2);
    const answer: Answer = { records: [], sentAt: 0, source: 'wolkvox' };
    const cached = createTestLoader({ cache: { answerTo: () => answer, answerWith: () => undefined } }).loader;
    expect(cached.load({ phone: PHONE })).toBe(answer);
    expect(cached.lookupsStarted()).toBe(0);
  });

  it('finds equal lookups once, in one tick, with the options of the operation', async () => {
    const { loader, running, found } = createTestLoader();
    await Promise.all([
      loader.load({ phone: PHONE }),
      loader.load({ phone: '(306) 482-1975' }),
      loader.load({ phone: PHONE, maxAge: 0 }),
      loader.load({ phone: '306 482 1975', maxAge: 0 }),
      loader.loadRecord({ lookup: { phone: PHONE }, fingerprint: 'one' }),
    ]);
    expect(found.map(({ lookup }) => lookup)).toEqual([{ phone: PHONE }, { phone: PHONE }]);
    for (const { options } of found) {
      const { operation, deadline } = running;
      expect(options).toMatchObject({ operation, deadline, signal: running.signal() });
    }
  });

  const FRESH_MS = 300_000;
  const STALE_MS = 3_600_000;
  it.each<[string, Freshness, number | null, number, number]>([
    ['no maxAge', { freshMs: FRESH_MS, staleMs: STALE_MS }, null, FRESH_MS, FRESH_MS + STALE_MS],
    ['maxAge 0', { freshMs: FRESH_MS, staleMs: STALE_MS }, 0, 0, 0],
    ['a maxAge below the time of freshness', { freshMs: FRESH_MS, staleMs: STALE_MS }, 60, 60_000, 60_000],
    ['a maxAge above it', { freshMs: FRESH_MS, staleMs: STALE_MS }, 600, FRESH_MS, 600_000],
    ['a maxAge above all', { freshMs: FRESH_MS, staleMs: STALE_MS }, 9_000, FRESH_MS, FRESH_MS + STALE_MS],
    ['no cache and no maxAge', { freshMs: 0, staleMs: 0 }, null, Infinity, 0],
    ['no cache and a maxAge', { freshMs: 0, staleMs: 0 }, 60, 60_000, 0],
  ])('computes the oldest accepted answers with %s', async (_, freshness, maxAge, ageMs, staleAgeMs) => {
    const { loader, running, found } = createTestLoader({ freshness });
    await loader.load({ phone: PHONE, maxAge });
    const { startedAt } = running.operation;
    expect(found).toHaveLength(1);
    expect(found[0]?.options).toMatchObject({ minSentAt: startedAt - ageMs, minStaleSentAt: startedAt - staleAgeMs });
  });

  it('rejects invalid arguments and finds nothing', async () => {
    const { loader, found } = createTestLoader();
    expect(() => loader.load({ phone: 'x' })).toThrow(expect.objectContaining({ kind: 'bad-input' }));
    expect(() => loader.load({ phone: PHONE, maxAge: -1 })).toThrow(
      'maxAge must be a number of seconds, 0 or more; got a negative number.',
    );
    expect(found).toEqual([]);
  });

  it('settles each lookup by itself', async () => {
    const running = startOperation(60_000, createClock());
    const answer: Answer = { records: [], sentAt: 0, source: 'wolkvox' };
    const find = ({ phone }: Lookup): Promise<Answer> =>
      phone === PHONE ? new Promise<never>(() => undefined) : Promise.resolve(answer);
    const loader = createLoader(running, { ...DEFAULTS, source: { find } });
    void loader.load({ phone: PHONE });
    expect(await loader.load({ phone: '3067150482' })).toBe(answer);
  });

  it('knows until when all loaded answers are fresh', async () => {
    const { loader, running, answerSentAt } = createTestLoader();
    const { startedAt } = running.operation;
    expect(loader.freshUntil()).toBeUndefined();
    await loader.load({ phone: PHONE });
    expect(loader.freshUntil()).toBe(startedAt + FRESH_MS);
    answerSentAt(startedAt - 100_000);
    await loader.load({ phone: '3067150482' });
    expect(loader.freshUntil()).toBe(startedAt - 100_000 + FRESH_MS);
    await loader.load({ phone: '3067150482', maxAge: 120 });
    expect(loader.freshUntil()).toBe(startedAt + 20_000);
  });

  it('merges the campaigns of a person that a batch asks for several times', async () => {
    const { loader, found } = createTestLoader();
    const merged = (): unknown[] => found.splice(0).map(({ options }) => options.mergesCampaigns);
    await Promise.all([
      loader.load({ phone: PHONE, campaignId: '1' }),
      loader.load({ customerId: 'a', campaignId: '1' }),
    ]);
    expect(merged()).toEqual([false, false]);
    await Promise.all([
      loader.load({ phone: PHONE, campaignId: '2' }),
      loader.load({ phone: PHONE, campaignId: '3' }),
      loader.load({ customerId: 'b', campaignId: '2' }),
    ]);
    expect(merged()).toEqual([true, true, false]);
    await Promise.all([loader.load({ customerId: 'c', campaignId: '2' }), loader.load({ customerId: 'c' })]);
    expect(merged()).toEqual([true, true]);
    await Promise.all([loader.load({ campaignId: '4' }), loader.load({ campaignId: '4', maxAge: 1 })]);
    expect(merged()).toEqual([false, false]);
  });

  it('raises a maxAge to the least that is configured', async () => {
    const { loader, running, found } = createTestLoader({ minMaxAgeMs: 10_000 });
    await loader.load({ phone: PHONE, maxAge: 0 });
    await loader.load({ phone: PHONE, maxAge: 20 });
    const { startedAt } = running.operation;
    expect(found.map(({ options }) => startedAt - options.minSentAt)).toEqual([10_000, 20_000]);
  });

  it('takes the record of an id from a cached answer, or finds it', async () => {
    const cached: Answer = { records: [campaignRecord({ customerName: 'Ana' })], sentAt: 1_000, source: 'wolkvox' };
    const [fingerprint = ''] = fingerprintsOf(cached);
    const cache = {
      answerTo: () => undefined,
      answerWith: (text: string) => (text === fingerprint ? cached : undefined),
    };
    const { loader, found } = createTestLoader({ cache });
    const lookup = { customerId: 'a', campaignId: '1' };
    expect(loader.loadRecord({ lookup, fingerprint })).toEqual({
      __typename: 'CampaignRecord',
      record: cached.records[0],
      answer: cached,
      index: 0,
    });
    expect(loader.freshUntil()).toBe(301_000);
    expect(found).toEqual([]);
    await expect(loader.loadRecord({ lookup, fingerprint: 'another' })).resolves.toBeUndefined();
    expect(found).toMatchObject([{ lookup, options: { mergesCampaigns: true } }]);
  });
});
