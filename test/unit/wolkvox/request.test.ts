import { expect, it } from 'vitest';
import { createCampaignsRequest, createLookupRequest, createTokenInfoRequest } from '../../../src/wolkvox/request.js';

const account = { token: 'token-of-a-test', server: '0042' };

it('A request asks find_record with the criteria that are given, and sends the others empty', () => {
  expect(createLookupRequest({ phone: '3005550101' }, account)).toEqual({
    path: '/api/v2/campaign.php?api=find_record&campaign_id=&customer_phone=3005550101&customer_id=',
    headers: {
      'wolkvox-token': 'token-of-a-test',
      wolkvox_server: '0042',
      accept: 'application/json',
      'accept-encoding': 'gzip, deflate',
    },
  });
});

it('A customer id of free text adds no parameter to a request', () => {
  const { path } = createLookupRequest({ customerId: 'A&api=remove#?/ñ', campaignId: '1234' }, account);
  const url = new URL(path, 'http://localhost');
  expect([...url.searchParams]).toEqual([
    ['api', 'find_record'],
    ['campaign_id', '1234'],
    ['customer_phone', ''],
    ['customer_id', 'A&api=remove#?/ñ'],
  ]);
  expect(url.hash).toBe('');
});

it('A request for the list of campaigns asks campaigns, with the same headers', () => {
  const { headers } = createLookupRequest({ phone: '3005550101' }, account);
  expect(createCampaignsRequest(account)).toEqual({ path: '/api/v2/information.php?api=campaigns', headers });
});

it('A request for the use of the daily quota asks token_info, with the same headers', () => {
  const { headers } = createLookupRequest({ phone: '3005550101' }, account);
  expect(createTokenInfoRequest(account)).toEqual({ path: '/api/v2/information.php?api=token_info', headers });
});
