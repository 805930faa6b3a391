import { LookupFailure } from './failure.js';
import type { CampaignRecord } from './record.js';

/**
 * One question to Wolkvox in canonical form: at least one criterion, each cleaned and valid. Made by `readLookup` only, so that
 * equal questions are equal values.
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

/** A number of E.164 has at most 15 digits; 3 more leave room for a dial prefix. A fixed line without its area code has 7. */
const PHONE_DIGITS = { min: 7, max: 18 };
/** Wolkvox documents customer_id as free text; this bound is ours, so that a question fits an address line. */
const CUSTOMER_ID_MAX = 100;
/** Documented as 4 to 5 digits; a growing service will need more. */
const CAMPAIGN_ID_DIGITS = 10;

/** What people write between the digits of a phone number. */
const PHONE_PUNCTUATION = /[\s\-.()[\]/\u2010-\u2015]/gu;
const CONTROL_OR_FORMAT = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

/**
 * Cleans and checks criteria.
 *
 * @throws LookupFailure BAD_USER_INPUT where no criterion is given, or one cannot be what it is said to be. The message tells
 *   what was expected and the shape of what came, not the value.
 */
export function readLookup(criteria: Criteria): Lookup {
  const phone = readPhone(criteria.phone ?? '');
  const customerId = readCustomerId(criteria.customerId ?? '');
  const campaignId = readCampaignId(criteria.campaignId ?? '');
  if (phone === undefined && customerId === undefined && campaignId === undefined) {
    throw new LookupFailure(
      'BAD_USER_INPUT',
      'Expected at least one of phone, customerId and campaignId; all were absent or blank.',
    );
  }
  return {
    ...(phone === undefined ? {} : { phone }),
    ...(customerId === undefined ? {} : { customerId }),
    ...(campaignId === undefined ? {} : { campaignId }),
  };
}

/** One text for each question; equal questions have equal texts. It holds personal data: never log it, never store it as it is. */
export function lookupKey(lookup: Lookup): string {
  return JSON.stringify([lookup.campaignId ?? null, lookup.customerId ?? null, lookup.phone ?? null]);
}

/**
 * Whether a record is what was asked for, each given criterion by itself. A stored number may carry a dial prefix ("9" or "57"
 * before the number), so phones are compared from the right.
 */
export function matches(record: CampaignRecord, lookup: Lookup): boolean {
  const { phone, customerId, campaignId } = lookup;
  return (
    (campaignId === undefined || record.campaignId === campaignId) &&
    (customerId === undefined || record.customerId === customerId) &&
    (phone === undefined || record.phones.some(({ number }) => digitsOf(number).endsWith(phone)))
  );
}

function readPhone(given: string): string | undefined {
  const compact = given.replace(PHONE_PUNCTUATION, '');
  if (compact === '') return undefined;
  const digits = compact.startsWith('+') ? compact.slice(1) : compact;
  if (!/^[0-9]+$/.test(digits)) {
    throw badInput(
      'phone',
      'digits, which spaces, dashes, dots, brackets and a leading plus may divide',
      'other characters',
    );
  }
  if (digits.length < PHONE_DIGITS.min || digits.length > PHONE_DIGITS.max) {
    throw badInput('phone', `${PHONE_DIGITS.min} to ${PHONE_DIGITS.max} digits`, `${digits.length}`);
  }
  return digits;
}

function readCustomerId(given: string): string | undefined {
  const text = given.trim();
  if (text === '') return undefined;
  if (text.length > CUSTOMER_ID_MAX) {
    throw badInput('customerId', `at most ${CUSTOMER_ID_MAX} characters`, `${text.length}`);
  }
  if (CONTROL_OR_FORMAT.test(text)) throw badInput('customerId', 'a text of one line', 'control characters');
  return text;
}

function readCampaignId(given: string): string | undefined {
  const text = given.trim();
  if (text === '') return undefined;
  if (!/^[0-9]+$/.test(text)) throw badInput('campaignId', 'digits', 'other characters');
  if (text.length > CAMPAIGN_ID_DIGITS) {
    throw badInput('campaignId', `at most ${CAMPAIGN_ID_DIGITS} digits`, `${text.length}`);
  }
  return text;
}

function badInput(criterion: string, expected: string, came: string): LookupFailure {
  return new LookupFailure('BAD_USER_INPUT', `${criterion}: expected ${expected}; came ${came}.`);
}

function digitsOf(text: string): string {
  return text.replace(/[^0-9]/g, '');
}
