import { expect } from 'vitest';
import type { WireRecord } from '../../src/simulator/columns.js';
import { SIMULATOR_TOKEN } from '../../src/simulator/settings.js';
import type { TestService } from './service.js';

const FIELDS = /* GraphQL */ `
  fragment Fields on CampaignRecord {
    id
    campaignId
    campaign {
      campaignId
    }
    customerId
    customer {
      customerId
    }
    customerName
    customerLastName
    opts {
      position
      name
      value
    }
    phones {
      position
      number
    }
    address {
      country
      state
      city
      zone
      address
    }
    date
    calls
    connId
    result
    outcome
    fetchedAt
  }
`;
export const FIND = /* GraphQL */ `
  query ($phone: String, $customerId: ID, $campaignId: ID) {
    findCampaignRecords(phone: $phone, customerId: $customerId, campaignId: $campaignId) {
      ...Fields
    }
  }
  ${FIELDS}
`;

/** Criteria as variables of a query. */
export interface Criteria {
  readonly phone?: string | null;
  readonly customerId?: string | null;
  readonly campaignId?: string | null;
}
/** A record with every field of the graph. */
export type FoundRecord = Record<string, unknown> & {
  id: string;
  campaignId: string;
  customerId: string | null;
  fetchedAt: string;
};

/** Finds records through the graph. An error fails the test. */
export async function find(service: TestService, criteria: Criteria): Promise<FoundRecord[]> {
  const { data, errors } = await service.ask(FIND, { ...criteria });
  expect(errors).toEqual([]);
  return data?.['findCampaignRecords'] as FoundRecord[];
}

/** Finds records in the simulator itself. The request log is empty afterwards. */
export async function wireRecords({ upstream, simulator }: TestService, criteria: Criteria): Promise<WireRecord[]> {
  const { campaignId, phone, customerId } = criteria;
  const query = new URLSearchParams({
    api: 'find_record',
    campaign_id: campaignId ?? '',
    customer_phone: phone ?? '',
    customer_id: customerId ?? '',
  });
  const response = await fetch(`${upstream}/api/v2/campaign.php?${query.toString()}`, {
    headers: { 'wolkvox-token': SIMULATOR_TOKEN, connection: 'close' },
  });
  const { data } = (await response.json()) as { data: WireRecord[] };
  simulator.requestLog.reset();
  return data;
}
