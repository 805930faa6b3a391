import type { Answer } from './answer.js';
import type { Lookup } from './lookup.js';

/** The lookup of the same person in all campaigns; undefined if the lookup names no campaign or no person. */
export function inAllCampaigns({ campaignId, ...person }: Lookup): Lookup | undefined {
  return campaignId === undefined || Object.keys(person).length === 0 ? undefined : person;
}

/**
 * The lookup of the whole campaign of a customer; undefined if the lookup names no customer or no campaign. It is
 * undefined for a phone, too: how Wolkvox compares phones is unknown, so only an answer to the same phone says who has
 * it.
 */
export function inWholeCampaign({ campaignId, customerId, phone }: Lookup): Lookup | undefined {
  return campaignId === undefined || customerId === undefined || phone !== undefined ? undefined : { campaignId };
}

/**
 * The records of a broader answer that belong to a narrower lookup, as old as that answer. The broader lookup must be
 * `inAllCampaigns` or `inWholeCampaign` of the narrower one.
 *
 * @returns undefined if Wolkvox left out the campaign of a record, so that the campaigns cannot be told apart
 */
export function narrowAnswer(answer: Answer, { campaignId, customerId }: Lookup): Answer | undefined {
  if (answer.records.some((record) => record.campaignId === '')) return undefined;
  const records = answer.records.filter(
    (record) => record.campaignId === campaignId && (customerId === undefined || record.customerId === customerId),
  );
  return { ...answer, records };
}
