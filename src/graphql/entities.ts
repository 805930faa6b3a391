import type { Answer } from '../core/answer.js';
import type { CampaignRecord } from '../core/record.js';

/**
 * A record with its answer. There is one object for each record of an answer, and it exists as long as the answer:
 * texts are kept for it.
 */
export interface FoundRecord {
  readonly __typename: 'CampaignRecord';
  readonly record: CampaignRecord;
  readonly answer: Answer;
  /** The record's index in `answer.records`. */
  readonly index: number;
}
export interface CustomerKey {
  readonly __typename: 'Customer';
  readonly customerId: string;
}
export interface CampaignKey {
  readonly __typename: 'Campaign';
  readonly campaignId: string;
}
