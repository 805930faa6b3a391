import type { Answer } from '../core/answer.js';
import { LookupFailure } from '../core/failure.js';
import { CALL_OUTCOMES, type CallOutcome } from '../core/record.js';
import type { FoundRecord } from './entities.js';

/** As in the schema. */
type RecordOrder = 'DATE_DESC' | 'DATE_ASC' | 'CAMPAIGN';

/** The arguments that narrow and order a list of records. */
export interface ListArguments {
  readonly outcomes?: readonly CallOutcome[] | null | undefined;
  readonly orderBy?: RecordOrder | null | undefined;
}

const lists = new WeakMap<Answer, readonly FoundRecord[]>();
const knownLists = new WeakSet<object>();

/** The records of an answer, as resolvers return them. It is the same list each time. */
export function recordsOf(answer: Answer): readonly FoundRecord[] {
  let records = lists.get(answer);
  if (records === undefined) {
    records = answer.records.map((record, index) => ({ __typename: 'CampaignRecord', record, answer, index }));
    lists.set(answer, records);
    // All empty lists have the same text.
    if (records.length > 0) knownLists.add(records);
  }
  return records;
}

const indexes = new WeakMap<Answer, ReadonlyMap<string, FoundRecord>>();

/**
 * The record of an answer with a fingerprint; undefined if there is none.
 *
 * @param fingerprintsOf as in `RecordIds`
 */
export function recordWith(
  fingerprint: string,
  answer: Answer,
  fingerprintsOf: (answer: Answer) => readonly string[],
): FoundRecord | undefined {
  let index = indexes.get(answer);
  if (index === undefined) {
    const fingerprints = fingerprintsOf(answer);
    index = new Map(recordsOf(answer).map((record, position) => [fingerprints[position] ?? '', record]));
    indexes.set(answer, index);
  }
  return index.get(fingerprint);
}

/**
 * Whether a value is a record of an answer, or the whole list of them. It is the same object for as long as the answer
 * is cached, and does not change.
 */
export function isImmutable(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  return Array.isArray(value) ? knownLists.has(value) : '__typename' in value && value.__typename === 'CampaignRecord';
}

/** The answer that an immutable value belongs to. */
export function answerOf(value: object): Answer | undefined {
  const [record] = (Array.isArray(value) ? value : [value]) as readonly FoundRecord[];
  return record?.answer;
}

/**
 * The records of an answer that have one of the outcomes, in an order.
 *
 * @param list checked by `checkListArguments`
 */
export function selectRecords(answer: Answer, { outcomes, orderBy }: ListArguments): readonly FoundRecord[] {
  const records = orderBy === null || orderBy === undefined ? recordsOf(answer) : sortedRecordsOf(answer, orderBy);
  if (outcomes === null || outcomes === undefined) return records;
  return records.filter(({ record: { outcome } }) => outcome !== null && outcomes.includes(outcome));
}

/**
 * Refuses a list that names more outcomes than there are. It is compared with each record, and a document may ask for
 * hundreds of lists.
 *
 * @throws LookupFailure `bad-input`
 */
export function checkListArguments({ outcomes }: ListArguments): void {
  const max = CALL_OUTCOMES.length;
  if (outcomes === null || outcomes === undefined || outcomes.length <= max) return;
  const message = `outcomes may have at most ${max} values; got ${outcomes.length.toLocaleString('en')}.`;
  throw new LookupFailure('bad-input', { message });
}

const sortedLists = new WeakMap<Answer, Map<RecordOrder, readonly FoundRecord[]>>();

/** The same list each time, because an operation may ask for an order hundreds of times. */
function sortedRecordsOf(answer: Answer, order: RecordOrder): readonly FoundRecord[] {
  const sorted = sortedLists.get(answer) ?? new Map<RecordOrder, readonly FoundRecord[]>();
  sortedLists.set(answer, sorted);
  const records = sorted.get(order) ?? [...recordsOf(answer)].sort(ORDERS[order]);
  sorted.set(order, records);
  return records;
}

/** The record with the latest call, else the first one; undefined if there is none. */
export function latestOf(answer: Answer): FoundRecord | undefined {
  return sortedRecordsOf(answer, 'DATE_DESC')[0];
}

/** Records that are equal in an order remain as Wolkvox sends them. */
const ORDERS: Readonly<Record<RecordOrder, (one: FoundRecord, other: FoundRecord) => number>> = {
  DATE_DESC: (one, other) => compareDates(one, other, -1),
  DATE_ASC: (one, other) => compareDates(one, other, 1),
  CAMPAIGN: ({ record: one }, { record: other }) => Number(one.campaignId) - Number(other.campaignId),
};

/** Records without a date come last. */
function compareDates(one: FoundRecord, other: FoundRecord, sign: 1 | -1): number {
  const [oneMs, otherMs] = [dateOf(one), dateOf(other)];
  if (oneMs === undefined || otherMs === undefined) return Number(oneMs === undefined) - Number(otherMs === undefined);
  return sign * (oneMs - otherMs);
}

const dates = new WeakMap<FoundRecord, number>();

/** Epoch milliseconds. They are kept, because to sort 1,000 records compares 10,000 dates. */
function dateOf(found: FoundRecord): number | undefined {
  const { date } = found.record;
  if (date === null) return undefined;
  const ms = dates.get(found) ?? Date.parse(date);
  dates.set(found, ms);
  return ms;
}
