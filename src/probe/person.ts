import type { Lookup } from '../core/lookup.js';
import type { CampaignRecord } from '../core/record.js';
import type { LookupFailure } from '../core/failure.js';
import type { Calls, LookupResult } from './calls.js';
import type { ProbeContext } from './finding.js';

/** The known person in all campaigns. The customer id is preferred, because phones may be compared in several ways. */
export function personLookup({ phone, customerId }: Partial<Lookup>): Lookup {
  if (customerId !== undefined) return { customerId };
  return phone === undefined ? {} : { phone };
}

/** A customer id that nobody has, in the given campaign, so that it does not depend on how an empty one is read. */
export function nobodyLookup({ given: { campaignId }, nobody: { customerId } }: ProbeContext): Lookup {
  return campaignId === undefined ? { customerId } : { customerId, campaignId };
}

/** All rows of an answer, those included that the service drops. */
export function rowsOf({ raw }: LookupResult): readonly CampaignRecord[] {
  return raw?.rows ?? [];
}

/** Wolkvox answered a lookup with a failure, so a question that depends on its rows has no answer. */
export class UnreadableAnswer extends Error {
  override readonly name = 'UnreadableAnswer';
  readonly failure: LookupFailure;

  constructor(failure: LookupFailure) {
    super(failure.message);
    this.failure = failure;
  }
}

/**
 * All rows that a lookup finds, those included that the service drops.
 *
 * @throws UnreadableAnswer if the answer is a failure
 */
export async function findRows(calls: Calls, lookup: Lookup): Promise<readonly CampaignRecord[]> {
  const result = await calls.find(lookup);
  if (result.outcome === 'failed') throw new UnreadableAnswer(result.failure);
  return rowsOf(result);
}

export interface KnownRecords {
  readonly records: readonly CampaignRecord[];
  /** Where the person was found: in all campaigns, or in the given one only. Further lookups search there. */
  readonly scope: Pick<Lookup, 'campaignId'>;
}

/** The rows of the known person. If a search of all campaigns finds none, those in the given campaign. */
export async function findPerson({ calls, given }: ProbeContext): Promise<KnownRecords> {
  const person = personLookup(given);
  const everywhere = rowsOf(await calls.find(person));
  const { campaignId } = given;
  if (everywhere.length > 0 || campaignId === undefined) return { records: everywhere, scope: {} };
  return { records: await findRows(calls, { ...person, campaignId }), scope: { campaignId } };
}

export const NOT_FOUND = 'The given person was not found. Check --customer-id, --phone and --campaign-id.';
