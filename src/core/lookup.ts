import { LookupFailure } from './failure.js';
import type { CampaignRecord } from './record.js';

/**
 * The validated, canonical criteria of one search: at least one of them, each cleaned. Only `readLookup` makes it, so
 * equal searches are equal values.
 */
export interface Lookup {
  /** Digits only. */
  readonly phone?: string;
  readonly customerId?: string;
  /** Digits only. */
  readonly campaignId?: string;
}

/** Criteria as a caller writes them. Absent, null and blank mean the same. */
export interface Criteria {
  readonly phone?: string | null | undefined;
  readonly customerId?: string | null | undefined;
  readonly campaignId?: string | null | undefined;
}

/** A number of E.164 has at most 15 digits; 3 more allow a dial prefix. A fixed line without its area code has 7. */
export const MIN_PHONE_DIGITS = 7;
const PHONE_DIGITS = { min: MIN_PHONE_DIGITS, max: 18 };
/** Wolkvox documents customer_id as free text. This bound is our own; it keeps the address of the call short. */
const CUSTOMER_ID_MAX = 100;
/** Wolkvox documents 4 to 5 digits. The bound is higher, because the number of campaigns grows. */
const CAMPAIGN_ID_DIGITS = 10;

/** A criterion may have this many characters as the caller writes it. It is checked before any other work. */
const MAX_GIVEN_LENGTH = 200;

/** Characters that people write between the digits of a phone number. */
const PHONE_PUNCTUATION = /[\s\-.()[\]/\u2010-\u2015]/gu;
/**
 * The lengths of full national numbers by country code, without a trunk prefix (numbering plans of ITU-T E.164).
 */
const NATIONAL_DIGITS: Readonly<Record<string, readonly [min: number, max: number]>> = {
  ...{ '1': [10, 10], '34': [9, 9], '51': [8, 9], '52': [10, 10], '54': [10, 11], '55': [10, 11], '56': [9, 9] },
  ...{ '57': [10, 10], '58': [10, 10], '502': [8, 8], '503': [8, 8], '504': [8, 8], '505': [8, 8], '506': [8, 8] },
  ...{ '507': [7, 8], '591': [8, 8], '593': [8, 9], '595': [9, 9], '598': [8, 8] },
};
/** Of a country that is not listed. */
const OTHER_NATIONAL_DIGITS = [8, 12] as const;

const CONTROL_OR_FORMAT = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

/**
 * Cleans and checks criteria. Spellings of a phone with and without the country code become equal, and so do spellings
 * of a campaign id with and without leading zeros.
 *
 * @param countryCode digits such as "57"; undefined: phones keep theirs
 * @throws LookupFailure `bad-input` if no criterion is given or one has the wrong form. The message names what was
 *   expected and the shape of what was given, never the value.
 */
export function readLookup(criteria: Criteria, countryCode?: string): Lookup {
  const phone = readPhone(criteria.phone ?? '', countryCode);
  const customerId = readCustomerId(criteria.customerId ?? '');
  const campaignId = readCampaignId(criteria.campaignId ?? '');
  if (phone === undefined && customerId === undefined && campaignId === undefined) {
    throw badInput('At least one of phone, customerId and campaignId is needed; all are absent or blank.');
  }
  const lookup: { -readonly [Name in keyof Lookup]: Lookup[Name] } = {};
  if (phone !== undefined) lookup.phone = phone;
  if (customerId !== undefined) lookup.customerId = customerId;
  if (campaignId !== undefined) lookup.campaignId = campaignId;
  return lookup;
}

/**
 * A text that is equal for equal lookups and different for different ones. It holds personal data: never log it, and
 * never store it unencrypted.
 */
export function lookupKey(lookup: Lookup): string {
  // Digits have no space, and only the last one may be another text.
  return `${lookup.campaignId ?? ''} ${lookup.phone ?? ''} ${lookup.customerId ?? ''}`;
}

/** A campaign id without leading zeros, if it is a number. */
export function toCanonicalCampaignId(text: string): string {
  return /^[0-9]+$/.test(text) ? text.replace(/^0+(?=[0-9])/, '') : text;
}

/**
 * Whether a record fulfils every criterion of a lookup. A stored number may have a dial prefix (`9` or `57` before the
 * number), so phones are compared from the right.
 */
export function matches(record: CampaignRecord, lookup: Lookup): boolean {
  const { phone, customerId, campaignId } = lookup;
  return (
    (campaignId === undefined || record.campaignId === campaignId) &&
    (customerId === undefined || record.customerId === customerId) &&
    (phone === undefined || record.phones.some(({ number }) => digitsOf(number).endsWith(phone)))
  );
}

/**
 * Refuses a text that is far too long for a criterion.
 *
 * @throws LookupFailure `bad-input`
 */
export function checkLength(name: string, { length }: string): void {
  if (length <= MAX_GIVEN_LENGTH) return;
  throw badInput(`${name} may have at most ${MAX_GIVEN_LENGTH} characters; got ${length.toLocaleString('en')}.`);
}

function readPhone(given: string, countryCode: string | undefined): string | undefined {
  checkLength('phone', given);
  const compact = given.replace(PHONE_PUNCTUATION, '');
  if (compact === '') return undefined;
  const digits = compact.startsWith('+') ? compact.slice(1) : compact;
  const { min, max } = PHONE_DIGITS;
  const ignored = '(spaces, dashes, dots, brackets and a leading + are ignored)';
  const expected = `phone must contain ${min} to ${max} digits ${ignored}`;
  if (!/^[0-9]+$/.test(digits)) throw badInput(`${expected}; got other characters.`);
  if (digits.length < min || digits.length > max) throw badInput(`${expected}; got ${digits.length}.`);
  return countryCode === undefined ? digits : withoutCountryCode(compact, digits, countryCode);
}

/** The number without its country code, written as `+57`, `0057` or `57` before a full national number. */
function withoutCountryCode(compact: string, digits: string, countryCode: string): string {
  const [min, max] = NATIONAL_DIGITS[countryCode] ?? OTHER_NATIONAL_DIGITS;
  const international = compact.startsWith('+') ? digits : compact.startsWith('00') ? digits.slice(2) : undefined;
  // A bare number of national length may be a national number that only begins like the country code.
  const full = international ?? (digits.length > max ? digits : '');
  const national = full.startsWith(countryCode) ? full.slice(countryCode.length) : '';
  return national.length >= min && national.length <= max ? national : digits;
}

function readCustomerId(given: string): string | undefined {
  checkLength('customerId', given);
  const text = given.trim();
  if (text === '') return undefined;
  if (text.length > CUSTOMER_ID_MAX) {
    throw badInput(`customerId must contain at most ${CUSTOMER_ID_MAX} characters; got ${text.length}.`);
  }
  if (CONTROL_OR_FORMAT.test(text)) {
    throw badInput('customerId must be one line of visible text; got a control or format character.');
  }
  return text;
}

function readCampaignId(given: string): string | undefined {
  checkLength('campaignId', given);
  const text = given.trim();
  if (text === '') return undefined;
  const expected = `campaignId must contain 1 to ${CAMPAIGN_ID_DIGITS} digits and nothing else`;
  if (!/^[0-9]+$/.test(text)) throw badInput(`${expected}; got other characters.`);
  if (text.length > CAMPAIGN_ID_DIGITS) throw badInput(`${expected}; got ${text.length}.`);
  return toCanonicalCampaignId(text);
}

function badInput(message: string): LookupFailure {
  return new LookupFailure('bad-input', { message });
}

function digitsOf(text: string): string {
  return text.replace(/[^0-9]/g, '');
}
