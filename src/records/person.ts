import { matches, readLookup, type Criteria, type Lookup } from './lookup.js';
import type { CampaignRecord } from './record.js';

/** Somebody who is to be erased, by phone, customer id or both; each is enough to be meant. */
export interface Person {
  readonly phone?: string;
  readonly customerId?: string;
}

/**
 * Cleans and checks what names a person.
 * @throws LookupFailure BAD_USER_INPUT, as `readLookup`
 */
export function readPerson({ phone, customerId }: Pick<Criteria, 'phone' | 'customerId'>): Person {
  return readLookup({ phone, customerId });
}

/** Whether an answer is about a person: it was asked by their phone or id, or holds a record of theirs. */
export function concerns({ phone, customerId }: Person, lookup: Lookup, records: readonly CampaignRecord[]): boolean {
  return (
    (phone !== undefined && (lookup.phone === phone || records.some((record) => matches(record, { phone })))) ||
    (customerId !== undefined &&
      (lookup.customerId === customerId || records.some((record) => matches(record, { customerId }))))
  );
}
