import { describe, expect, it } from 'vitest';
import { createBook } from '../../../src/simulator/book.js';
import type { Matching } from '../../../src/simulator/book.js';
import { CAST, EXAMPLES } from '../../../src/simulator/cast.js';
import { LONG_COLUMNS, PHONE_COLUMNS, SHORT_COLUMNS, instantOf } from '../../../src/simulator/columns.js';
import type { WireRecord } from '../../../src/simulator/columns.js';
import { CAMPAIGNS } from '../../../src/simulator/people.js';

const USUAL: Matching = { phoneMatch: 'prefix', combine: 'and' };
const NOTHING = { campaignId: '', phone: '', customerId: '' };

function listOf(campaignId: string, seed = 1, limit = 60_000): WireRecord[] {
  return [...createBook(seed).find({ ...NOTHING, campaignId }, USUAL, limit).records];
}

const everyone = CAMPAIGNS.filter(({ size }) => size < 60_000).flatMap(({ id }) => listOf(id));

describe('The simulated people', { timeout: 30_000 }, () => {
  it('are the same for the same seed and others for another', () => {
    expect(listOf('9977', 7)).toEqual(listOf('9977', 7));
    const [first, second] = [listOf('9977', 7), listOf('9977', 8)].map((records) =>
      records.filter(({ tel1 }) => !tel1.includes('306')).map(({ tel1 }) => tel1),
    );
    const shared = first?.filter((phone) => second?.includes(phone)) ?? [];
    expect(shared.length).toBeLessThan(10);
  });

  it('fill ten campaigns of everyday sizes and one of more than 60,000 records', () => {
    expect(CAMPAIGNS).toHaveLength(11);
    expect(CAMPAIGNS.filter(({ size }) => size > 60_000).map(({ id }) => id)).toEqual(['10277']);
    expect(CAMPAIGNS.every(({ id }) => /^\d{4,5}$/.test(id))).toBe(true);
    expect(CAMPAIGNS.filter(({ size }) => size < 1_000).length).toBeGreaterThanOrEqual(1);
  });

  it('come in both documented shapes, one per campaign, and every value is a string', () => {
    for (const { id, isLong } of CAMPAIGNS.filter(({ size }) => size < 60_000)) {
      const invented = listOf(id).filter((record) => !CAST.some(({ tel1 }) => tel1 === record.tel1));
      const columns = isLong ? LONG_COLUMNS : SHORT_COLUMNS;
      expect(columns).toHaveLength(isLong ? 35 : 23);
      const keys = new Set(invented.map((record) => Object.keys(record).sort().join()));
      expect([...keys]).toEqual([[...columns].sort().join()]);
      expect(invented.every((record) => Object.values(record).every((value) => typeof value === 'string'))).toBe(true);
    }
  });

  it('have Colombian mobile numbers and fixed lines, bare and with the dial prefixes 9, 57 and 957', () => {
    const phones = everyone.flatMap((record) => PHONE_COLUMNS.map((column) => record[column] ?? '')).filter(Boolean);
    const shapes = phones.map((phone) => /^(|9|57|957)(3\d{9}|60\d{8})$/.exec(phone));
    expect(shapes.filter((shape) => shape === null)).toEqual([]);
    const mobilePrefixes = shapes.filter((shape) => shape?.[2]?.startsWith('3')).map((shape) => shape?.[1] ?? '?');
    expect([...new Set(mobilePrefixes)].sort()).toEqual(['', '57', '9', '957']);
  });

  it('hold dates in GMT-5 that agree with the Unix time inside conn_id', () => {
    const called = everyone.filter(({ date }) => date !== '');
    expect(called.length).toBeGreaterThan(10_000);
    const wrong = called.filter(
      ({ date, conn_id: id, calls }) =>
        !/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/.test(date) ||
        !/^\d{5}\.\d{4}\.\d{10}\.\d{5}$/.test(id) ||
        Number(id.split('.')[2]) * 1000 !== instantOf(date) ||
        !(Number(calls) > 0),
    );
    expect(wrong).toEqual([]);
  });

  it('are CLEAN, with no calls, no date and no conn_id, where nobody has dialled them', () => {
    const undialled = everyone.filter(({ result }) => result === 'CLEAN');
    expect(undialled.length).toBeGreaterThan(1_000);
    const shapes = new Set(undialled.map(({ calls, date, conn_id: id }) => `${calls}|${date}|${id}`));
    expect([...shapes]).toEqual(['0||']);
  });

  it('tell results in the documented vocabulary, in varying case and separators, and in words of their own', () => {
    const results = new Set(everyone.map(({ result }) => result));
    const documented = [
      ...['ANSWER', 'ANSWER-MACHINE', 'BUSY', 'NO-ANSWER', 'CONGESTION', 'FAILED', 'ABANDON', 'UNKNOWN', 'DO-NOT-CALL'],
      ...['NOT-AVAILABLE', 'CHANUNAVAIL', 'WRONG NUMBER', 'MAILBOX', 'FAX', 'RPC', 'CLEAN'],
    ];
    expect([...results]).toEqual(expect.arrayContaining(documented));
    expect([...results]).toEqual(expect.arrayContaining(['no_answer', 'Answer', 'PROMESA DE PAGO']));
  });

  it('include some without a customer id, some twice in a campaign and some in several campaigns', () => {
    expect(everyone.filter((record) => record.customer_id === '').length).toBeGreaterThan(100);
    const records = listOf('7203');
    const byId = groupById(records);
    const twice = [...byId.values()].filter((some) => some.length > 1);
    expect(twice.length).toBeGreaterThan(50);
    for (const some of twice) expect(new Set(some.map(({ opt3 }) => opt3)).size).toBe(some.length);
    const campaigns = new Map<string, Set<string>>();
    for (const { customer_id: id, campaign_id: campaign } of everyone.filter((record) => record.customer_id !== '')) {
      campaigns.set(id, (campaigns.get(id) ?? new Set()).add(campaign));
    }
    expect([...campaigns.values()].filter((some) => some.size > 1).length).toBeGreaterThan(1_000);
  });

  it('have the same name and phones in every campaign', () => {
    const looks = new Map<string, Set<string>>();
    for (const record of everyone.filter(({ customer_id: id }) => id !== '')) {
      const phones = PHONE_COLUMNS.map((column) => (record[column] ?? '').slice(-10)).filter(Boolean);
      const look = [record.customer_name, record.customer_last_name, ...phones.sort()].join();
      looks.set(record.customer_id, (looks.get(record.customer_id) ?? new Set()).add(look));
    }
    const written = new Set(CAST.map((record) => record.customer_id));
    const changing = [...looks].filter(([id, some]) => some.size > 1 && !written.has(id));
    expect(changing).toEqual([]);
  });

  it('are found by each of their phones and by their customer id', () => {
    const book = createBook(1);
    for (const record of [...listOf('9450').slice(0, 400), ...listOf('7203').slice(-100)]) {
      const phones = PHONE_COLUMNS.map((column) => record[column] ?? '').filter(Boolean);
      for (const stored of phones) {
        const bare = stored.slice(-10);
        for (const phone of [stored, bare]) {
          expect([...book.find({ ...NOTHING, phone }, USUAL, 60_000).records]).toContainEqual(record);
        }
      }
      if (record.customer_id === '') continue;
      const byId = book.find({ ...NOTHING, customerId: record.customer_id }, USUAL, 60_000);
      expect([...byId.records]).toContainEqual(record);
    }
  });
});

describe('The example people', { timeout: 30_000 }, () => {
  const book = createBook(99);
  const find = (question: Partial<typeof NOTHING>): WireRecord[] => [
    ...book.find({ ...NOTHING, ...question }, USUAL, 60_000).records,
  ];

  it('are what their names say, whatever the seed', () => {
    const { inSeveralCampaigns, twiceInOneCampaign, undialled, withoutCustomerId, severalPhones } = EXAMPLES;
    const several = find({ phone: inSeveralCampaigns.phone });
    expect(several.map((record) => record.campaign_id)).toEqual(inSeveralCampaigns.campaignIds);
    expect(find({ customerId: inSeveralCampaigns.customerId })).toEqual(several);

    const twice = find({ customerId: twiceInOneCampaign.customerId });
    expect(twice.map((record) => record.campaign_id)).toEqual(Array(2).fill(twiceInOneCampaign.campaignId));
    expect(find({ phone: undialled.phone }).map(({ result }) => result)).toEqual(['CLEAN']);
    expect(find({ phone: withoutCustomerId.phone }).map((record) => record.customer_id)).toEqual(['']);
    for (const phone of severalPhones.phones) {
      expect(find({ phone }).map((record) => record.customer_id)).toEqual([severalPhones.customerId]);
    }
    expect(find({ phone: EXAMPLES.sharedPhone.phone }).map((record) => record.customer_id)).toEqual(
      EXAMPLES.sharedPhone.customerIds,
    );
    expect(find({ campaignId: EXAMPLES.smallCampaign.campaignId }).length).toBeLessThan(1_000);
    expect(find({ phone: EXAMPLES.nobody.phone })).toEqual([]);
    expect(find({ customerId: EXAMPLES.nobody.customerId })).toEqual([]);
  });

  it('share no phone and no customer id with the invented ones', () => {
    const invented = everyone.filter((record) => !CAST.some(({ tel1 }) => tel1 === record.tel1));
    const phones = invented.flatMap((record) => PHONE_COLUMNS.map((column) => record[column] ?? ''));
    expect(phones.filter((phone) => /^(9|57|957)?(306|6011)/.test(phone))).toEqual([]);
    const ids = new Set(invented.map((record) => record.customer_id));
    expect(CAST.filter((record) => record.customer_id !== '' && ids.has(record.customer_id))).toEqual([]);
  });
});

function groupById(records: readonly WireRecord[]): Map<string, WireRecord[]> {
  const groups = new Map<string, WireRecord[]>();
  for (const record of records.filter(({ customer_id: id }) => id !== '')) {
    groups.set(record.customer_id, [...(groups.get(record.customer_id) ?? []), record]);
  }
  return groups;
}
