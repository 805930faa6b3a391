import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Answer } from '../../../src/core/answer.js';
import { inAllCampaigns, inWholeCampaign, narrowAnswer } from '../../../src/core/broader-lookup.js';
import { readLookup, type Lookup } from '../../../src/core/lookup.js';
import type { CampaignRecord } from '../../../src/core/record.js';
import { createStore, type Matching } from '../../../src/simulator/store.js';
import { readMatchingRow } from '../../../src/wolkvox/columns.js';
import { campaignRecord } from '../../support/record.js';

describe('the broader lookups of a lookup', () => {
  it.each<[Lookup, Lookup | undefined, Lookup | undefined]>([
    [{ customerId: 'a', campaignId: '1' }, { customerId: 'a' }, { campaignId: '1' }],
    [{ phone: '3001112233', campaignId: '1' }, { phone: '3001112233' }, undefined],
    [{ phone: '3001112233', customerId: 'a', campaignId: '1' }, { phone: '3001112233', customerId: 'a' }, undefined],
    [{ campaignId: '1' }, undefined, undefined],
    [{ customerId: 'a' }, undefined, undefined],
    [{ phone: '3001112233' }, undefined, undefined],
  ])('%j: all campaigns %j, the whole campaign %j', (lookup, all, whole) => {
    expect(inAllCampaigns(lookup)).toEqual(all);
    expect(inWholeCampaign(lookup)).toEqual(whole);
  });
});

describe('a narrowed answer', () => {
  const answer: Answer = {
    records: [
      campaignRecord({ campaignId: '1', customerId: 'a' }),
      campaignRecord({ campaignId: '2', customerId: 'a' }),
      campaignRecord({ campaignId: '1', customerId: 'b' }),
    ],
    sentAt: 42,
    source: 'wolkvox',
  };

  it('has the records of the campaign and of the customer, and the time of the broader answer', () => {
    const { records } = answer;
    expect(narrowAnswer(answer, { campaignId: '1' })).toEqual({ ...answer, records: [records[0], records[2]] });
    expect(narrowAnswer(answer, { campaignId: '1', customerId: 'a' })).toEqual({ ...answer, records: [records[0]] });
    expect(narrowAnswer(answer, { campaignId: '3' })).toEqual({ ...answer, records: [] });
  });

  it('does not exist if the campaign of a record is unknown', () => {
    const records = [...answer.records, campaignRecord({ campaignId: '' })];
    expect(narrowAnswer({ ...answer, records }, { campaignId: '1' })).toBeUndefined();
  });
});

/** Indexes of few values, so that people share phones, ids and campaigns. */
const few = fc.integer({ min: 0, max: 2 });
const maybe = fc.option(few, { nil: undefined });
const storedPhone = fc.record({ prefix: fc.constantFrom('', '', '9', '57', '957'), phone: maybe });
const person = fc.record({ campaign: few, customer: maybe, tel1: storedPhone, tel2: storedPhone });
const narrow = fc
  .record({ campaign: few, customer: maybe, phone: maybe })
  .filter(({ customer, phone }) => customer !== undefined || phone !== undefined);

/** The values of one run. Those of different runs differ, so that all runs use one store. */
const campaignOf = (run: number, index: number): string => `${60_000 + 3 * run + index}`;
const customerOf = (run: number, index: number | undefined): string =>
  index === undefined ? '' : `CC ${70_000_000 + 3 * run + index}`;
const phoneOf = (run: number, index: number | undefined): string =>
  index === undefined ? '' : `${3_050_000_000 + 3 * run + index}`;

describe('an answer to a broader lookup', () => {
  const store = createStore(1);
  const modes: Matching[] = (['prefix', 'exact', 'tel1'] as const).flatMap((phoneMatch) =>
    (['and', 'or'] as const).map((combine) => ({ phoneMatch, combine })),
  );
  let run = 0;

  it.each(modes)('narrowed is the direct answer: $phoneMatch, $combine (defect 14)', (matching) => {
    let compared = 0;
    let found = 0;
    fc.assert(
      fc.property(fc.array(person, { maxLength: 15 }), narrow, (people, { campaign, customer, phone }) => {
        run += 1;
        const tel = (stored: { prefix: string; phone: number | undefined }): string =>
          stored.phone === undefined ? '' : stored.prefix + phoneOf(run, stored.phone);
        for (const { campaign: index, customer: id, tel1, tel2 } of people) {
          const record = { campaign_id: campaignOf(run, index), customer_id: customerOf(run, id) };
          store.add({ ...record, tel1: tel(tel1), tel2: tel(tel2) });
        }
        const criteria = { customerId: customerOf(run, customer), phone: phoneOf(run, phone) };
        const lookup = readLookup({ ...criteria, campaignId: campaignOf(run, campaign) });
        const direct = find(store, lookup, matching);
        for (const broader of [inAllCampaigns(lookup), inWholeCampaign(lookup)]) {
          if (broader === undefined) continue;
          const answer: Answer = { records: find(store, broader, matching), sentAt: 0, source: 'wolkvox' };
          expect(narrowAnswer(answer, lookup)?.records).toEqual(direct);
          compared += 1;
          found += direct.length;
        }
      }),
      { numRuns: 300 },
    );
    // The comparison means something only if records are found. About 40 are found in the strictest mode.
    expect(compared).toBeGreaterThan(300);
    expect(found).toBeGreaterThan(5);
  });
});

/** The records that the client reads from the rows of the simulator. */
function find(store: ReturnType<typeof createStore>, lookup: Lookup, matching: Matching): CampaignRecord[] {
  const { campaignId: campaign = '', customerId: customer = '', phone: number = '' } = lookup;
  return store
    .find({ campaignId: campaign, customerId: customer, phone: number }, matching)
    .map((row) => readMatchingRow(row, { lookup, zone: 'UTC-5' }))
    .filter((record) => record !== undefined);
}
