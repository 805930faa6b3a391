import type { SharedCallOptions } from '../../src/core/answer.js';
import type { CampaignInfo, CampaignList, CampaignListSource } from '../../src/core/campaign.js';
import type { Clock } from '../../src/core/clock.js';
import { LookupFailure, type FailureKind } from '../../src/core/failure.js';
import { settle } from './lookup-source.js';

/** A campaign whose columns are empty, unless `overrides` says otherwise. */
export function campaign(overrides: Partial<CampaignInfo> = {}): CampaignInfo {
  return {
    campaignId: '4821',
    ...{ name: null, description: null, type: null, status: null, recordCount: null, lastUsedAt: null },
    ...overrides,
  };
}

/** A call for the list of campaigns. The test ends it. */
export interface CampaignCall {
  readonly options: SharedCallOptions;
  /** @param list by default without campaigns, sent when the call reached the source */
  answer(list?: Partial<CampaignList>): Promise<void>;
  fail(error: FailureKind | Error): Promise<void>;
}

/** A source of the list whose calls the test ends one by one. It ignores their signals, as a sent call does. */
export interface ManualCampaignSource extends CampaignListSource {
  readonly calls: readonly CampaignCall[];
  /** The latest call; an error if there is none. */
  latest(): CampaignCall;
}

export function createManualCampaignSource(clock: Clock): ManualCampaignSource {
  const calls: CampaignCall[] = [];
  return {
    calls,
    latest() {
      const call = calls.at(-1);
      if (call === undefined) throw new Error('Expected a call; none was made.');
      return call;
    },
    find(_request, options) {
      const sentAt = clock.epochMs();
      return new Promise((resolve, reject) => {
        calls.push({
          options,
          async answer(list = {}) {
            resolve({ campaigns: [], sentAt, source: 'wolkvox', ...list });
            await settle();
          },
          async fail(error) {
            reject(typeof error === 'string' ? new LookupFailure(error) : error);
            await settle();
          },
        });
      });
    },
  };
}
