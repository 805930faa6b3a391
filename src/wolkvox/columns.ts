import { DateTime } from 'luxon';
import { matches } from '../records/lookup.js';
import type { Lookup } from '../records/lookup.js';
import { CALL_OUTCOMES } from '../records/record.js';
import type { Address, CallOutcome, CampaignRecord, Phone } from '../records/record.js';
import { malformed } from './failure.js';

/** One element of an answer's `data`. Documented in two shapes, of 23 and of 35 columns; any column may be missing or null. */
export type Row = Readonly<Record<string, unknown>>;

export interface RowContext {
  /** The question that the row answers. */
  readonly lookup: Lookup;
  /** luxon's name of the zone of `date`. */
  readonly zone: string;
}

/**
 * One row as a record. Values are trimmed texts, null where they are empty, null or missing; numbers and booleans count as their
 * text. Columns that are not known here are ignored.
 *
 * A row without `campaign_id` stands in the campaign that was asked for. Without one in the question either, `campaignId` is an
 * empty text: the rest of the row, and of the answer, is worth more than a refusal.
 *
 * @throws WolkvoxFailure `malformed` where a known column holds an object, an array, or a number that JSON.parse cannot keep
 */
export function readRow(row: Row, context: RowContext): CampaignRecord {
  return { ...readUndated(row, context.lookup), date: readDate(textOf(row, 'date'), context.zone) };
}

/** `readRow` for a row that fulfils the lookup, else undefined. The date, the dearest column to read, is read for kept rows only. */
export function readMatchingRow(row: Row, context: RowContext): CampaignRecord | undefined {
  const undated = readUndated(row, context.lookup);
  const date = textOf(row, 'date');
  return matches(undated, context.lookup) ? { ...undated, date: readDate(date, context.zone) } : undefined;
}

const OPT_COLUMNS = Array.from({ length: 12 }, (_, index) => `opt${index + 1}`);
const PHONE_COLUMNS = Array.from({ length: 10 }, (_, index) => `tel${index + 1}`);
const OUTCOMES: ReadonlyMap<string, CallOutcome> = new Map(CALL_OUTCOMES.map((outcome) => [outcome, outcome]));
/** Left to itself luxon asks the machine for its locale, which takes 15 ms the first time. */
const PLAIN_LOCALE = { locale: 'en-US', numberingSystem: 'latn', outputCalendar: 'gregory' } as const;
/** What GraphQL's Int holds. */
const MAX_CALLS = 2 ** 31 - 1;

function readUndated(row: Row, lookup: Lookup): CampaignRecord {
  const connId = textOf(row, 'conn_id');
  const result = textOf(row, 'result');
  return {
    campaignId: textOf(row, 'campaign_id') ?? lookup.campaignId ?? '',
    customerId: textOf(row, 'customer_id'),
    customerName: textOf(row, 'customer_name'),
    customerLastName: textOf(row, 'customer_last_name'),
    opts: OPT_COLUMNS.map((column) => textOf(row, column)),
    phones: readPhones(row),
    address: readAddress(row),
    date: null,
    calls: readCalls(textOf(row, 'calls')),
    // "0" is how an undialled record says that there was no call.
    connId: connId === '0' ? null : connId,
    result,
    outcome: readOutcome(result),
  };
}

function textOf(row: Row, column: string): string | null {
  const value = row[column];
  if (value === undefined || value === null) return null;
  if (typeof value === 'string') return value.trim() || null;
  if (typeof value === 'boolean') return String(value);
  if (typeof value === 'number') {
    // Digits were lost on the way into a number of JavaScript: a wrong phone or customer id is worse than none.
    if (Math.abs(value) > Number.MAX_SAFE_INTEGER) throw malformed(`column ${column} is a number of too many digits`);
    return String(value);
  }
  throw malformed(`column ${column} is ${Array.isArray(value) ? 'an array' : 'an object'} in place of a text`);
}

function readPhones(row: Row): Phone[] {
  const phones: Phone[] = [];
  PHONE_COLUMNS.forEach((column, index) => {
    const number = textOf(row, column);
    if (number !== null) phones.push({ position: index + 1, number });
  });
  return phones;
}

/** These columns came with the newer shape; an account without them has no address. */
function readAddress(row: Row): Address | null {
  const address: Address = {
    country: textOf(row, 'country'),
    state: textOf(row, 'state'),
    city: textOf(row, 'city'),
    zone: textOf(row, 'zone'),
    address: textOf(row, 'address'),
  };
  return Object.values(address).every((part) => part === null) ? null : address;
}

function readCalls(text: string | null): number | null {
  if (text === null || !/^\d+$/.test(text)) return null;
  const calls = Number(text);
  return calls <= MAX_CALLS ? calls : null;
}

/** The vocabulary is open, and its casing and separators vary: `NO-ANSWER`, `Wrong Number`. */
function readOutcome(result: string | null): CallOutcome | null {
  if (result === null) return null;
  return OUTCOMES.get(result.toUpperCase().replace(/[\s_-]+/g, '_')) ?? 'OTHER';
}

/** `YYYY-MM-DD HH:MM:SS`, as the sibling reports have it; zeros or nothing where a record was never dialled. */
function readDate(text: string | null, zone: string): string | null {
  const parts = text === null ? null : /^(\d{4})-(\d\d)-(\d\d)[ T](\d\d):(\d\d):(\d\d)$/.exec(text);
  if (parts === null) return null;
  const [, year, month, day, hour, minute, second] = parts.map(Number);
  // A year before 1 has no place in RFC 3339; "0000-01-01" is a zero date too.
  if (year === undefined || year < 1) return null;
  const date = DateTime.fromObject({ year, month, day, hour, minute, second }, { ...PLAIN_LOCALE, zone });
  return date.toISO({ suppressMilliseconds: true });
}
