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
export interface Given {
  readonly phone?: string | null;
  readonly customerId?: string | null;
  readonly campaignId?: string | null;
}
/** A record with every field of the graph. */
export type Found = Record<string, unknown> & {
  id: string;
  campaignId: string;
  customerId: string | null;
  fetchedAt: string;
};

/** Asks the front door; an error fails the test. */
export async function find(service: TestService, given: Given): Promise<Found[]> {
  const { data, errors } = await service.ask(FIND, { ...given });
  expect(errors).toEqual([]);
  return data?.['findCampaignRecords'] as Found[];
}

/** The records as the simulator itself sends them. */
export async function wireRecords({ upstream, simulator }: TestService, given: Given): Promise<WireRecord[]> {
  const { campaignId, phone, customerId } = given;
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
  simulator.witness.reset();
  return data;
}
