import type { Lookup } from '../core/lookup.js';

/** No other `api` is ever sent: most of those of `campaign.php` write (documented). */
const FIND_RECORD = '/api/v2/campaign.php?api=find_record';
const CAMPAIGNS = '/api/v2/information.php?api=campaigns';
const TOKEN_INFO = '/api/v2/information.php?api=token_info';

export interface WolkvoxAccount {
  readonly token: string;
  /** "0042" */
  readonly server: string;
}

/** The path and headers of a call. */
export interface ApiRequest {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** An absent criterion is sent empty, as in Wolkvox's own example (documented). */
export function createLookupRequest({ campaignId, phone, customerId }: Lookup, account: WolkvoxAccount): ApiRequest {
  const criteria = new URLSearchParams({
    // An empty campaign id means all campaigns (assumed).
    campaign_id: campaignId ?? '',
    customer_phone: phone ?? '',
    customer_id: customerId ?? '',
  });
  return createRequest(`${FIND_RECORD}&${criteria.toString()}`, account);
}

export function createCampaignsRequest(account: WolkvoxAccount): ApiRequest {
  return createRequest(CAMPAIGNS, account);
}

export function createTokenInfoRequest(account: WolkvoxAccount): ApiRequest {
  return createRequest(TOKEN_INFO, account);
}

function createRequest(path: string, { token, server }: WolkvoxAccount): ApiRequest {
  return {
    path,
    headers: {
      'wolkvox-token': token,
      wolkvox_server: server,
      accept: 'application/json',
      'accept-encoding': 'gzip, deflate',
    },
  };
}
