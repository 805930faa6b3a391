import { DateTime } from 'luxon';
import { matches, toCanonicalCampaignId } from '../core/lookup.js';
import type { Lookup } from '../core/lookup.js';
import { CALL_OUTCOMES } from '../core/record.js';
import type { CampaignAddress, CallOutcome, CampaignPhone, CampaignRecord } from '../core/record.js';
import { malformed } from './failure.js';

/** One element of `data`. Two shapes are documented, with 23 and with 35 columns; any column may be missing or null. */
export type Row = Readonly<Record<string, unknown>>;

export interface RowContext {
  /** The lookup that the row answers. */
  readonly lookup: Lookup;
  /** The luxon zone of `date`. */
  readonly zone: string;
}

/**
 * Reads one row as a record. Values are trimmed texts; an empty, null or missing value is null. Numbers and booleans
 * count as their texts. Unknown columns are ignored.
 *
 * A row without `campaign_id` belongs to the campaign of the lookup. If the lookup names none either, `campaignId` is
 * an empty text, because a failure would withhold the rest of the answer.
 *
 * @throws LookupFailure `malformed` if a known column holds an object, an array, or a number that JSON.parse cannot
 *   hold
 */
export function readRow(row: Row, context: RowContext): CampaignRecord {
  return { ...readUndated(row, context.lookup), date: readDate(textOf(row, 'date'), context.zone) };
}

/**
 * Reads a row that matches the lookup; undefined if it does not match. The date takes the longest to read, so it is
 * read for matching rows only.
 */
export function readMatchingRow(row: Row, context: RowContext): CampaignRecord | undefined {
  const undated = readUndated(row, context.lookup);
  const date = textOf(row, 'date');
  return matches(undated, context.lookup) ? { ...undated, date: readDate(date, context.zone) } : undefined;
}

const OPT_COLUMNS = Array.from({ length: 12 }, (_, index) => `opt${index + 1}`);
const PHONE_COLUMNS = Array.from({ length: 10 }, (_, index) => `tel${index + 1}`);
const OUTCOMES: ReadonlyMap<string, CallOutcome> = new Map(CALL_OUTCOMES.map((outcome) => [outcome, outcome]));
/** Without these values luxon asks the machine for its locale, which takes 15 ms the first time. */
const PLAIN_LOCALE = { locale: 'en-US', numberingSystem: 'latn', outputCalendar: 'gregory' } as const;
/** The highest Int of GraphQL. */
const MAX_COUNT = 2 ** 31 - 1;

function readUndated(row: Row, lookup: Lookup): CampaignRecord {
  const connId = textOf(row, 'conn_id');
  const result = textOf(row, 'result');
  return {
    campaignId: toCanonicalCampaignId(textOf(row, 'campaign_id') ?? lookup.campaignId ?? ''),
    customerId: textOf(row, 'customer_id'),
    customerName: textOf(row, 'customer_name'),
    customerLastName: textOf(row, 'customer_last_name'),
    opts: OPT_COLUMNS.map((column) => textOf(row, column)),
    phones: readPhones(row),
    address: readAddress(row),
    date: null,
    calls: readCount(textOf(row, 'calls')),
    // A record that was not dialled yet may have "0" (assumed).
    connId: connId === '0' ? null : connId,
    result,
    outcome: readOutcome(result),
  };
}

/**
 * A column as a trimmed text; null if it is empty, null or missing.
 *
 * @throws LookupFailure `malformed` as `readRow`
 */
export function textOf(row: Row, column: string): string | null {
  const value = row[column];
  if (value === undefined || value === null) return null;
  if (typeof value === 'string') return value.trim() || null;
  if (typeof value === 'boolean') return String(value);
  if (typeof value === 'number') {
    // A larger number has lost digits. A wrong phone or customer id is worse than none.
    if (Math.abs(value) > Number.MAX_SAFE_INTEGER) throw malformed(`column ${column} is a number with too many digits`);
    return String(value);
  }
  throw malformed(`column ${column} is ${Array.isArray(value) ? 'an array' : 'an object'} instead of a text`);
}

function readPhones(row: Row): CampaignPhone[] {
  const phones: CampaignPhone[] = [];
  PHONE_COLUMNS.forEach((column, index) => {
    const number = textOf(row, column);
    if (number !== null) phones.push({ position: index + 1, number });
  });
  return phones;
}

/** The newer shape has these columns (documented). An account with the older shape has no addresses. */
function readAddress(row: Row): CampaignAddress | null {
  const address: CampaignAddress = {
    country: textOf(row, 'country'),
    state: textOf(row, 'state'),
    city: textOf(row, 'city'),
    zone: textOf(row, 'zone'),
    address: textOf(row, 'address'),
  };
  return Object.values(address).every((part) => part === null) ? null : address;
}

/** Digits as a number; null for anything else, and for a number that is no Int of GraphQL. */
export function readCount(text: string | null): number | null {
  if (text === null || !/^\d+$/.test(text)) return null;
  const count = Number(text);
  return count <= MAX_COUNT ? count : null;
}

/** The list of results is open, and case and separators vary: `NO-ANSWER`, `Wrong Number`. */
function readOutcome(result: string | null): CallOutcome | null {
  if (result === null) return null;
  return OUTCOMES.get(result.toUpperCase().replace(/[\s_-]+/g, '_')) ?? 'OTHER';
}

/** `YYYY-MM-DD HH:MM:SS` (documented); zeros or nothing if there is none, as before a first call (assumed). */
export function readDate(text: string | null, zone: string): string | null {
  const parts = text === null ? null : /^(\d{4})-(\d\d)-(\d\d)[ T](\d\d):(\d\d):(\d\d)$/.exec(text);
  if (parts === null) return null;
  const [, year, month, day, hour, minute, second] = parts.map(Number);
  // "0000-01-01" is a zero date, too.
  if (year === undefined || year < 1) return null;
  const date = DateTime.fromObject({ year, month, day, hour, minute, second }, { ...PLAIN_LOCALE, zone });
  return date.toISO({ suppressMilliseconds: true });
}
