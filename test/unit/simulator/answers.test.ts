import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { EXAMPLES } from '../../../src/simulator/example-people.js';
import { CAMPAIGNS, LARGE_CAMPAIGN } from '../../../src/simulator/people.js';
import type { SimulatorSettings } from '../../../src/simulator/settings.js';
import { startSimulator } from '../../support/simulator-client.js';

const { inSeveralCampaigns, nobody, severalPhones, twiceInOneCampaign, undialled } = EXAMPLES;

describe('A search', () => {
  it('that matches gets HTTP 200 and the documented envelope, in which every value is a string', async () => {
    const { ask } = await startSimulator();
    const reply = await ask(`customer_id=${undialled.customerId}`);
    expect(reply.status).toBe(200);
    const { data, ...rest } = reply.json();
    expect(rest).toEqual({ code: '200', error: null, msg: '1 records were found' });
    expect(data).toHaveLength(1);
    expect(Object.values(data?.[0] ?? {}).every((value) => typeof value === 'string')).toBe(true);
  });

  it('gets the headers seen at the real server, and a compressed body if the client accepts it', async () => {
    const { ask } = await startSimulator();
    const query = `customer_id=${undialled.customerId}`;
    const plain = await ask(query);
    expect(plain.headers).toMatchObject({
      server: 'Apache',
      'content-type': 'application/json; charset=utf-8',
      'transfer-encoding': 'chunked',
      'cache-control': 'no-store',
      'keep-alive': 'timeout=5, max=100',
    });
    expect(plain.headers['content-encoding']).toBeUndefined();
    const compressed = await ask(query, { headers: { 'accept-encoding': 'gzip, deflate' } });
    expect(compressed.headers['content-encoding']).toBe('gzip');
    expect(gunzipSync(compressed.body).toString('utf8')).toBe(plain.text);
  });

  it('that matches nothing gets HTTP 404 with an envelope, or the response of the setting noMatch', async () => {
    const { ask, simulator } = await startSimulator();
    const query = `customer_phone=${nobody.phone}`;
    const msg = '0 records were found';
    const notFound = { code: '404', error: 'NOT FOUND', msg };
    const found = { code: '200', error: null, msg };
    const variants: readonly [SimulatorSettings['noMatch'], number, unknown][] = [
      ['404', 404, { ...notFound, data: [] }],
      ['404-no-data', 404, notFound],
      ['404-null', 404, { ...notFound, data: null }],
      ['200', 200, { ...found, data: [] }],
      ['200-null', 200, { ...found, data: null }],
      ['200-no-data', 200, found],
    ];
    for (const [noMatch, status, body] of variants) {
      simulator.settings.noMatch = noMatch;
      const reply = await ask(query);
      expect([reply.status, reply.json()]).toEqual([status, body]);
    }
  });

  it('with a campaign id alone gets all records of the campaign', async () => {
    const { records, simulator } = await startSimulator();
    const found = await records('campaign_id=4821');
    const listed = CAMPAIGNS.find(({ id }) => id === '4821')?.size ?? 0;
    expect(found).toHaveLength(listed + 2);
    expect(new Set(found.map((record) => record.campaign_id))).toEqual(new Set(['4821']));
    expect(simulator.requestLog.calls).toHaveLength(1);
  });

  it('gets 60,000 records of the large campaign and no sign that there are more', async () => {
    const { ask } = await startSimulator();
    const reply = await ask('campaign_id=10277');
    const { data, ...rest } = reply.json();
    expect(data).toHaveLength(60_000);
    expect(rest).toEqual({ code: '200', error: null, msg: '60000 records were found' });
    expect(reply.body.length).toBeGreaterThan(20_000_000);
  });

  it('covers all campaigns if the campaign id is empty or absent, and one campaign if it is given', async () => {
    const { records } = await startSimulator();
    const { phone, campaignIds } = inSeveralCampaigns;
    for (const query of [`customer_phone=${phone}`, `campaign_id=&customer_phone=${phone}&customer_id=`]) {
      expect((await records(query)).map((record) => record.campaign_id)).toEqual(campaignIds);
    }
    const one = await records(`campaign_id=${campaignIds[1]}&customer_phone=${phone}`);
    expect(one.map((record) => record.campaign_id)).toEqual([campaignIds[1]]);
  });

  it('needs both phone and customer id to match, or one of them with the setting combine', async () => {
    const { ask, records, simulator } = await startSimulator();
    const both = `customer_phone=${inSeveralCampaigns.phone}&customer_id=${twiceInOneCampaign.customerId}`;
    expect((await ask(both)).status).toBe(404);
    simulator.settings.combine = 'or';
    expect(await records(both)).toHaveLength(5);
    expect(await records(`campaign_id=7203&${both}`)).toHaveLength(3);
  });

  it('compares the phone with every tel, with or without its dial prefix, or as the setting phoneMatch says', async () => {
    const { ask, simulator } = await startSimulator();
    const count = async (phone: string): Promise<number> =>
      (await ask(`customer_phone=${phone}`)).json().data?.length ?? 0;
    const [first, prefixed, fixed] = severalPhones.phones;
    expect([await count(first), await count(prefixed), await count(`9${prefixed}`), await count(fixed)]).toEqual([
      1, 1, 1, 1,
    ]);
    simulator.settings.phoneMatch = 'exact';
    expect([await count(first), await count(prefixed), await count(`9${prefixed}`), await count(fixed)]).toEqual([
      1, 0, 1, 1,
    ]);
    simulator.settings.phoneMatch = 'tel1';
    expect([await count(first), await count(prefixed), await count(`9${prefixed}`), await count(fixed)]).toEqual([
      1, 0, 0, 0,
    ]);
    // The example's record in campaign 10277 stores 957 before the number, in tel1.
    expect(await count(inSeveralCampaigns.phone)).toBe(2);
  });

  it('shows an undialled record without calls, date and conn_id, or with a zero date by the setting undialled', async () => {
    const { records, simulator } = await startSimulator();
    const query = `customer_id=${undialled.customerId}`;
    const blank = { result: 'CLEAN', calls: '0', conn_id: '', date: '' };
    expect(await records(query)).toMatchObject([blank]);
    simulator.settings.undialled = 'zero-date';
    expect(await records(query)).toMatchObject([{ ...blank, conn_id: '0', date: '0000-00-00 00:00:00' }]);
  });

  it('is refused without a criterion, and with an api that does not exist', async () => {
    const { ask } = await startSimulator();
    for (const query of ['', 'campaign_id=&customer_phone=&customer_id=']) {
      const reply = await ask(query);
      expect([reply.status, reply.json()]).toEqual([
        400,
        { code: '400', error: 'BAD REQUEST', msg: 'SOME PARAMETERS ARE REQUIRED' },
      ]);
    }
    for (const query of ['api=delete_record&campaign_id=4821', 'api=', 'api=campaigns']) {
      const reply = await ask(query);
      expect([reply.status, reply.json()]).toEqual([
        400,
        { code: '400', error: 'BAD REQUEST', msg: 'THE API YOU WANT TO CONSULT DOES NOT EXIST' },
      ]);
    }
  });

  it("at another path gets the web server's 404, which costs no call", async () => {
    const { ask, simulator } = await startSimulator();
    const reply = await ask('customer_id=1', { page: 'campaigns' });
    expect(reply.status).toBe(404);
    expect(reply.headers['content-type']).toMatch(/^text\/html/);
    expect(simulator.usedToday()).toBe(0);
  });
});

describe('information.php', () => {
  it('lists the campaigns with the documented keys', async () => {
    const { ask, simulator } = await startSimulator();
    const reply = await ask('api=campaigns', { page: 'information' });
    const rows = reply.json().data as unknown as Record<string, string>[];
    expect(rows).toHaveLength(8);
    const keys = 'campaign_id,campaign_name,campaign_description,type_campaign,status,records,speed,dial_mode,last_use';
    expect(Object.keys(rows[0] ?? {}).join()).toBe(`${keys},recycled,turbo_dial,skill_id`);
    expect(rows.map((row) => row['campaign_id'])).toEqual([...CAMPAIGNS, LARGE_CAMPAIGN].map(({ id }) => id));
    expect(simulator.usedToday()).toBe(1);
  });

  it('lists the campaigns with the numbers of their records, generated or not', async () => {
    const { ask, records, simulator } = await startSimulator();
    const counts = async (): Promise<Record<string, string>> => {
      const { data } = (await ask('api=campaigns', { page: 'information' })).json();
      const rows = (data ?? []) as unknown as Record<string, string>[];
      return Object.fromEntries(rows.map((row) => [row['campaign_id'] ?? '', row['records'] ?? '']));
    };
    const listed = await counts();
    for (const { id } of CAMPAIGNS) {
      expect(listed[id], id).toBe(`${(await records(`campaign_id=${id}`)).length}`);
    }
    // One of the example people is in the large campaign, too.
    expect(listed[LARGE_CAMPAIGN.id]).toBe(`${LARGE_CAMPAIGN.size + 1}`);
    // The first search for a number of the large campaign generates it.
    await ask('customer_phone=3460000000');
    simulator.add({ campaign_id: '4821', customer_id: 'PRUEBA 1' });
    expect(await counts()).toEqual({ ...listed, '4821': `${Number(listed['4821']) + 1}` });
  });

  it("shows the token's calls of the day, and costs a call itself", async () => {
    const { ask } = await startSimulator({ settings: { dailyLimit: 3_000 } });
    await ask(`customer_id=${undialled.customerId}`);
    const reply = await ask('api=token_info', { page: 'information' });
    expect(reply.json().data).toEqual([
      {
        description: 'simulator',
        token_limit: '3000',
        token_use_today: '2',
        all_token_today: '2',
        available_consumption_options: '2998',
      },
    ]);
  });

  it('can show blank and odd figures of the token', async () => {
    const { ask, simulator } = await startSimulator({ settings: { tokenInfo: 'blank' } });
    const columns = ['token_limit', 'token_use_today', 'all_token_today', 'available_consumption_options'];
    const values = async (): Promise<unknown[]> => {
      const [row] = (await ask('api=token_info', { page: 'information' })).json().data ?? [];
      return columns.map((column) => (row as Record<string, unknown> | undefined)?.[column]);
    };
    expect(await values()).toEqual(['', '', '', '']);
    simulator.settings.tokenInfo = 'odd';
    expect(await values()).toEqual(['unlimited', '-1', '1.5e3', 'n/a']);
  });

  it('is logged apart from the calls of find_record', async () => {
    const { ask, simulator } = await startSimulator();
    simulator.faults.next('503', { when: { api: 'token_info' } });
    await ask(`customer_id=${undialled.customerId}`);
    await ask('api=token_info', { page: 'information' });
    await ask('api=campaigns', { page: 'information' });
    const { counts, information } = simulator.requestLog;
    expect(counts).toEqual({ requests: 3, attempts: 3, calls: 1, information: 2 });
    expect(information.map(({ api, outcome }) => [api, outcome])).toEqual([
      ['token_info', 'fault: 503'],
      ['campaigns', 'information'],
    ]);
    simulator.requestLog.reset();
    expect(simulator.requestLog.information).toEqual([]);
  });
});

describe('A test', () => {
  it('can add records, which a reset removes', async () => {
    const { ask, records, simulator } = await startSimulator();
    simulator.add({ campaign_id: '3333', customer_id: 'PRUEBA 1', tel2: '573061112233' });
    const [record] = await records('campaign_id=3333');
    expect(Object.keys(record ?? {})).toHaveLength(23);
    expect(await records('customer_phone=3061112233')).toEqual([record]);
    expect(await records('customer_id=PRUEBA%201')).toEqual([record]);
    simulator.reset();
    expect((await ask('campaign_id=3333')).status).toBe(404);
  });

  it('can dial records, which changes only what a call changes', async () => {
    const { records, simulator } = await startSimulator();
    const query = `customer_phone=${undialled.phone}`;
    const [before] = await records(query);
    const [after] = simulator.dial({ phone: undialled.phone }, { result: 'BUSY', date: '2026-11-23 10:00:00' });
    expect(after).toEqual({
      ...before,
      calls: '1',
      result: 'BUSY',
      date: '2026-11-23 10:00:00',
      conn_id: after?.conn_id,
    });
    expect(after?.conn_id.split('.')[2]).toBe('1795446000');
    expect(await records(query)).toEqual([after]);
  });

  it('can dial one of several records of a person', async () => {
    const { records, simulator } = await startSimulator();
    const { customerId } = twiceInOneCampaign;
    const dialled = simulator.dial({ customerId, where: ({ opt3 }) => opt3 === 'OBL-551921' }, { result: 'FAX' });
    expect(dialled).toHaveLength(1);
    expect((await records(`customer_id=${customerId}`)).map(({ result }) => result)).toEqual([
      'PROMESA DE PAGO',
      'FAX',
    ]);
  });

  it('can respond instead of the search', async () => {
    const { ask, simulator } = await startSimulator();
    simulator.respondWith(({ lookup }) =>
      lookup.customerId === 'x' ? { status: 418, headers: { 'x-more': '1' }, body: '{"odd":true}' } : undefined,
    );
    const reply = await ask('customer_id=x');
    expect([reply.status, reply.text, reply.headers['x-more']]).toEqual([418, '{"odd":true}', '1']);
    expect((await ask(`customer_id=${undialled.customerId}`)).status).toBe(200);
    expect(simulator.requestLog.calls.map(({ outcome }) => outcome)).toEqual(['custom response', 'match']);
  });
});
