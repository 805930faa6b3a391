/** Wolkvox's columns. Every value is a string, numbers too. Two record shapes are documented: 23 columns, and 35. */
const PERSON = ['customer_name', 'customer_last_name', 'customer_id'] as const;
const ADDRESS = ['country', 'state', 'city', 'zone', 'address'] as const;
const OPTS = ([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12] as const).map((position) => `opt${position}` as const);
const SHORT_PHONES = ['tel1', 'tel2', 'tel3'] as const;
const LONG_PHONES = ([4, 5, 6, 7, 8, 9, 10] as const).map((position) => `tel${position}` as const);
const LAST_CALL = ['date', 'calls', 'conn_id', 'result', 'campaign_id'] as const;

/** The 23 columns, in the documented order. */
export const SHORT_COLUMNS = [...PERSON, ...OPTS, ...SHORT_PHONES, ...LAST_CALL] as const;
/** The 35 columns. Their order is not documented. */
export const LONG_COLUMNS = [...PERSON, ...ADDRESS, ...OPTS, ...SHORT_PHONES, ...LONG_PHONES, ...LAST_CALL] as const;
export const PHONE_COLUMNS = [...SHORT_PHONES, ...LONG_PHONES] as const;

type Columns<Names extends readonly string[]> = Record<Names[number], string>;
/** A record as Wolkvox sends it, with 23 or 35 columns. */
export type WireRecord = Readonly<Columns<typeof SHORT_COLUMNS> & Partial<Columns<typeof LONG_COLUMNS>>>;

const LONG_ONLY = [...ADDRESS, ...LONG_PHONES];
const [SHORT_BLANK, LONG_BLANK] = [SHORT_COLUMNS, LONG_COLUMNS].map((columns) =>
  Object.fromEntries(columns.map((column) => [column, ''])),
);

/** Completes a record with blanks. It gets 35 columns if one of the columns of that shape is given. */
export function completeRecord(...parts: readonly Partial<WireRecord>[]): WireRecord {
  const isLong = parts.some((part) => LONG_ONLY.some((column) => column in part));
  // Assigning to an object that has every column is ten times as fast as spreading the parts into a new one.
  return Object.assign({ ...(isLong ? LONG_BLANK : SHORT_BLANK) }, ...parts) as WireRecord;
}

/** `YYYY-MM-DD HH:MM:SS` in GMT-5 (documented for the sibling reports). Colombia has no summer time. */
export function wireDate(epochMs: number): string {
  return new Date(epochMs - 5 * 3_600_000).toISOString().slice(0, 19).replace('T', ' ');
}

/** Epoch milliseconds of a `YYYY-MM-DD HH:MM:SS` in GMT-5. */
export function instantOf(date: string): number {
  return Date.parse(`${date.replace(' ', 'T')}-05:00`);
}

/** The columns of the last call. The third part of conn_id is its Unix time (seen in public integrations). */
export function lastCall(epochMs: number, calls: number, result: string, serial: number): Partial<WireRecord> {
  const conn_id = `12462.0042.${Math.floor(epochMs / 1000)}.${10_000 + (serial % 90_000)}`;
  return { date: wireDate(epochMs), calls: `${calls}`, conn_id, result };
}
