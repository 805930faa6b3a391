/**
 * Questions whose right answers are known beforehand, from the same seed that the simulator makes its people of. The answers are
 * worked out here in a few lines of their own, so that a mistake of the service is not repeated.
 */
import { createBook } from '../../src/simulator/book.js';
import type { Book } from '../../src/simulator/book.js';
import { EXAMPLES } from '../../src/simulator/cast.js';
import type { WireRecord } from '../../src/simulator/columns.js';
import { createDraw } from '../../src/simulator/draw.js';
import type { Draw } from '../../src/simulator/draw.js';
import { CAMPAIGNS, createPeople } from '../../src/simulator/people.js';
import type { Simulator } from '../../src/simulator/server.js';

export interface Question {
  readonly phone?: string;
  readonly customerId?: string;
  readonly campaignId?: string;
}

/** A record as the load asks for it. */
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

/** What was right from an instant on, epoch milliseconds, until the next one of the list. */
export interface Version {
  readonly since: number;
  /** The records as one text. */
  readonly records: string;
  /** The same records without names, options and last call, as two of the simulator's faults send them. */
  readonly blanked: string;
}

export interface Known {
  readonly question: Question;
  /** Oldest first; blank where the right answer is RESULT_TOO_LARGE. */
  versions(): readonly Version[];
}

export interface Questions {
  /** One that has not been asked in this trial. */
  cold(): Known;
  coldCustomer(): Known;
  /** One of about forty that are asked again and again. */
  hot(): Known;
  hotCustomer(): Known;
  /** Whole campaigns: one that is a list, one that is too large for one. */
  campaign(): Known;
  /** Dials somebody once more, so that what was known of them before is old from now on. */
  dial(): void;
}

const SEED = 1;
const MATCHING = { phoneMatch: 'prefix', combine: 'and' } as const;
const MAX_RECORDS = 1_000;
/** Whom nobody but the hot questions asks for, and who is dialled. */
const DIALLED = [
  EXAMPLES.inSeveralCampaigns.customerId,
  EXAMPLES.twiceInOneCampaign.customerId,
  EXAMPLES.severalPhones.customerId,
  ...EXAMPLES.sharedPhone.customerIds,
];
const FIRST_DIAL = Date.parse('2026-11-21T08:00:00Z');

export function createQuestions(simulator: Simulator, seed: number): Questions {
  const draw = createDraw(seed, 31);
  const book = createBook(SEED);
  const strangers = createStrangers(draw);
  const hot = hotQuestions(strangers).map((question) => knownHot(book, question));
  const customers = hot.filter(({ question }) => Object.keys(question).join() === 'customerId');
  const campaigns = [EXAMPLES.smallCampaign, EXAMPLES.largeCampaign].map((question) => knownHot(book, question));
  let dials = 0;

  return {
    cold: () => knownCold(book, strangers.question()),
    coldCustomer: () => knownCold(book, { customerId: strangers.customerId() }),
    hot: () => oneOf(draw, hot),
    hotCustomer: () => oneOf(draw, customers),
    // The large one makes much work and always ends the same way.
    campaign: () => (draw(4) === 0 ? oneOf(draw, campaigns.slice(1)) : oneOf(draw, campaigns.slice(0, 1))),
    dial() {
      dials += 1;
      const match = { customerId: oneOf(draw, DIALLED) };
      const instant = new Date(FIRST_DIAL + dials * 61_000);
      const call = { date: instant.toISOString().slice(0, 19).replace('T', ' '), result: 'ANSWER' };
      simulator.dial(match, call);
      book.dial(match, call, 0);
      for (const known of [...hot, ...campaigns]) known.refresh();
    },
  };
}

/** How a record is compared: everything that the load asks for, in one text. */
export function textOf(record: Omit<GraphRecord, 'fetchedAt'>): string {
  const { campaignId, customerId, customerName, customerLastName, opts, phones, date, calls, connId, result } = record;
  return JSON.stringify([
    ...[campaignId, customerId, customerName, customerLastName],
    opts.map(({ value }) => value),
    phones.map(({ position, number }) => `${position}:${number}`),
    ...[date, calls, connId, result],
  ]);
}

interface Refreshable extends Known {
  refresh(): void;
}

function knownCold(book: Book, question: Question): Known {
  // Nobody changes them, and most are never looked up twice.
  return { question, versions: () => [versionOf(book, question, 0)].filter((version) => version !== undefined) };
}

function knownHot(book: Book, question: Question): Refreshable {
  const first = versionOf(book, question, 0);
  const versions = first === undefined ? [] : [first];
  return {
    question,
    versions: () => versions,
    refresh() {
      const latest = versionOf(book, question, Date.now());
      if (latest !== undefined && latest.records !== versions.at(-1)?.records) versions.push(latest);
    },
  };
}

function versionOf(book: Book, question: Question, since: number): Version | undefined {
  const asked = { campaignId: '', phone: '', customerId: '', ...question };
  const { count, records } = book.find(asked, MATCHING, MAX_RECORDS + 1);
  if (count > MAX_RECORDS) return undefined;
  const all = [...records].map(graphRecordOf);
  return { since, records: all.map(textOf).join('\n'), blanked: all.map(blanked).map(textOf).join('\n') };
}

function graphRecordOf(wire: WireRecord): Omit<GraphRecord, 'fetchedAt'> {
  const text = (value: string | undefined): string | null => value?.trim() || null;
  const column = (name: string): string | null => text(Object.entries(wire).find(([key]) => key === name)?.[1]);
  const numbers = Array.from({ length: 10 }, (_, index) => ({
    position: index + 1,
    number: column(`tel${index + 1}`) ?? '',
  }));
  return {
    campaignId: wire.campaign_id,
    customerId: text(wire.customer_id),
    customerName: text(wire.customer_name),
    customerLastName: text(wire.customer_last_name),
    opts: Array.from({ length: 12 }, (_, index) => ({ value: column(`opt${index + 1}`) })),
    phones: numbers.filter(({ number }) => number !== ''),
    date: wire.date === '' ? null : `${wire.date.replace(' ', 'T')}-05:00`,
    calls: Number(wire.calls),
    connId: text(wire.conn_id),
    result: text(wire.result),
  };
}

function blanked(record: Omit<GraphRecord, 'fetchedAt'>): Omit<GraphRecord, 'fetchedAt'> {
  return {
    ...{ campaignId: record.campaignId, customerId: record.customerId, phones: record.phones },
    ...{ customerName: null, customerLastName: null, opts: record.opts.map(() => ({ value: null })) },
    ...{ date: null, calls: null, connId: null, result: null },
  };
}

interface Strangers {
  question(): Question;
  customerId(): string;
}

/** People out of the largest campaign, one after the other, each asked for in four ways: about 240,000 questions. */
function createStrangers(draw: Draw): Strangers {
  const people = createPeople(SEED);
  const campaign = CAMPAIGNS.reduce((left, right) => (left.size > right.size ? left : right));
  const start = draw(campaign.size);
  let [asked, customers] = [0, 0];
  const recordAt = (place: number): WireRecord => people.recordAt(campaign, (start + place * 7) % campaign.size);

  return {
    question() {
      asked += 1;
      const record = recordAt(asked >> 2);
      // A fixed line may be tel1; it belongs to two people, and finds both.
      const phone = /(\d{10})$/.exec(record.tel1)?.[1] ?? '';
      const person = record.customer_id === '' ? { phone } : { customerId: record.customer_id };
      const ways: readonly Question[] = [
        person,
        { phone },
        { ...person, campaignId: campaign.id },
        { phone, campaignId: campaign.id },
      ];
      return ways[asked % 4] ?? person;
    },
    customerId() {
      for (;;) {
        customers += 1;
        // From the other end, so that both ways seldom meet.
        const { customer_id: customerId } = recordAt(campaign.size - customers);
        if (customerId !== '') return customerId;
      }
    },
  };
}

function hotQuestions(strangers: Strangers): Question[] {
  const { inSeveralCampaigns, twiceInOneCampaign, undialled, withoutCustomerId, severalPhones, sharedPhone, nobody } =
    EXAMPLES;
  return [
    ...[...DIALLED, undialled.customerId, nobody.customerId].map((customerId) => ({ customerId })),
    ...[inSeveralCampaigns, twiceInOneCampaign, undialled, withoutCustomerId, sharedPhone, nobody].map(({ phone }) => ({
      phone,
    })),
    ...severalPhones.phones.map((phone) => ({ phone, campaignId: severalPhones.campaignId })),
    { phone: inSeveralCampaigns.phone, customerId: inSeveralCampaigns.customerId },
    { customerId: twiceInOneCampaign.customerId, campaignId: twiceInOneCampaign.campaignId },
    ...Array.from({ length: 20 }, () => ({ customerId: strangers.customerId() })),
  ];
}

export function oneOf<T>(draw: Draw, choices: readonly T[]): T {
  const choice = choices[draw(choices.length)];
  if (choice === undefined) throw new Error('Expected something to choose from; there was nothing.');
  return choice;
}
