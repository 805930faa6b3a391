import type { CampaignRecord } from '../../src/core/record.js';

/** A record of an invented person; empty but for its campaign unless `overrides` says otherwise. */
export function campaignRecord(overrides: Partial<CampaignRecord> = {}): CampaignRecord {
  return {
    campaignId: '4821',
    customerId: null,
    customerName: null,
    customerLastName: null,
    opts: Array.from({ length: 12 }, () => null),
    phones: [],
    address: null,
    date: null,
    calls: null,
    connId: null,
    result: null,
    outcome: null,
    ...overrides,
  };
}
