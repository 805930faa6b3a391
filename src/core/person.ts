import { matches, readLookup, type Criteria, type Lookup } from './lookup.js';
import type { CampaignRecord } from './record.js';

/**
 * A person whose data is to be erased: by phone, by customer id, or by both. Data that matches one of them is erased.
 */
export interface Person {
  readonly phone?: string;
  readonly customerId?: string;
}

/**
 * Cleans and checks the criteria that identify a person.
 *
 * @param countryCode as in `readLookup`
 * @throws LookupFailure `bad-input`, as `readLookup`
 */
export function readPerson(
  { phone, customerId }: Pick<Criteria, 'phone' | 'customerId'>,
  countryCode?: string,
): Person {
  return readLookup({ phone, customerId }, countryCode);
}

/** Whether an answer concerns a person: its lookup names their phone or customer id, or it holds a record of theirs. */
export function concerns({ phone, customerId }: Person, lookup: Lookup, records: readonly CampaignRecord[]): boolean {
  return (
    (phone !== undefined && (lookup.phone === phone || records.some((record) => matches(record, { phone })))) ||
    (customerId !== undefined &&
      (lookup.customerId === customerId || records.some((record) => matches(record, { customerId }))))
  );
}
