import type { Answer } from '../../src/core/answer.js';
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

/** A text for each record of an answer, as the store needs it. */
export function fingerprintsOf({ records }: Answer): string[] {
  return records.map(({ campaignId, customerId, customerName }) =>
    JSON.stringify([campaignId, customerId, customerName]),
  );
}
