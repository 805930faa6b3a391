import { describe, expect, it, vi } from 'vitest';
import { LONG_COLUMNS, PHONE_COLUMNS, SHORT_COLUMNS, instantOf } from '../../../src/simulator/columns.js';
import type { WireRecord } from '../../../src/simulator/columns.js';
import { EXAMPLES, EXAMPLE_RECORDS } from '../../../src/simulator/example-people.js';
import { CAMPAIGNS, LARGE_CAMPAIGN, generateLargeCampaign, generateRecords } from '../../../src/simulator/people.js';
import { createStore, type Lookup, type Store } from '../../../src/simulator/store.js';

const generated = generateRecords(1);
const large = generateLargeCampaign(1);
const phonesOf = (record: WireRecord): string[] => PHONE_COLUMNS.map((column) => record[column] ?? '').filter(Boolean);

function find(store: Store, lookup: Partial<Lookup>): readonly WireRecord[] {
  const criteria = { campaignId: '', phone: '', customerId: '', ...lookup };
  return store.find(criteria, { phoneMatch: 'prefix', combine: 'and' });
}

describe('The generated records', () => {
  it('are the same for the same seed and different for another seed', async () => {
    // Another instance of the module, which has generated no records yet.
    vi.resetModules();
    const other = await import('../../../src/simulator/people.js');
    expect(other.generateRecords(1)).not.toBe(generated);
    expect(other.generateRecords(1)).toEqual(generated);
    const others = new Set(generateRecords(2).map(({ tel1 }) => tel1));
    expect(generated.filter(({ tel1 }) => others.has(tel1)).length).toBeLessThan(10);
  });

  it('fill campaigns of the documented sizes, in both documented shapes', () => {
    for (const { id, size, columns } of CAMPAIGNS) {
      const records = generated.filter(({ campaign_id: campaignId }) => campaignId === id);
      expect(records).toHaveLength(size);
      const names = columns === 35 ? LONG_COLUMNS : SHORT_COLUMNS;
      expect(names).toHaveLength(columns);
      for (const record of records) expect(Object.keys(record)).toEqual([...names]);
      expect(records.flatMap((record) => Object.values(record)).every((value) => typeof value === 'string')).toBe(true);
    }
    expect(large).toHaveLength(LARGE_CAMPAIGN.size);
    expect(LARGE_CAMPAIGN.size).toBeGreaterThan(60_000);
  });

  it('have Colombian phones, bare and with the dial prefixes 9, 57 and 957', () => {
    const shapes = [...generated, ...large]
      .flatMap(phonesOf)
      .map((phone) => /^(|9|57|957)(3\d{9}|60\d{8})$/.exec(phone));
    expect(shapes).not.toContain(null);
    expect(new Set(shapes.map((shape) => shape?.[1]))).toEqual(new Set(['', '9', '57', '957']));
  });

  it('have dates in GMT-5 that agree with the Unix time in conn_id', () => {
    const dialled = generated.filter(({ result }) => result !== 'CLEAN');
    expect(dialled.length).toBeGreaterThan(3_000);
    for (const { date, calls, conn_id: connId } of dialled) {
      expect(date).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
      expect(connId).toMatch(/^\d{5}\.\d{4}\.\d{10}\.\d{5}$/);
      expect(Number(connId.split('.')[2]) * 1000).toBe(instantOf(date));
      expect(Number(calls)).toBeGreaterThan(0);
    }
  });

  it('have no calls, date and conn_id if they were never dialled', () => {
    const undialled = generated.filter(({ result }) => result === 'CLEAN');
    expect(undialled.length).toBeGreaterThan(200);
    expect(new Set(undialled.map((record) => `${record.calls}|${record.date}|${record.conn_id}`))).toEqual(
      new Set(['0||']),
    );
  });

  it('have results in the documented vocabulary, in other spellings, and of their own', () => {
    expect([...new Set(generated.map(({ result }) => result))]).toEqual(
      expect.arrayContaining([
        ...[
          'ANSWER',
          'ANSWER-MACHINE',
          'BUSY',
          'NO-ANSWER',
          'CONGESTION',
          'FAILED',
          'ABANDON',
          'UNKNOWN',
          'DO-NOT-CALL',
        ],
        ...['NOT-AVAILABLE', 'CHANUNAVAIL', 'WRONG NUMBER', 'MAILBOX', 'FAX', 'RPC', 'CLEAN'],
        ...['no_answer', 'Answer', 'PROMESA DE PAGO'],
      ]),
    );
  });

  it('include people in several campaigns, people twice in one campaign, and people without a customer id', () => {
    expect(generated.filter((record) => record.customer_id === '').length).toBeGreaterThan(50);
    const byId = new Map<string, WireRecord[]>();
    for (const record of generated) byId.set(record.customer_id, [...(byId.get(record.customer_id) ?? []), record]);
    byId.delete('');
    const people = [...byId.values()];
    const campaignsOf = (records: WireRecord[]): number => new Set(records.map((record) => record.campaign_id)).size;
    expect(people.filter((records) => campaignsOf(records) > 1).length).toBeGreaterThan(500);
    expect(people.filter((records) => campaignsOf(records) < records.length).length).toBeGreaterThan(50);
    for (const records of people) {
      const identities = records.map((record) => `${record.customer_name} ${record.customer_last_name}`);
      expect(new Set(identities).size).toBe(1);
      // A campaign and opt3 tell two records of a person apart.
      expect(new Set(records.map((record) => record.campaign_id + record.opt3)).size).toBe(records.length);
    }
  });

  it('share no phone and no customer id with the example people', () => {
    const phones = [...generated, ...large].flatMap(phonesOf);
    expect(phones.filter((phone) => /^(9|57|957)?(306|6011)/.test(phone))).toEqual([]);
    const ids = new Set([...generated, ...large].map((record) => record.customer_id).filter(Boolean));
    expect(EXAMPLE_RECORDS.filter((record) => ids.has(record.customer_id))).toEqual([]);
  });
});

describe('The store', () => {
  it.each([
    ['a campaign', generated.slice(0, 200)],
    ['a campaign with 35 columns', generated.slice(-100)],
    ['the large campaign', large.slice(-300)],
  ])('finds the records of %s by each phone and by the customer id', (_, records) => {
    const store = createStore(1);
    for (const record of records) {
      for (const phone of phonesOf(record)) {
        expect(find(store, { phone })).toContainEqual(record);
        expect(find(store, { phone: phone.slice(-10) })).toContainEqual(record);
      }
      if (record.customer_id === '') continue;
      expect(find(store, { customerId: record.customer_id })).toContainEqual(record);
    }
  });

  it('has the example people for every seed', () => {
    const store = createStore(99);
    const { inSeveralCampaigns, twiceInOneCampaign, undialled, withoutCustomerId, severalPhones } = EXAMPLES;
    const several = find(store, { phone: inSeveralCampaigns.phone });
    expect(several.map((record) => record.campaign_id)).toEqual(inSeveralCampaigns.campaignIds);
    expect(find(store, { customerId: inSeveralCampaigns.customerId })).toEqual(several);
    const twice = find(store, { customerId: twiceInOneCampaign.customerId });
    expect(twice.map((record) => record.campaign_id)).toEqual(Array(2).fill(twiceInOneCampaign.campaignId));
    expect(find(store, { phone: undialled.phone })).toMatchObject([{ result: 'CLEAN' }]);
    expect(find(store, { phone: withoutCustomerId.phone })).toMatchObject([{ customer_id: '' }]);
    for (const phone of severalPhones.phones) {
      expect(find(store, { phone })).toMatchObject([{ customer_id: severalPhones.customerId }]);
    }
    expect(find(store, { phone: EXAMPLES.sharedPhone.phone }).map((record) => record.customer_id)).toEqual(
      EXAMPLES.sharedPhone.customerIds,
    );
    expect(find(store, EXAMPLES.smallCampaign).length).toBeLessThan(1_000);
    expect(find(store, EXAMPLES.largeCampaign).length).toBeGreaterThan(60_000);
    expect(find(store, { phone: EXAMPLES.nobody.phone })).toEqual([]);
    expect(find(store, { customerId: EXAMPLES.nobody.customerId })).toEqual([]);
  });
});
