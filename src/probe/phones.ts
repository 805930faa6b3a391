import { MIN_PHONE_DIGITS, readLookup } from '../core/lookup.js';
import type { CampaignRecord } from '../core/record.js';

/** Colombia, where most accounts of Wolkvox are. WOLKVOX_COUNTRY_CODE replaces it. */
export const DEFAULT_COUNTRY_CODE = '57';
/** With a country code of three digits this makes 18, the most that a phone may have. */
const MAX_DIGITS = 15;

/** A phone of a record, and the number to ask Wolkvox for. */
export interface PhoneSample {
  readonly record: CampaignRecord;
  /** 1 to 10, the column of the stored number. */
  readonly position: number;
  /** Digits. Personal data: never print them. */
  readonly number: string;
  /** What the stored number has before `number`; empty if they are equal or `number` is longer. */
  readonly prefix: string;
}

/** A number that is not the first of its record, as it is stored. It has nothing in common with the first one. */
export function sampleOfOtherPhone(records: readonly CampaignRecord[]): PhoneSample | undefined {
  return storedPhones(records).find(
    ({ record, position, number }) =>
      position > 1 && othersIn(record, position).every((other) => !other.endsWith(number) && !number.endsWith(other)),
  );
}

/** A number that is stored with a prefix, to be asked for without it. The first phones of records come first. */
export function sampleOfPrefixed(
  records: readonly CampaignRecord[],
  givenPhone: string | undefined,
  countryCode: string,
): PhoneSample | undefined {
  return firstPhonesFirst(records)
    .flatMap((sample) => {
      const bare = bareOf(sample.number, givenPhone, countryCode);
      if (bare === undefined) return [];
      return [{ ...sample, number: bare, prefix: sample.number.slice(0, -bare.length) }];
    })
    .find(({ record, position, number }) => othersIn(record, position).every((other) => !other.endsWith(number)));
}

/** A number that is stored without a prefix, to be asked for with the country code. First phones come first. */
export function sampleOfBare(records: readonly CampaignRecord[], countryCode: string): PhoneSample | undefined {
  return firstPhonesFirst(records)
    .filter(({ number }) => isNational(number, countryCode))
    .filter(({ record, position, number }) => othersIn(record, position).every((other) => !other.endsWith(number)))
    .map((sample) => ({ ...sample, number: countryCode + sample.number }))[0];
}

/** Whether rows have the record of the sample. Calls to the person do not matter. */
export function includesRecord(rows: readonly CampaignRecord[], { record }: PhoneSample): boolean {
  const identity = identityOf(record);
  return rows.some((row) => identityOf(row) === identity);
}

/** The digits of a record's first phone; undefined if it is blank or cannot be asked for. */
export function firstPhoneOf(record: CampaignRecord): string | undefined {
  return storedPhones([record]).find(({ position }) => position === 1)?.number;
}

/** A stored number without its prefix: the given phone, if the number ends with it, or a full national number. */
function bareOf(number: string, givenPhone: string | undefined, countryCode: string): string | undefined {
  if (givenPhone !== undefined && number !== givenPhone && number.endsWith(givenPhone)) return givenPhone;
  if (isNational(number, countryCode)) return undefined;
  // 9, 57 and 957 were seen before stored numbers (public integrations).
  return [`9${countryCode}`, countryCode, '9']
    .filter((prefix) => number.startsWith(prefix))
    .map((prefix) => number.slice(prefix.length))
    .find((rest) => isNational(rest, countryCode));
}

/** Whether the service would take the digits for a full number without its country code. */
function isNational(digits: string, countryCode: string): boolean {
  if (digits.length < MIN_PHONE_DIGITS || digits.length > MAX_DIGITS) return false;
  return readLookup({ phone: `+${countryCode}${digits}` }, countryCode).phone === digits;
}

function storedPhones(records: readonly CampaignRecord[]): PhoneSample[] {
  return records.flatMap((record) =>
    record.phones
      .map(({ position, number }) => ({ record, position, number: number.replace(/[^0-9]/g, ''), prefix: '' }))
      .filter(({ number }) => number.length >= MIN_PHONE_DIGITS && number.length <= MAX_DIGITS),
  );
}

function firstPhonesFirst(records: readonly CampaignRecord[]): PhoneSample[] {
  return storedPhones(records).sort((a, b) => Number(a.position > 1) - Number(b.position > 1));
}

/** The digits of the record's phones in other columns. */
function othersIn({ phones }: CampaignRecord, position: number): string[] {
  return phones
    .filter((phone) => phone.position !== position)
    .map(({ number }) => number.replace(/[^0-9]/g, ''))
    .filter((number) => number !== '');
}

function identityOf({ campaignId, customerId, phones }: CampaignRecord): string {
  return JSON.stringify([campaignId, customerId, phones.map(({ position, number }) => [position, number])]);
}
