import type { CallOptions, Operation, Reply, SharedCallOptions, Source } from './answer.js';

/** How a campaign dials. `OTHER` means that Wolkvox sent a text which is not in this list. */
export const CAMPAIGN_TYPES = ['PREDICTIVE', 'PREVIEW', 'OTHER'] as const;
export type CampaignType = (typeof CAMPAIGN_TYPES)[number];

/** Whether a campaign dials. `OTHER` means that Wolkvox sent a text which is not in this list. */
export const CAMPAIGN_STATUSES = ['STARTED', 'STOPPED', 'OTHER'] as const;
export type CampaignStatus = (typeof CAMPAIGN_STATUSES)[number];

/** What the account's list says of one campaign. Empty values of Wolkvox are null. Plain JSON. */
export interface CampaignInfo {
  /** As `toCanonicalCampaignId` writes it. */
  readonly campaignId: string;
  readonly name: string | null;
  readonly description: string | null;
  readonly type: CampaignType | null;
  readonly status: CampaignStatus | null;
  /** How many records the campaign holds. */
  readonly recordCount: number | null;
  /** RFC 3339 with the account's offset: `2026-11-20T09:30:00-05:00`. */
  readonly lastUsedAt: string | null;
}

/**
 * The campaigns of the account, in the order of Wolkvox. Each id occurs once. Nothing in it is about a person, so an
 * erasure need not drop it. Shared by all callers: never change it.
 */
export interface CampaignList extends Reply {
  readonly campaigns: readonly CampaignInfo[];
}

/** Asks for the list of campaigns. */
export type CampaignListSource = Source<'campaigns', SharedCallOptions, CampaignList>;

/** The list of campaigns as operations get it: cached, and asked for once by all of them. */
export interface Campaigns {
  /**
   * The list for an operation. It gets the same list, or the same failure, each time. The first time is reported as
   * `answer.served` or `lookup.refused`, as for a lookup.
   *
   * @throws LookupFailure as `LookupSource.find`
   */
  find(options: CallOptions): Promise<CampaignList>;
  /**
   * The list that `find` gives without waiting: the one that the operation got already, or a cached one that is fresh.
   *
   * @param operation the one that uses the list, which is reported as by `find`. Default: none, and nothing is reported
   */
  fresh(operation?: Operation): CampaignList | undefined;
}

const indexes = new WeakMap<readonly CampaignInfo[], ReadonlyMap<string, CampaignInfo>>();

/** What a list says of a campaign; undefined if it does not have it. The id is canonical. Fast for many ids. */
export function campaignIn({ campaigns }: CampaignList, campaignId: string): CampaignInfo | undefined {
  let index = indexes.get(campaigns);
  if (index === undefined) {
    index = new Map(campaigns.map((campaign) => [campaign.campaignId, campaign]));
    indexes.set(campaigns, index);
  }
  return index.get(campaignId);
}
