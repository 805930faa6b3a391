import { readLookup, type Lookup } from '../core/lookup.js';
import { needsPerson, skipped } from './finding.js';
import type { Finding, ProbeContext, Question, SettingChange } from './finding.js';
import { NOT_FOUND, findPerson, findRows } from './person.js';
import { includesRecord, sampleOfBare, sampleOfOtherPhone, sampleOfPrefixed, type PhoneSample } from './phones.js';

const COUNTRY_CODE = 'WOLKVOX_COUNTRY_CODE';

export const OTHER_PHONES: Question = {
  id: 'other-phones',
  question: 'Does a phone find a record whose second or later number it is?',
  assumed: 'yes: every number of a record is compared',
  where: 'src/core/lookup.ts',
  calls: () => 1,
  missing: needsPerson,
  async ask(context) {
    const { records, scope } = await findPerson(context);
    if (records.length === 0) return skipped(NOT_FOUND);
    const sample = sampleOfOtherPhone(records);
    if (sample === undefined) return skipped("None of the person's records has two different numbers.");
    const column = `number ${sample.position} of a record`;
    if (await isFound(context, sample, scope)) return { verdict: 'as assumed', known: `yes: ${column} finds it` };
    return {
      verdict: 'different',
      known: `no: ${column}, as it is stored, does not find it. Callers must use the first number or the customer id.`,
    };
  },
};

export const BARE_FINDS_PREFIXED: Question = {
  id: 'bare-finds-prefixed',
  question: 'Does a number without a prefix find one that is stored with a prefix?',
  assumed: 'yes: numbers are compared from the right',
  where: 'src/core/lookup.ts',
  calls: () => 1,
  missing: needsPerson,
  ask: askBareFindsPrefixed,
};

async function askBareFindsPrefixed(context: ProbeContext): Promise<Finding> {
  const { given, countryCode, settings } = context;
  const { records, scope } = await findPerson(context);
  if (records.length === 0) return skipped(NOT_FOUND);
  const sample = sampleOfPrefixed(records, given.phone, countryCode);
  if (sample === undefined) return skipped("None of the person's numbers is stored with a prefix.");
  const prefix = nameOf(sample.prefix, countryCode);
  const hasCountryCode = sample.prefix.endsWith(countryCode);
  if (await isFound(context, sample, scope)) {
    const change: SettingChange = {
      name: COUNTRY_CODE,
      value: countryCode,
      reason: 'A number without its country code finds the stored one, so all spellings can share a call.',
    };
    const isNew = settings.countryCode === undefined && hasCountryCode;
    return { verdict: 'as assumed', known: `yes: stored with ${prefix} before it`, settings: isNew ? [change] : [] };
  }
  if (sample.position > 1 && context.findings.get(OTHER_PHONES.id)?.verdict !== 'as assumed') {
    return { verdict: 'unclear', known: 'It was not found, but it is not the first number of its record.' };
  }
  const change: SettingChange = {
    name: COUNTRY_CODE,
    value: '',
    reason: 'Wolkvox finds the stored numbers only by their country code, which this setting removes.',
  };
  return {
    verdict: 'different',
    known: `no: the number is stored with ${prefix} before it. Callers must write numbers as the campaigns have them.`,
    settings: settings.countryCode !== undefined && hasCountryCode ? [change] : [],
  };
}

export const PREFIXED_FINDS_BARE: Question = {
  id: 'prefixed-finds-bare',
  question: 'Does a number with its country code find one that is stored without it?',
  assumed: 'no; the service removes WOLKVOX_COUNTRY_CODE from numbers, if it is set',
  where: 'src/core/lookup.ts',
  calls: () => 1,
  missing: needsPerson,
  ask: askPrefixedFindsBare,
};

async function askPrefixedFindsBare(context: ProbeContext): Promise<Finding> {
  const { countryCode, settings, findings } = context;
  const { records, scope } = await findPerson(context);
  if (records.length === 0) return skipped(NOT_FOUND);
  const sample = sampleOfBare(records, countryCode);
  if (sample === undefined) {
    return skipped(`None of the person's numbers is stored without a prefix, as a full number of +${countryCode}.`);
  }
  const isKnown = await isFound(context, sample, scope);
  if (!isKnown && sample.position > 1 && findings.get(OTHER_PHONES.id)?.verdict !== 'as assumed') {
    return { verdict: 'unclear', known: 'It was not found, but it is not the first number of its record.' };
  }
  const change: SettingChange = {
    name: COUNTRY_CODE,
    value: null,
    reason:
      'Numbers are stored without their country code. With this setting callers may write it, too. ' +
      `Set it to the country code of your numbers, such as ${countryCode}.`,
  };
  const isRefuted = findings.get(BARE_FINDS_PREFIXED.id)?.verdict === 'different';
  const changes = settings.countryCode === undefined && !isRefuted ? [change] : [];
  if (!isKnown) return { verdict: 'as assumed', known: `no: not with ${countryCode} before it`, settings: changes };
  return {
    verdict: 'different',
    known: `yes: also with ${countryCode} before it. The service drops such records if WOLKVOX_COUNTRY_CODE is not set.`,
    settings: changes,
  };
}

/** Asks for the number of the sample. Other records of the person do not count. */
async function isFound(
  { calls }: ProbeContext,
  sample: PhoneSample,
  scope: Pick<Lookup, 'campaignId'>,
): Promise<boolean> {
  return includesRecord(await findRows(calls, readLookup({ phone: sample.number, ...scope })), sample);
}

/** Only known prefixes are named, because another one may be a part of the number. */
function nameOf(prefix: string, countryCode: string): string {
  const isKnown = ['9', countryCode, `9${countryCode}`].includes(prefix);
  return isKnown ? prefix : prefix.length === 1 ? '1 digit' : `${prefix.length} digits`;
}
