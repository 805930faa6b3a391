import type { WireRecord } from '../../src/simulator/columns.js';
import { EXAMPLES } from '../../src/simulator/example-people.js';
import { LARGE_CAMPAIGN, generateLargeCampaign } from '../../src/simulator/people.js';
import { createRandom, pick, type Random } from '../../src/simulator/random.js';
import type { Simulator } from '../../src/simulator/server.js';
import { createStore, type Store } from '../../src/simulator/store.js';

/**
 * Lookups whose right answers are known beforehand: they come from the seed of the simulator's people. The expected
 * answers are computed here, without the code of the service, so that a mistake of the service is not repeated.
 */

export interface Criteria {
  readonly phone?: string;
  readonly customerId?: string;
  readonly campaignId?: string;
}

/** A record as the load selects it. */
export interface GraphRecord {
  readonly campaignId: string;
  readonly customerId: string | null;
  readonly customerName: string | null;
  readonly customerLastName: string | null;
  readonly opts: readonly { readonly value: string | null }[];
  readonly phones: readonly { readonly position: number; readonly number: string }[];
  readonly date: string | null;
  readonly calls: number | null;
  readonly connId: string | null;
  readonly result: string | null;
  readonly fetchedAt: string;
}
type ComparedRecord = Omit<GraphRecord, 'fetchedAt'>;

/** The right answer from `since` (epoch milliseconds) until the next version. */
export interface Version {
  readonly since: number;
  /** The records as one text, see `textOf`. */
  readonly records: string;
}

export interface KnownLookup {
  readonly criteria: Criteria;
  /** Oldest first. Empty: the right answer is RESULT_TOO_LARGE. */
  versions(): readonly Version[];
}

export interface Workload {
  /** A lookup that was not used before in this run. */
  cold(): KnownLookup;
  coldCustomer(): KnownLookup;
  /** One of about forty lookups that are repeated. */
  hot(): KnownLookup;
  hotCustomer(): KnownLookup;
  /** A whole campaign: one that is a list, or one that is too large for a list. */
  campaign(): KnownLookup;
  /** Changes the records of a person in the simulator, so that earlier answers are out of date from now on. */
  dial(): void;
}

/** The seed of the simulator's people. */
const PEOPLE_SEED = 1;
const MATCHING = { phoneMatch: 'prefix', combine: 'and' } as const;
/** Only hot lookups ask for them, so only hot lookups have several versions. */
const DIALED_CUSTOMERS = [
  EXAMPLES.inSeveralCampaigns.customerId,
  EXAMPLES.twiceInOneCampaign.customerId,
  EXAMPLES.severalPhones.customerId,
  ...EXAMPLES.sharedPhone.customerIds,
];
const FIRST_DIAL_MS = Date.parse('2026-11-21T08:00:00Z');
const TOO_LARGE: KnownLookup = { criteria: EXAMPLES.largeCampaign, versions: () => [] };

export function createWorkload(simulator: Simulator, seed: number): Workload {
  const random = createRandom(seed, 31);
  const store = createStore(PEOPLE_SEED);
  const strangers = createStrangers(random);
  const hot = hotCriteria(strangers).map((criteria) => new ChangingLookup(store, criteria));
  const hotCustomers = hot.filter(({ criteria }) => Object.keys(criteria).join() === 'customerId');
  const smallCampaign = new ChangingLookup(store, EXAMPLES.smallCampaign);
  let dials = 0;
  // Nobody is dialled; but both stores now generate the large campaign, which takes a second.
  for (const one of [simulator, store]) one.dial({ phone: '3460000000' }, {}, 0);

  return {
    cold: () => coldLookup(store, strangers.criteria()),
    coldCustomer: () => coldLookup(store, { customerId: strangers.customerId() }),
    hot: () => pick(random, hot),
    hotCustomer: () => pick(random, hotCustomers),
    campaign: () => pick(random, [smallCampaign, smallCampaign, smallCampaign, TOO_LARGE]),
    dial() {
      dials += 1;
      const match = { customerId: pick(random, DIALED_CUSTOMERS) };
      const date = new Date(FIRST_DIAL_MS + dials * 61_000).toISOString().slice(0, 19).replace('T', ' ');
      const call = { date, result: 'ANSWER' };
      simulator.dial(match, call);
      store.dial(match, call, 0);
      for (const lookup of [...hot, smallCampaign]) lookup.refresh();
    },
  };
}

/** A record as one text: everything that the load selects, except `fetchedAt`. */
export function textOf(record: ComparedRecord): string {
  const { campaignId, customerId, customerName, customerLastName, opts, phones, date, calls, connId, result } = record;
  return JSON.stringify([
    ...[campaignId, customerId, customerName, customerLastName],
    opts.map(({ value }) => value),
    phones.map(({ position, number }) => `${position}:${number}`),
    ...[date, calls, connId, result],
  ]);
}

/** A lookup of people who are dialled during the run. */
class ChangingLookup implements KnownLookup {
  readonly criteria: Criteria;
  readonly #store: Store;
  readonly #versions: Version[];

  constructor(store: Store, criteria: Criteria) {
    this.#store = store;
    this.criteria = criteria;
    this.#versions = [versionOf(store, criteria, 0)];
  }

  versions(): readonly Version[] {
    return this.#versions;
  }

  refresh(): void {
    const latest = versionOf(this.#store, this.criteria, Date.now());
    if (latest.records !== this.#versions.at(-1)?.records) this.#versions.push(latest);
  }
}

/** Nobody changes these records, and most of them are looked up once. */
function coldLookup(store: Store, criteria: Criteria): KnownLookup {
  return { criteria, versions: () => [versionOf(store, criteria, 0)] };
}

function versionOf(store: Store, criteria: Criteria, since: number): Version {
  const found = store.find({ campaignId: '', phone: '', customerId: '', ...criteria }, MATCHING).map(graphRecordOf);
  return { since, records: found.map(textOf).join('\n') };
}

function graphRecordOf(wire: WireRecord): ComparedRecord {
  const text = (value: string | undefined): string | null => value?.trim() || null;
  const column = (name: string): string | null => text(Object.entries(wire).find(([key]) => key === name)?.[1]);
  const phones = Array.from({ length: 10 }, (_, index) => ({
    position: index + 1,
    number: column(`tel${index + 1}`) ?? '',
  }));
  return {
    campaignId: wire.campaign_id,
    customerId: text(wire.customer_id),
    customerName: text(wire.customer_name),
    customerLastName: text(wire.customer_last_name),
    opts: Array.from({ length: 12 }, (_, index) => ({ value: column(`opt${index + 1}`) })),
    phones: phones.filter(({ number }) => number !== ''),
    date: wire.date === '' ? null : `${wire.date.replace(' ', 'T')}-05:00`,
    calls: Number(wire.calls),
    connId: text(wire.conn_id),
    result: text(wire.result),
  };
}

interface Strangers {
  criteria(): Criteria;
  customerId(): string;
}

/** The people of the large campaign, one after the other, each by four criteria: about 240,000 lookups. */
function createStrangers(random: Random): Strangers {
  const people = generateLargeCampaign(PEOPLE_SEED);
  const start = random(people.length);
  let [lookups, customers] = [0, 0];
  const person = (index: number): WireRecord => pick(() => index % people.length, people);

  return {
    criteria() {
      lookups += 1;
      const { tel1, customer_id: customerId } = person(start + (lookups >> 2) * 7);
      // tel1 may be a fixed line. It belongs to two people, and finds both.
      const phone = tel1.slice(-10);
      const one = customerId === '' ? { phone } : { customerId };
      const campaignId = LARGE_CAMPAIGN.id;
      return [one, { phone }, { ...one, campaignId }, { phone, campaignId }][lookups % 4] ?? one;
    },
    customerId() {
      for (;;) {
        customers += 1;
        // From the other end, so that a person is seldom looked up both ways.
        const { customer_id: customerId } = person(people.length - customers);
        if (customerId !== '') return customerId;
      }
    },
  };
}

function hotCriteria(strangers: Strangers): Criteria[] {
  const { inSeveralCampaigns, twiceInOneCampaign, undialled, withoutCustomerId, severalPhones, sharedPhone, nobody } =
    EXAMPLES;
  const byPhone = [inSeveralCampaigns, twiceInOneCampaign, undialled, withoutCustomerId, sharedPhone, nobody];
  return [
    ...[...DIALED_CUSTOMERS, undialled.customerId, nobody.customerId].map((customerId) => ({ customerId })),
    ...byPhone.map(({ phone }) => ({ phone })),
    ...severalPhones.phones.map((phone) => ({ phone, campaignId: severalPhones.campaignId })),
    { phone: inSeveralCampaigns.phone, customerId: inSeveralCampaigns.customerId },
    { customerId: twiceInOneCampaign.customerId, campaignId: twiceInOneCampaign.campaignId },
    ...Array.from({ length: 20 }, () => ({ customerId: strangers.customerId() })),
  ];
}
