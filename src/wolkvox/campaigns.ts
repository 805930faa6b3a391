import type { CampaignInfo } from '../core/campaign.js';
import { CAMPAIGN_STATUSES, CAMPAIGN_TYPES } from '../core/campaign.js';
import { LookupFailure } from '../core/failure.js';
import { toCanonicalCampaignId } from '../core/lookup.js';
import { readRows } from './answer.js';
import type { WolkvoxResponse } from './body.js';
import { readCount, readDate, textOf, type Row } from './columns.js';

/** Ids have 4 to 5 digits (documented), and an account keeps its old campaigns. The bound is our own. */
const MAX_CAMPAIGNS = 10_000;
/** A row of twelve short columns has some 400 bytes. */
const MAX_BYTES = 16_000_000;

/**
 * Reads the list of the account's campaigns. Its columns and the values of type and status are documented; all values
 * are texts (documented). It is read like the answer to a lookup: values are trimmed, a blank, null or missing one is
 * null, and numbers count as their texts. `data` may also be one row instead of a list, and a "not found" means that
 * the account has no campaigns (both assumed). A row without an id is left out, and so is the second one of an id.
 *
 * @param zone the luxon zone of the dates
 * @throws LookupFailure as `readRows`; `too-large` beyond 10,000 campaigns or 16 MB
 */
export async function readCampaigns(response: WolkvoxResponse, zone: string): Promise<CampaignInfo[]> {
  const campaigns = new Map<string, CampaignInfo>();
  await readRows(response, {
    maxBytes: MAX_BYTES,
    tooManyBytes: () => tooLarge(`is longer than ${MAX_BYTES.toLocaleString('en')} bytes`),
    onRow(row) {
      const campaign = readCampaign(row, zone);
      if (campaign === undefined || campaigns.has(campaign.campaignId)) return;
      if (campaigns.size >= MAX_CAMPAIGNS)
        throw tooLarge(`has more than ${MAX_CAMPAIGNS.toLocaleString('en')} entries`);
      campaigns.set(campaign.campaignId, campaign);
    },
    acceptsOneRow: true,
  });
  return [...campaigns.values()];
}

function readCampaign(row: Row, zone: string): CampaignInfo | undefined {
  const campaignId = textOf(row, 'campaign_id');
  if (campaignId === null) return undefined;
  return {
    campaignId: toCanonicalCampaignId(campaignId),
    name: textOf(row, 'campaign_name'),
    description: textOf(row, 'campaign_description'),
    type: readWord(textOf(row, 'type_campaign'), CAMPAIGN_TYPES),
    status: readWord(textOf(row, 'status'), CAMPAIGN_STATUSES),
    recordCount: readCount(textOf(row, 'records')),
    lastUsedAt: readDate(textOf(row, 'last_use'), zone),
  };
}

/** One of the known words in any case; `OTHER` for any other text. */
function readWord<Word extends string>(text: string | null, known: readonly Word[]): Word | 'OTHER' | null {
  if (text === null) return null;
  return known.find((word) => word === text.toUpperCase()) ?? 'OTHER';
}

function tooLarge(what: string): LookupFailure {
  return new LookupFailure('too-large', {
    message: `The list of campaigns ${what}, so it is not read. Delete campaigns in Wolkvox that are no longer used.`,
  });
}
