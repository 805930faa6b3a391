import { describe, expect, it } from 'vitest';
import { campaignIn, type CampaignInfo } from '../../../src/core/campaign.js';
import { LookupFailure, type FailureKind } from '../../../src/core/failure.js';
import { readCampaigns } from '../../../src/wolkvox/campaigns.js';
import { FAILED_RESPONSES, bodyOf, envelopeOf, type ResponseParts } from '../../support/wolkvox-responses.js';

const ROW = {
  campaign_id: '4821',
  campaign_name: 'Bienvenida',
  campaign_description: 'Clientes nuevos',
  type_campaign: 'predictive',
  status: 'Started',
  records: '322',
  speed: '1',
  dial_mode: 'auto',
  last_use: '2026-11-20 18:00:00',
  recycled: '0',
  turbo_dial: '0',
  skill_id: '3100',
};
const CAMPAIGN: CampaignInfo = {
  campaignId: '4821',
  name: 'Bienvenida',
  description: 'Clientes nuevos',
  type: 'PREDICTIVE',
  status: 'STARTED',
  recordCount: 322,
  lastUsedAt: '2026-11-20T18:00:00-05:00',
};
const BLANK: CampaignInfo = {
  ...{ campaignId: '4821', name: null, description: null },
  ...{ type: null, status: null, recordCount: null, lastUsedAt: null },
};

async function read({ status = 200, headers = {}, body = '' }: ResponseParts): Promise<CampaignInfo[]> {
  const stream = bodyOf(body);
  try {
    return await readCampaigns({ statusCode: status, headers, body: stream }, 'UTC-05:00');
  } finally {
    expect(stream.destroyed).toBe(true);
  }
}

const readRows = (...rows: unknown[]): Promise<CampaignInfo[]> => read({ body: envelopeOf(rows) });

async function failureOf(parts: ResponseParts): Promise<LookupFailure> {
  const error: unknown = await read(parts).catch((thrown: unknown) => thrown);
  if (!(error instanceof LookupFailure)) throw new Error('Expected a LookupFailure.', { cause: error });
  return error;
}

describe('The list of campaigns', () => {
  it('has what the documented columns say, in the order of Wolkvox', async () => {
    const other = { ...ROW, campaign_id: '10277', type_campaign: 'preview', status: 'Stopped' };
    expect(await readRows(ROW, other)).toEqual([
      CAMPAIGN,
      { ...CAMPAIGN, campaignId: '10277', type: 'PREVIEW', status: 'STOPPED' },
    ]);
  });

  it.each(['', '  ', null, undefined])('has null for a value of %j', async (value) => {
    const blank = Object.fromEntries(Object.keys(ROW).map((column) => [column, value]));
    expect(await readRows({ ...blank, campaign_id: '4821' })).toEqual([BLANK]);
  });

  it('has null for columns that are missing, and ignores unknown ones', async () => {
    expect(await readRows({ campaign_id: '4821', agents: [{ id: 7 }] })).toEqual([BLANK]);
  });

  it('has OTHER for a type and a status that are not documented, and reads the documented ones in any case', async () => {
    const campaigns = await readRows(
      { ...ROW, type_campaign: 'progressive', status: 'Paused' },
      { ...ROW, campaign_id: '2', type_campaign: ' Preview', status: 'STOPPED ' },
    );
    expect(campaigns.map(({ type, status }) => [type, status])).toEqual([
      ['OTHER', 'OTHER'],
      ['PREVIEW', 'STOPPED'],
    ]);
  });

  it('has no number and no time that Wolkvox does not send as one', async () => {
    for (const records of ['-1', '1.5', '1,000', 'n/a', '99999999999']) {
      expect(await readRows({ ...ROW, records })).toEqual([{ ...CAMPAIGN, recordCount: null }]);
    }
    for (const date of ['0000-00-00 00:00:00', '2026-13-01 00:00:00', 'never']) {
      expect(await readRows({ ...ROW, last_use: date })).toEqual([{ ...CAMPAIGN, lastUsedAt: null }]);
    }
    expect(await readRows({ ...ROW, campaign_id: 4821, records: 0 })).toEqual([{ ...CAMPAIGN, recordCount: 0 }]);
  });

  it('leaves out rows without an id, and a second row of an id, with or without leading zeros', async () => {
    const campaigns = await readRows(
      ...[{ ...ROW, campaign_id: '' }, { ...ROW, campaign_id: null }, { campaign_name: 'Sin id' }],
      ...[
        { ...ROW, campaign_id: '004821' },
        { ...ROW, campaign_name: 'Otra' },
      ],
    );
    expect(campaigns).toEqual([CAMPAIGN]);
  });

  it('may come as one row, and is empty if there is none', async () => {
    expect(await read({ body: envelopeOf(ROW) })).toEqual([CAMPAIGN]);
    expect(await readRows()).toEqual([]);
    expect(await read({ body: envelopeOf(null) })).toEqual([]);
    expect(await read({ status: 404, body: '{"code":"404","error":"NOT FOUND","msg":"","data":[]}' })).toEqual([]);
  });

  it('may have 10,000 campaigns, and not more', async () => {
    const rows = Array.from({ length: 10_001 }, (_, index) => ({ campaign_id: `${10_000 + index}` }));
    const campaigns = await read({ body: envelopeOf(rows.slice(1)) });
    expect(campaigns).toHaveLength(10_000);
    const failure = await failureOf({ body: envelopeOf(rows) });
    expect(failure).toMatchObject({ kind: 'too-large', code: 'RESULT_TOO_LARGE' });
    expect(failure.message).toContain('more than 10,000 entries');
    const list = { campaigns, sentAt: 0, source: 'wolkvox' } as const;
    expect(campaignIn(list, '20000')).toBe(campaigns.at(-1));
    expect(campaignIn(list, '10000')).toBeUndefined();
  });

  it('may have 16 MB, and not more', async () => {
    const text = 'x'.repeat(100_000);
    const rows = Array.from({ length: 161 }, () => ({ speed: text }));
    expect(await read({ body: envelopeOf(rows.slice(10)) })).toEqual([]);
    const failure = await failureOf({ body: envelopeOf(rows) });
    expect(failure.kind).toBe('too-large');
    expect(failure.message).toContain('longer than 16,000,000 bytes');
  });
});

describe('A list of campaigns that Wolkvox refuses or garbles', () => {
  it.each<readonly [FailureKind, ResponseParts]>([
    ...FAILED_RESPONSES,
    ['malformed', { body: '{"code":"200","data":[{"campaign_id":"4821"},7]}' }],
    ['malformed', { body: '{"code":"200","data":[{"campaign_id":"4821","campaign_name":{"es":"x"}}]}' }],
    ['malformed', { body: '{"code":"200","data":[{"campaign_id":"4821"}' }],
  ])('fails with %s as a lookup does: %j', async (kind, parts) => {
    expect((await failureOf(parts)).kind).toBe(kind);
  });
});
