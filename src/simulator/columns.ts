/**
 * Wolkvox's columns as they go over the wire: every value is a string, numbers too. Two shapes are documented, one of 23 keys
 * and a newer one of 35.
 */

const OPTS = [
  'opt1',
  'opt2',
  'opt3',
  'opt4',
  'opt5',
  'opt6',
  'opt7',
  'opt8',
  'opt9',
  'opt10',
  'opt11',
  'opt12',
] as const;
const FIRST_PHONES = ['tel1', 'tel2', 'tel3'] as const;
const FURTHER_PHONES = ['tel4', 'tel5', 'tel6', 'tel7', 'tel8', 'tel9', 'tel10'] as const;
const NAMES = ['customer_name', 'customer_last_name', 'customer_id'] as const;
const PLACES = ['country', 'state', 'city', 'zone', 'address'] as const;
const LAST_CALL = ['date', 'calls', 'conn_id', 'result', 'campaign_id'] as const;

/** The 23 keys, in the documented order. */
export const SHORT_COLUMNS = [...NAMES, ...OPTS, ...FIRST_PHONES, ...LAST_CALL] as const;
/** The 35 keys. Their order is not documented. */
export const LONG_COLUMNS = [...NAMES, ...PLACES, ...OPTS, ...FIRST_PHONES, ...FURTHER_PHONES, ...LAST_CALL] as const;
export const PHONE_COLUMNS = [...FIRST_PHONES, ...FURTHER_PHONES] as const;

export type ShortColumn = (typeof SHORT_COLUMNS)[number];
export type LongColumn = (typeof LONG_COLUMNS)[number];

/** A record as Wolkvox sends it, in the short or the long shape. */
export type WireRecord = Readonly<
  Record<ShortColumn, string> & Partial<Record<Exclude<LongColumn, ShortColumn>, string>>
>;

/** The columns of a record that is to be completed. */
export type NewRecord = Partial<WireRecord> & { readonly campaign_id: string };

/** A record from the columns that are given; the others are blank. Long where one of the long shape's own columns is given. */
export function completeRecord(given: NewRecord, ...further: readonly Partial<WireRecord>[]): WireRecord {
  const parts = [given, ...further];
  const isLong = parts.some((part) => LONG_ONLY.some((column) => part[column] !== undefined));
  const record: Record<ShortColumn, string> & Partial<Record<LongColumn, string>> = {
    ...(isLong ? LONG_BLANK : SHORT_BLANK),
  };
  // Column by column: spreading the parts into one another takes ten times as long, and there are 60,000 in an answer.
  for (const part of parts) {
    for (const column of Object.keys(part) as LongColumn[]) record[column] = part[column] ?? '';
  }
  return record;
}

const LONG_ONLY = [...PLACES, ...FURTHER_PHONES];
const SHORT_BLANK = blank(SHORT_COLUMNS);
const LONG_BLANK = blank(LONG_COLUMNS);

function blank(columns: readonly LongColumn[]): Record<ShortColumn, string> {
  return Object.fromEntries(columns.map((column) => [column, ''])) as Record<ShortColumn, string>;
}

/** The account's zone, GMT-5, in milliseconds: Colombia has no summer time. */
const ZONE_MS = -5 * 3_600_000;

/** `YYYY-MM-DD HH:MM:SS` in GMT-5, as the sibling reports document it. */
export function wireDate(epochMs: number): string {
  return new Date(epochMs + ZONE_MS).toISOString().slice(0, 19).replace('T', ' ');
}

/** The instant of a `YYYY-MM-DD HH:MM:SS` in GMT-5, epoch milliseconds. */
export function instantOf(date: string): number {
  return Date.parse(`${date.replace(' ', 'T')}-05:00`);
}

/** The account's day, `2026-11-23`; it begins at midnight GMT-5 (assumed, not documented). */
export function wireDay(epochMs: number): string {
  return wireDate(epochMs).slice(0, 10);
}

/** A dotted call id, whose third part is the Unix time of the call, as seen in public integrations. */
export function connId(epochMs: number, line: number, serial: number): string {
  return `${12_000 + (line % 1_000)}.0042.${Math.floor(epochMs / 1000)}.${10_000 + (serial % 90_000)}`;
}
