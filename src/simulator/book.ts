import { CAST } from './cast.js';
import { PHONE_COLUMNS, completeRecord, connId, instantOf, wireDate } from './columns.js';
import type { NewRecord, WireRecord } from './columns.js';
import { CAMPAIGNS, DIAL_PREFIXES, createPeople } from './people.js';
import type { Campaign } from './people.js';

/** Criteria as they stand in the address of a call; blank means not given. */
export interface Question {
  readonly campaignId: string;
  readonly phone: string;
  readonly customerId: string;
}

/** How criteria are compared: what is not documented of Wolkvox, and therefore settable. */
export interface Matching {
  /** `prefix`: any telN, with or without its dial prefix; `exact`: any telN as it stands; `tel1`: as `prefix`, but tel1 only. */
  readonly phoneMatch: 'prefix' | 'exact' | 'tel1';
  /** Phone and customer id together: both must hold, or one of them. */
  readonly combine: 'and' | 'or';
}

export interface Found {
  readonly count: number;
  /** Made one by one while it is read; a whole campaign is never in memory. */
  readonly records: Iterable<WireRecord>;
}

/** Which records to dial: the criteria that are given must all hold, and `where` too. */
export interface DialMatch {
  readonly campaignId?: string;
  readonly phone?: string;
  readonly customerId?: string;
  readonly where?: (record: WireRecord) => boolean;
}

export interface DialedCall {
  /** Default `ANSWER`. */
  readonly result?: string;
  /** `YYYY-MM-DD HH:MM:SS` in GMT-5; default now. */
  readonly date?: string;
}

/** The simulated account's records. */
export interface Book {
  find(question: Question, matching: Matching, limit: number): Found;
  /** Adds a record; missing columns are blank. The campaign need not exist. */
  add(record: NewRecord): WireRecord;
  /** Dials what matches again: one call more, a new date, call id and result. Gives the records as they then stand. */
  dial(match: DialMatch, call: DialedCall, nowMs: number): WireRecord[];
  campaigns(): readonly CampaignCount[];
  /** Back to what the seed gives. */
  reset(): void;
}

export interface CampaignCount {
  readonly campaign: Campaign;
  readonly count: number;
}

/** A place in the book: an invented record or a written one. */
interface Place {
  readonly key: string;
  read(): WireRecord;
}

export function createBook(seed: number): Book {
  const people = createPeople(seed);
  /** The example people and what was added. They come first in every list. */
  let written: WireRecord[] = [...CAST];
  /** Records that were dialled since the start. */
  const dialed = new Map<string, WireRecord>();

  function inventedPlace(campaign: Campaign, slot: number): Place {
    return { key: `${campaign.id}/${slot}`, read: () => people.recordAt(campaign, slot) };
  }

  function read(place: Place): WireRecord {
    return dialed.get(place.key) ?? place.read();
  }

  function writtenPlaces(): Place[] {
    return written.map((record, index) => ({ key: `written/${index}`, read: () => record }));
  }

  /** Everybody who may be meant; the comparison comes after. */
  function candidates(question: Question): Place[] {
    const slots = [
      ...(question.phone === '' ? [] : people.slotsByPhone(question.phone)),
      ...(question.customerId === '' ? [] : people.slotsByCustomerId(question.customerId)),
    ];
    const unique = new Map(slots.map(({ campaign, slot }) => [`${campaign.id}/${slot}`, { campaign, slot }]));
    const inOrder = [...unique.values()].sort(
      (left, right) => CAMPAIGNS.indexOf(left.campaign) - CAMPAIGNS.indexOf(right.campaign) || left.slot - right.slot,
    );
    return [...writtenPlaces(), ...inOrder.map(({ campaign, slot }) => inventedPlace(campaign, slot))];
  }

  function placesFound(question: Question, matching: Matching): Place[] {
    return candidates(question).filter((place) => isFound(read(place), question, matching));
  }

  function* campaignPlaces(campaignId: string, count: number): Iterable<Place> {
    let left = count;
    for (const place of writtenPlaces()) {
      if (left > 0 && read(place).campaign_id === campaignId) {
        left -= 1;
        yield place;
      }
    }
    const campaign = CAMPAIGNS.find(({ id }) => id === campaignId);
    if (campaign === undefined) return;
    for (let slot = 0; slot < campaign.size && left > 0; slot += 1, left -= 1) yield inventedPlace(campaign, slot);
  }

  function* readAll(places: Iterable<Place>): Iterable<WireRecord> {
    for (const place of places) yield read(place);
  }

  function countOf(campaignId: string): number {
    const invented = CAMPAIGNS.find(({ id }) => id === campaignId)?.size ?? 0;
    return invented + written.filter((record) => record.campaign_id === campaignId).length;
  }

  return {
    find(question, matching, limit) {
      if (question.phone === '' && question.customerId === '') {
        const count = Math.min(limit, countOf(question.campaignId));
        return { count, records: readAll(campaignPlaces(question.campaignId, count)) };
      }
      const places = placesFound(question, matching).slice(0, limit);
      return { count: places.length, records: readAll(places) };
    },
    add(record) {
      const complete = completeRecord(record);
      written = [...written, complete];
      return complete;
    },
    dial(match, call, nowMs) {
      const { campaignId = '', phone = '', customerId = '' } = match;
      const matching: Matching = { phoneMatch: 'prefix', combine: 'and' };
      const found =
        phone === '' && customerId === ''
          ? [...campaignPlaces(campaignId, countOf(campaignId))]
          : placesFound({ campaignId, phone, customerId }, matching);
      return found
        .filter((place) => match.where?.(read(place)) ?? true)
        .map((place, index) => {
          const before = read(place);
          const date = call.date ?? wireDate(nowMs);
          const calls = Number(before.calls) + 1;
          const after = {
            ...before,
            date,
            calls: `${calls}`,
            conn_id: connId(instantOf(date), 500 + index, calls * 1_009 + index),
            result: call.result ?? 'ANSWER',
          };
          dialed.set(place.key, after);
          return after;
        });
    },
    campaigns: () => CAMPAIGNS.map((campaign) => ({ campaign, count: countOf(campaign.id) })),
    reset() {
      written = [...CAST];
      dialed.clear();
    },
  };
}

function isFound(record: WireRecord, question: Question, matching: Matching): boolean {
  if (question.campaignId !== '' && record.campaign_id !== question.campaignId) return false;
  const byPhone = question.phone !== '' && hasPhone(record, question.phone, matching.phoneMatch);
  const byId = question.customerId !== '' && record.customer_id === question.customerId;
  if (matching.combine === 'or') return byPhone || byId;
  return (question.phone === '' || byPhone) && (question.customerId === '' || byId);
}

function hasPhone(record: WireRecord, phone: string, phoneMatch: Matching['phoneMatch']): boolean {
  const stored = phoneMatch === 'tel1' ? [record.tel1] : PHONE_COLUMNS.map((column) => record[column] ?? '');
  return stored.some(
    (number) =>
      number === phone ||
      (phoneMatch !== 'exact' &&
        DIAL_PREFIXES.some((prefix) => number.startsWith(prefix) && number.slice(prefix.length) === phone)),
  );
}
