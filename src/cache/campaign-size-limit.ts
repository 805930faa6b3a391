import type { Layer } from '../core/answer.js';
import { campaignIn, type Campaigns } from '../core/campaign.js';
import { LookupFailure } from '../core/failure.js';
import type { Lookup } from '../core/lookup.js';

/**
 * Refuses to search a whole campaign that has more records than an answer may hold, because the call would fail.
 * Only a fresh list of campaigns says so, and only to a caller who accepts information that is as old as the list. The
 * list is never asked for.
 *
 * The layer comes before the cache. A lookup whose signal has aborted gets what is cached, joins no call and causes
 * none; the reason of the signal is its failure.
 */
export function createCampaignSizeLimit(campaigns: Pick<Campaigns, 'fresh'>, maxRecords: number): Layer {
  return (next) => ({
    find(lookup, options) {
      const refusal = refusalOf(lookup, options.minSentAt);
      return next.find(lookup, refusal === undefined ? options : { ...options, signal: AbortSignal.abort(refusal) });
    },
  });

  function refusalOf({ campaignId, customerId, phone }: Lookup, minSentAt: number): LookupFailure | undefined {
    if (campaignId === undefined || customerId !== undefined || phone !== undefined) return undefined;
    const list = campaigns.fresh();
    if (list === undefined || list.sentAt < minSentAt) return undefined;
    const recordCount = campaignIn(list, campaignId)?.recordCount ?? 0;
    if (recordCount <= maxRecords) return undefined;
    return new LookupFailure('campaign-too-large', {
      message:
        `The campaign has ${recordCount.toLocaleString('en')} records; an answer may have ` +
        `${maxRecords.toLocaleString('en')}. Narrow the search: add customerId or phone.`,
    });
  }
}
