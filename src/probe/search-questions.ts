import type { Lookup } from '../core/lookup.js';
import { count, describe, needsNothing, needsPerson, skipped } from './finding.js';
import type { Finding, ProbeContext, Question, SettingChange } from './finding.js';
import { NOT_FOUND, findPerson, findRows, nobodyLookup, personLookup, rowsOf } from './person.js';
import { firstPhoneOf } from './phones.js';
import type { RawAnswer } from './recorder.js';

export const NO_MATCH: Question = {
  id: 'no-match',
  question: 'What does Wolkvox answer if nobody matches?',
  assumed: 'HTTP 404 with an envelope, or a success without rows; both mean an empty list',
  where: 'src/wolkvox/answer.ts',
  calls: () => 1,
  missing: needsNothing,
  async ask(context) {
    const result = await context.calls.find(nobodyLookup(context));
    const form = result.raw === undefined ? 'no answer' : formOf(result.raw);
    if (result.outcome === 'failed') {
      return { verdict: 'different', known: `${form}, which the service cannot read. ${describe(result.failure)}` };
    }
    const rows = rowsOf(result).length;
    if (rows === 0) return { verdict: 'as assumed', known: `${form}. The service reads it as an empty list.` };
    return {
      verdict: 'different',
      known: `${form}: ${count(rows, 'row')} for a customer id that nobody has. The service drops them.`,
    };
  },
};

function formOf({ httpStatus, code, data }: RawAnswer): string {
  if (code === 'no envelope') return `HTTP ${httpStatus} without an envelope`;
  return `HTTP ${httpStatus} with an envelope whose code is ${code} and whose data is ${data}`;
}

export const ROWS: Question = {
  id: 'rows',
  question: 'Do all rows of an answer have the customer id, or the phone, that was asked for?',
  assumed: 'not necessarily; the service drops the others',
  where: 'src/core/lookup.ts',
  calls: () => 1,
  missing: needsPerson,
  async ask({ calls, given }) {
    const result = await calls.find(personLookup(given));
    if (result.outcome === 'failed') return { verdict: 'unclear', known: describe(result.failure) };
    const rows = rowsOf(result).length;
    if (rows === 0) return skipped(NOT_FOUND);
    const dropped = rows - result.records.length;
    if (dropped === 0) return { verdict: 'as assumed', known: `yes: ${count(rows, 'row')}` };
    return {
      verdict: 'different',
      known:
        `${dropped} of ${count(rows, 'row')} do not, so the service drops them. ` +
        'Wolkvox compares less strictly than the service, which compares customer ids exactly and phones from the right.',
    };
  },
};

export const ALL_CAMPAIGNS: Question = {
  id: 'all-campaigns',
  question: 'Does a lookup without a campaign search all campaigns?',
  assumed: 'yes: an empty campaign id means all',
  where: 'src/wolkvox/request.ts, src/cache/lookup-cache.ts',
  calls: () => 1,
  missing: (given) => needsPerson(given) ?? (given.campaignId === undefined ? 'It needs --campaign-id.' : undefined),
  ask: askAllCampaigns,
};

async function askAllCampaigns({ calls, given, settings }: ProbeContext): Promise<Finding> {
  const { campaignId = '' } = given;
  const person = personLookup(given);
  const inCampaign = await calls.find({ ...person, campaignId });
  const everywhere = await calls.find(person);
  if (inCampaign.outcome === 'failed') return { verdict: 'unclear', known: describe(inCampaign.failure) };
  const expected = inCampaign.records.length;
  if (expected === 0) return skipped(NOT_FOUND);

  const rows = rowsOf(everywhere);
  const found = rows.filter((row) => row.campaignId === campaignId).length;
  const campaigns = new Set(rows.map((row) => row.campaignId));
  if (campaigns.has('')) {
    return {
      verdict: 'different',
      known: 'Rows do not name their campaign, so lookups in a campaign cost a call each.',
    };
  }
  if (found >= expected) {
    const known = `yes: ${count(rows.length, 'record')} in ${count(campaigns.size, 'campaign')}, the given one included`;
    return { verdict: 'as assumed', known };
  }
  const problem =
    everywhere.outcome === 'failed'
      ? describe(everywhere.failure)
      : `${count(rows.length, 'record')} without a campaign`;
  const change: SettingChange = {
    name: 'WOLKVOX_SEARCHES_ALL_CAMPAIGNS',
    value: 'false',
    reason: 'An answer without a campaign must not answer lookups in a campaign.',
  };
  return {
    verdict: 'different',
    known: `no: ${count(expected, 'record')} in the given campaign, but ${problem}. Callers must name a campaign.`,
    settings: settings.searchesAllCampaigns ? [change] : [],
  };
}

export const PHONE_AND_ID: Question = {
  id: 'phone-and-id',
  question: 'Must both match if a phone and a customer id are given?',
  assumed: 'yes (AND); the service drops records that do not match both, so it copes with OR, too',
  where: 'src/core/lookup.ts',
  // If the person is known by the phone, the lookup of the phone alone was made already.
  calls: ({ customerId }) => (customerId === undefined ? 2 : 3),
  missing: needsPerson,
  ask: askPhoneAndId,
};

async function askPhoneAndId(context: ProbeContext): Promise<Finding> {
  const { calls, given, nobody } = context;
  const { records, scope } = await findPerson(context);
  if (records.length === 0) return skipped(NOT_FOUND);
  const pair = records.flatMap((record) => {
    const phone = given.customerId === undefined ? given.phone : firstPhoneOf(record);
    const { customerId } = record;
    return phone === undefined || customerId === null || !PLAIN_ID.test(customerId) ? [] : [{ phone, customerId }];
  })[0];
  if (pair === undefined) return skipped("None of the person's records has a phone and a customer id.");

  const finds = async (lookup: Lookup): Promise<boolean> => (await findRows(calls, { ...lookup, ...scope })).length > 0;
  const byPhone = await finds({ phone: pair.phone, customerId: nobody.customerId });
  const byId = await finds({ phone: nobody.phone, customerId: pair.customerId });
  if (!byPhone && !(await finds({ phone: pair.phone }))) {
    return { verdict: 'unclear', known: 'The stored phone alone finds nothing, so the two cannot be compared.' };
  }
  if (!byPhone && !byId) return { verdict: 'as assumed', known: 'yes: both must match (AND)' };
  const known =
    byPhone && byId
      ? 'no: one of them is enough (OR)'
      : `no: only the ${byPhone ? 'phone' : 'customer id'} counts, the other is ignored`;
  return { verdict: 'different', known: `${known}. Answers are larger; the service drops what does not match both.` };
}

/** An id that the service accepts as a criterion for certain. */
const PLAIN_ID = /^[\p{L}\p{N}._-]{1,100}$/u;
