import { describe, expect, it } from 'vitest';
import { startService } from '../support/service.js';

/** The 322 records of a campaign. Its text is kept as bytes. */
const QUERY = `{ findCampaignRecords(campaignId: "4821") { campaignId customerId customerName opts { name value } calls } }`;

describe('a long list', () => {
  it('is the same when it is written from its kept bytes', async () => {
    const { url, simulator } = await startService();
    const send = (headers: Record<string, string> = {}): Promise<Response> =>
      fetch(`${url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ query: QUERY }),
      });
    const texts: string[] = [];
    for (let time = 0; time < 3; time += 1) {
      const response = await send();
      const bytes = Buffer.from(await response.arrayBuffer());
      expect(response.status).toBe(200);
      expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
      expect(response.headers.get('content-length')).toBe(String(bytes.length));
      texts.push(bytes.toString());
    }
    expect(simulator.requestLog.calls).toHaveLength(1);
    expect(new Set(texts).size).toBe(1);
    const { data } = JSON.parse(texts[0] ?? '') as { data: { findCampaignRecords: { customerName: string }[] } };
    expect(data.findCampaignRecords).toHaveLength(322);
    expect(texts[0]).toMatch(/[áéíóú]/);

    const withCost = (await (await send({ 'wolkvox-cost': '1' })).json()) as { data: unknown; extensions: unknown };
    expect(withCost.data).toEqual(data);
    expect(withCost.extensions).toMatchObject({ wolkvox: { calls: 0 } });
  });

  it('is refused if its kept bytes are more than RESPONSE_LIMIT_MB', async () => {
    const { ask } = await startService({ env: { RESPONSE_LIMIT_MB: '1' } });
    const all = QUERY.replace('{ campaignId', '{ id campaignId');
    expect((await ask(all)).errors).toEqual([]);
    const twenty = Array.from({ length: 20 }, (_, index) => `a${index}: ${all.slice(1, -1)}`).join(' ');
    for (let time = 0; time < 2; time += 1) {
      expect((await ask(`{ ${twenty} }`)).errors[0]).toMatchObject({ extensions: { code: 'RESULT_TOO_LARGE' } });
    }
  });
});
