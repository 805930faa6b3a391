import { PHONE_COLUMNS, completeRecord, instantOf, lastCall, wireDate, type WireRecord } from './columns.js';
import { EXAMPLE_RECORDS } from './example-people.js';
import { LARGE_CAMPAIGN, LARGE_CAMPAIGN_NUMBERS, generateLargeCampaign, generateRecords } from './people.js';

/** The criteria of a call; blank means not given. */
export type Lookup = Readonly<Record<'campaignId' | 'phone' | 'customerId', string>>;

/** How criteria are compared. Wolkvox does not document it, so it can be set. */
export interface Matching {
  readonly phoneMatch: 'prefix' | 'exact' | 'tel1';
  readonly combine: 'and' | 'or';
}

/** Which records to dial: every criterion that is given holds for them, and `where` too. */
export type DialMatch = Partial<Lookup> & { readonly where?: (record: WireRecord) => boolean };
/** The result defaults to `ANSWER`. The date is `YYYY-MM-DD HH:MM:SS` in GMT-5 and defaults to now. */
export type DialedCall = Partial<Pick<WireRecord, 'result' | 'date'>>;

export type Store = ReturnType<typeof createStore>;
type StoredRecord = { -readonly [Column in keyof WireRecord]: WireRecord[Column] };

/** The records of the simulated account, in memory. */
export function createStore(seed: number) {
  const records: StoredRecord[] = [];
  /** Records by customer id and by phone, with and without dial prefix. */
  const index = new Map<string, StoredRecord[]>();
  let hasLargeCampaign = false;

  function insert(record: StoredRecord): WireRecord {
    records.push(record);
    const phones = PHONE_COLUMNS.map((column) => record[column] ?? '').filter((number) => number !== '');
    for (const key of new Set([record.customer_id, ...phones.flatMap(phoneForms)])) {
      const sameKey = index.get(key);
      if (sameKey === undefined) index.set(key, [record]);
      else sameKey.push(record);
    }
    return record;
  }

  function load(): void {
    records.length = 0;
    index.clear();
    hasLargeCampaign = false;
    for (const record of [...EXAMPLE_RECORDS, ...generateRecords(seed)]) insert({ ...record });
  }

  function find(lookup: Lookup, matching: Matching): StoredRecord[] {
    const { campaignId, phone, customerId } = lookup;
    const isWholeCampaign = phone === '' && customerId === '';
    const needsLargeCampaign = isWholeCampaign
      ? campaignId === LARGE_CAMPAIGN.id
      : LARGE_CAMPAIGN_NUMBERS.test(phone) || LARGE_CAMPAIGN_NUMBERS.test(customerId);
    if (needsLargeCampaign && !hasLargeCampaign) for (const record of generateLargeCampaign(seed)) insert(record);
    hasLargeCampaign ||= needsLargeCampaign;
    if (isWholeCampaign) return records.filter((record) => record.campaign_id === campaignId);
    const candidates = new Set([phone, customerId].flatMap((key) => (key === '' ? [] : (index.get(key) ?? []))));
    return [...candidates].filter((record) => isMatch(record, lookup, matching));
  }

  load();
  return {
    /** The matching records, the example people first. A campaign id alone matches every record of the campaign. */
    find: (lookup: Lookup, matching: Matching): readonly WireRecord[] => find(lookup, matching),
    /** How many records a campaign has, those of the large campaign included if they are not generated yet. */
    count: (campaignId: string): number =>
      records.filter((record) => record.campaign_id === campaignId).length +
      (campaignId === LARGE_CAMPAIGN.id && !hasLargeCampaign ? LARGE_CAMPAIGN.size : 0),
    /** Adds a record. Its campaign need not exist. */
    add: (record: Partial<WireRecord>): WireRecord => insert(completeRecord(record)),
    /** Gives the matching records one more call, and returns copies of them. */
    dial(match: DialMatch, call: DialedCall, nowMs: number): WireRecord[] {
      const { campaignId = '', phone = '', customerId = '', where = () => true } = match;
      const { result = 'ANSWER', date = wireDate(nowMs) } = call;
      const found = find({ campaignId, phone, customerId }, { phoneMatch: 'prefix', combine: 'and' }).filter(where);
      return found.map((record, position) => ({
        ...Object.assign(record, lastCall(instantOf(date), Number(record.calls) + 1, result, position)),
      }));
    },
    /** Restores the records of the seed. */
    reset: load,
  };
}

function isMatch(record: WireRecord, lookup: Lookup, { phoneMatch, combine }: Matching): boolean {
  const { campaignId, phone, customerId } = lookup;
  if (campaignId !== '' && record.campaign_id !== campaignId) return false;
  const phones = (phoneMatch === 'tel1' ? (['tel1'] as const) : PHONE_COLUMNS).flatMap((column) => {
    const number = record[column] ?? '';
    return phoneMatch === 'exact' ? [number] : phoneForms(number);
  });
  const matchesPhone = phone !== '' && phones.includes(phone);
  const matchesCustomerId = customerId !== '' && record.customer_id === customerId;
  if (combine === 'or') return matchesPhone || matchesCustomerId;
  return (phone === '' || matchesPhone) && (customerId === '' || matchesCustomerId);
}

/** A stored number as it is, and without its dial prefix (9, 57 and 957 were seen in public integrations). */
function phoneForms(number: string): string[] {
  const prefixes = ['', '9', '57', '957'].filter((prefix) => number.startsWith(prefix));
  return prefixes.map((prefix) => number.slice(prefix.length));
}
