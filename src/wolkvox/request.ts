import type { Lookup } from '../core/lookup.js';

/** The only `api` that this service sends: most others of `campaign.php` write (documented). */
const API = 'find_record';

export interface WolkvoxAccount {
  readonly token: string;
  /** "0042" */
  readonly server: string;
}

/** The path and headers of a call. An absent criterion is sent empty, as in Wolkvox's own example (documented). */
export function createRequest(
  { campaignId, phone, customerId }: Lookup,
  { token, server }: WolkvoxAccount,
): { path: string; headers: Record<string, string> } {
  const query = new URLSearchParams({
    api: API,
    // An empty campaign id means all campaigns (assumed).
    campaign_id: campaignId ?? '',
    customer_phone: phone ?? '',
    customer_id: customerId ?? '',
  });
  return {
    path: `/api/v2/campaign.php?${query.toString()}`,
    headers: {
      'wolkvox-token': token,
      wolkvox_server: server,
      accept: 'application/json',
      'accept-encoding': 'gzip, deflate',
    },
  };
}
