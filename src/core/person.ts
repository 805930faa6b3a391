import { MIN_PHONE_DIGITS, readLookup, type Criteria, type Lookup } from './lookup.js';
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

/**
 * Whether an answer concerns a person: its lookup names their phone or customer id, or it holds a record of theirs. Two
 * phones are the same if one ends with the other, so that a country code or a dial prefix does not matter. So an
 * answer about another person may be erased, too.
 */
export function concerns({ phone, customerId }: Person, lookup: Lookup, records: readonly CampaignRecord[]): boolean {
  const isPhone = (text: string | undefined): boolean => phone !== undefined && isSamePhone(phone, text ?? '');
  return (
    isPhone(lookup.phone) ||
    records.some(({ phones }) => phones.some(({ number }) => isPhone(number))) ||
    (customerId !== undefined &&
      (lookup.customerId === customerId || records.some((record) => record.customerId === customerId)))
  );
}

function isSamePhone(phone: string, text: string): boolean {
  const digits = text.replace(/[^0-9]/g, '');
  return digits.endsWith(phone) || (digits.length >= MIN_PHONE_DIGITS && phone.endsWith(digits));
}
