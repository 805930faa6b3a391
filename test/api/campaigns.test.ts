import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { createMovableClock } from '../support/clock.js';
import { codesOf } from '../support/graphql-client.js';
import { startService, type TestService } from '../support/service.js';

const LABELS = fileURLToPath(new URL('../../examples/campaigns.json', import.meta.url));
/** A customer with a record in each of three campaigns, and one with two records in campaign 7203. */
const MARIA = '21839174';
const ANDRES = '22461203';
const LARGE_CAMPAIGN = '10277';

interface Campaign {
  readonly campaignId: string;
  readonly name: string | null;
  readonly recordCount: number | null;
}

/** The calls that reached the simulator: searches, and requests for the list of campaigns. */
function callsOf({ simulator: { requestLog } }: TestService): { searches: number; lists: number } {
  const lists = requestLog.requests.filter(({ api }) => api === 'campaigns');
  return { searches: requestLog.requests.length - lists.length, lists: lists.length };
}

async function campaignsOf(service: TestService): Promise<Campaign[]> {
  const { data } = await service.ask('{ campaigns { campaignId name recordCount } }');
  return data?.['campaigns'] as Campaign[];
}

describe('the list of campaigns', () => {
  it('has every campaign with its fields, by one call', async () => {
    const service = await startService();
    const { data, errors, headers } = await service.ask(
      '{ campaigns { campaignId name description type status recordCount lastUsedAt } }',
    );
    expect(errors).toEqual([]);
    const campaigns = data?.['campaigns'] as Record<string, unknown>[];
    expect(campaigns.length).toBeGreaterThan(5);
    for (const campaign of campaigns) {
      expect(campaign['name']).toMatch(/\w/);
      expect(campaign['recordCount']).toBeGreaterThan(0);
      expect(campaign['type']).toMatch(/^(PREDICTIVE|PREVIEW)$/);
      expect(campaign['lastUsedAt']).toMatch(/^20\d\d-\d\d-\d\dT[\d:]{8}-05:00$/);
    }
    expect(callsOf(service)).toEqual({ searches: 0, lists: 1 });
    expect(headers.get('cache-control')).toMatch(/^max-age=(29\d|300), private$/);
  });

  it('can be narrowed by status, and the parts are disjoint', async () => {
    const service = await startService();
    const { data } = await service.ask(
      '{ all: campaigns { campaignId } on: campaigns(status: STARTED) { campaignId status } off: campaigns(status: STOPPED) { campaignId } }',
    );
    const [all, on, off] = ['all', 'on', 'off'].map((name) => data?.[name] as Campaign[]);
    expect(on?.length).toBeGreaterThan(0);
    expect(off?.length).toBeGreaterThan(0);
    expect((on?.length ?? 0) + (off?.length ?? 0)).toBe(all?.length);
  });

  it('is asked once in five minutes, however often it is used', async () => {
    const clock = createMovableClock();
    const service = await startService({ clock });
    const query = '{ campaigns { name } wolkvoxStatus { version circuit } }';
    for (let round = 0; round < 50; round += 1) {
      const responses = await Promise.all(Array.from({ length: 20 }, () => service.ask(query)));
      expect(responses.flatMap(({ errors }) => errors)).toEqual([]);
    }
    expect(callsOf(service)).toEqual({ searches: 0, lists: 1 });
    clock.advance(301_000);
    await service.ask(query);
    expect(callsOf(service)).toEqual({ searches: 0, lists: 2 });
  });

  it('is served while Wolkvox fails, and is an error only if there is none', async () => {
    const clock = createMovableClock();
    const service = await startService({ clock });
    const campaigns = await campaignsOf(service);
    service.simulator.faults.always('500');
    clock.advance(301_000);
    expect(await campaignsOf(service)).toEqual(campaigns);

    const other = await startService();
    other.simulator.faults.always('500');
    const response = await other.ask('{ campaigns { name } }');
    expect(response.data).toEqual({ campaigns: null });
    expect(codesOf(response)).toEqual(['UPSTREAM_UNAVAILABLE']);
  });
});

describe('a campaign', () => {
  it('of 50 records has its name by one call, and none if only its id is selected', async () => {
    const service = await startService();
    const query = (fields: string): string => `{ findCampaignRecords(campaignId: "4821") { campaign { ${fields} } } }`;
    const ids = await service.ask(query('campaignId'));
    expect((ids.data?.['findCampaignRecords'] as unknown[]).length).toBeGreaterThanOrEqual(50);
    expect(callsOf(service)).toEqual({ searches: 1, lists: 0 });
    const { data, errors } = await service.ask(query('campaignId name recordCount'));
    expect(errors).toEqual([]);
    const records = data?.['findCampaignRecords'] as { campaign: Campaign }[];
    expect(new Set(records.map(({ campaign }) => campaign.name)).size).toBe(1);
    expect(records[0]?.campaign).toMatchObject({ campaignId: '4821', recordCount: records.length });
    expect(callsOf(service)).toEqual({ searches: 1, lists: 1 });
  });

  it('that the list does not have is null in its fields, without an error', async () => {
    const service = await startService();
    const representations = ['4821', '004821', '123', 'x'].map((campaignId) => ({
      __typename: 'Campaign',
      campaignId,
    }));
    const { data, errors } = await service.ask(
      'query ($r: [_Any!]!) { _entities(representations: $r) { ... on Campaign { campaignId name type status } } }',
      { r: representations },
    );
    expect(errors).toEqual([]);
    const [known, zeros, unknown, wrong] = data?.['_entities'] as Campaign[];
    expect(known?.name).toEqual(expect.any(String));
    expect(zeros).toEqual({ ...known, campaignId: '004821' });
    expect(unknown).toEqual({ campaignId: '123', name: null, type: null, status: null });
    expect(wrong).toMatchObject({ campaignId: 'x', name: null });
  });

  it('has null fields with an error if the list cannot be read, and its records all the same', async () => {
    const service = await startService();
    service.simulator.respondWith(({ api }) =>
      api === 'campaigns' ? { status: 500, body: 'no list', headers: {} } : undefined,
    );
    const response = await service.ask(
      `{ findCampaignRecords(customerId: "${MARIA}") { customerId campaign { name } } }`,
    );
    expect(new Set(codesOf(response))).toEqual(new Set(['UPSTREAM_UNAVAILABLE']));
    expect(response.data?.['findCampaignRecords']).toEqual(
      Array.from({ length: 3 }, () => ({ customerId: MARIA, campaign: { name: null } })),
    );
  });

  it('with more than 1,000 records by the list is refused by its id alone, without a call', async () => {
    const service = await startService();
    await campaignsOf(service);
    const search = (args: string): string => `{ findCampaignRecords(${args}) { id } }`;
    const refused = await service.ask(search(`campaignId: "${LARGE_CAMPAIGN}"`));
    expect(codesOf(refused)).toEqual(['RESULT_TOO_LARGE']);
    expect(refused.errors[0]?.message).toMatch(/60,501|60501/);
    expect(callsOf(service)).toEqual({ searches: 0, lists: 1 });
    // Other lookups of the campaign are sent.
    const found = await service.ask(search(`campaignId: "${LARGE_CAMPAIGN}", customerId: "${MARIA}"`));
    expect(found.errors).toEqual([]);
    expect(callsOf(service)).toEqual({ searches: 1, lists: 1 });
    // maxAge 0 asks Wolkvox.
    const asked = await service.ask(search(`campaignId: "${LARGE_CAMPAIGN}", maxAge: 0`));
    expect(codesOf(asked)).toEqual(['RESULT_TOO_LARGE']);
    expect(callsOf(service)).toEqual({ searches: 2, lists: 1 });
  });

  it('costs one of the calls that an operation may cause', async () => {
    const service = await startService({ env: { LOOKUPS_PER_OPERATION: '1' } });
    const response = await service.ask(`{ findCampaignRecords(customerId: "${MARIA}") { campaign { name } } }`);
    expect(new Set(codesOf(response))).toEqual(new Set(['TOO_MANY_LOOKUPS']));
    expect(callsOf(service)).toEqual({ searches: 1, lists: 0 });
  });
});

describe('the free columns', () => {
  const RECORDS = (selection: string): string =>
    `{ findCampaignRecords(customerId: "${MARIA}", campaignId: "7203") { ${selection} } }`;

  it('have the labels and types of their campaign', async () => {
    const service = await startService({ env: { CAMPAIGNS_FILE: LABELS } });
    const { data } = await service.ask(RECORDS('opts { name value label type }'));
    const [record] = data?.['findCampaignRecords'] as { opts: object[] }[];
    expect(record?.opts).toHaveLength(12);
    expect(record?.opts[1]).toEqual({ name: 'opt2', value: '4350000', label: 'Saldo', type: 'MONEY' });
    expect(record?.opts[7]).toEqual({ name: 'opt8', value: null, label: null, type: null });
  });

  it('have neither without CAMPAIGNS_FILE', async () => {
    const service = await startService();
    const { data } = await service.ask(RECORDS('opt(name: "opt2") { value label type }'));
    expect(data).toEqual({ findCampaignRecords: [{ opt: { value: '4350000', label: null, type: null } }] });
  });

  it('are found by name or label, in any case, and narrowed', async () => {
    const service = await startService({ env: { CAMPAIGNS_FILE: LABELS } });
    const { data, errors } = await service.ask(
      RECORDS(`
        byName: opt(name: "opt3") { value }
        byLabel: opt(name: "días de MORA") { name value }
        unknown: opt(name: "opt13") { value }
        filled: opts(filledOnly: true) { name }
        some: opts(names: ["Ciudad", "opt1", "no such column", "opt9"]) { name }
        someFilled: opts(names: ["opt9", "opt1"], filledOnly: true) { name }
        none: opts(names: []) { name }
      `),
    );
    expect(errors).toEqual([]);
    const [record] = data?.['findCampaignRecords'] as Record<string, unknown>[];
    expect(record).toEqual({
      byName: { value: 'OBL-770412' },
      byLabel: { name: 'opt4', value: '32' },
      unknown: null,
      filled: ['opt1', 'opt2', 'opt3', 'opt4', 'opt5', 'opt12'].map((name) => ({ name })),
      some: ['opt1', 'opt5', 'opt9'].map((name) => ({ name })),
      someFilled: [{ name: 'opt1' }],
      none: [],
    });
  });
});

describe('questions about a customer', () => {
  const customer = (selection: string, customerId = MARIA): string =>
    `{ _entities(representations: [{ __typename: "Customer", customerId: "${customerId}" }]) { ... on Customer { ${selection} } } }`;

  it('are answered by the call that the list of records needs', async () => {
    const service = await startService();
    const { data, errors } = await service.ask(
      customer(`
        campaignRecords { campaignId }
        latestRecord { campaignId date }
        in4821: isInCampaign(campaignId: "4821")
        in5316: isInCampaign(campaignId: "5316")
        in10277: isInCampaign(campaignId: "010277")
      `),
    );
    expect(errors).toEqual([]);
    const [found] = data?.['_entities'] as Record<string, unknown>[];
    expect(found).toMatchObject({
      latestRecord: { campaignId: '7203', date: '2026-11-19T17:05:51-05:00' },
      ...{ in4821: true, in5316: false, in10277: true },
    });
    expect(callsOf(service)).toEqual({ searches: 1, lists: 0 });
  });

  it('have no latest record if there is none, and are errors if the criteria are wrong', async () => {
    const service = await startService();
    const nobody = await service.ask(customer('latestRecord { id } isInCampaign(campaignId: "4821")', '20000000'));
    expect(nobody.data).toEqual({ _entities: [{ latestRecord: null, isInCampaign: false }] });
    const blank = await service.ask(customer('isInCampaign(campaignId: " ")'));
    expect(codesOf(blank)).toEqual(['BAD_USER_INPUT']);
    expect(blank.errors[0]?.message).toContain('campaignId');
  });

  it('cost 50 searches and one list for 50 customers, and nothing the second time', async () => {
    const service = await startService({ env: { CAMPAIGNS_FILE: LABELS } });
    const listed = await service.ask('{ findCampaignRecords(campaignId: "4821") { customerId } }');
    const ids = (listed.data?.['findCampaignRecords'] as { customerId: string | null }[]).map(
      (each) => each.customerId,
    );
    const customers = [...new Set(ids.filter((id) => id !== null))].slice(0, 50);
    expect(customers).toHaveLength(50);
    const fresh = await startService({ env: { CAMPAIGNS_FILE: LABELS } });
    const query = /* GraphQL */ `
      query ($r: [_Any!]!) {
        _entities(representations: $r) {
          ... on Customer {
            campaignRecords {
              id
              campaign {
                name
              }
              opts(filledOnly: true) {
                label
                value
              }
            }
            latestRecord {
              id
              date
            }
            one: isInCampaign(campaignId: "4821")
            two: isInCampaign(campaignId: "7203")
            three: isInCampaign(campaignId: "9450")
          }
        }
      }
    `;
    const variables = { r: customers.map((customerId) => ({ __typename: 'Customer', customerId })) };
    const first = await fresh.ask(query, variables);
    expect(first.errors).toEqual([]);
    expect(callsOf(fresh)).toEqual({ searches: 50, lists: 1 });
    const second = await fresh.ask(query, variables);
    expect(second.data).toEqual(first.data);
    expect(callsOf(fresh)).toEqual({ searches: 50, lists: 1 });
  });
});

describe('a list of records', () => {
  it.each([
    [
      'findCampaignRecords',
      (args: string) => `{ list: findCampaignRecords(customerId: "${ANDRES}", ${args}) { date outcome campaignId } }`,
    ],
    [
      'campaignRecords',
      (args: string) =>
        `{ e: _entities(representations: [{ __typename: "Customer", customerId: "${ANDRES}" }]) { ... on Customer { list: campaignRecords(${args}) { date outcome campaignId } } } }`,
    ],
    [
      'findRecords',
      (args: string) =>
        `{ e: _entities(representations: [{ __typename: "Campaign", campaignId: "7203" }]) { ... on Campaign { list: findRecords(customerId: "${ANDRES}", ${args}) { date outcome campaignId } } } }`,
    ],
  ])('of %s can be ordered and narrowed by outcome, without a further call', async (_, query) => {
    const service = await startService();
    const list = async (args: string): Promise<{ date: string | null; outcome: string | null }[]> => {
      const { data, errors } = await service.ask(query(args));
      expect(errors).toEqual([]);
      const holder = (data?.['e'] as Record<string, unknown>[] | undefined)?.[0] ?? data;
      return holder?.['list'] as { date: string | null; outcome: string | null }[];
    };
    const latestFirst = await list('orderBy: DATE_DESC');
    expect(latestFirst.map(({ date }) => date?.slice(0, 10))).toEqual(['2026-11-19', '2026-11-17']);
    expect(await list('orderBy: DATE_ASC')).toEqual([...latestFirst].reverse());
    expect(await list('orderBy: CAMPAIGN')).toHaveLength(2);
    expect((await list('outcomes: [BUSY, FAX]')).map(({ outcome }) => outcome)).toEqual(['BUSY']);
    expect(await list('outcomes: []')).toEqual([]);
    expect(await list('outcomes: null')).toHaveLength(2);
    expect(callsOf(service)).toEqual({ searches: 1, lists: 0 });
  });

  it.each([
    ['17 outcomes', 'findCampaignRecords(customerId: "1", outcomes: $outcomes) { id }', 17, []],
    [
      '18 outcomes',
      'findCampaignRecords(customerId: "1", outcomes: $outcomes) { id }',
      18,
      ['outcomes may have at most 17 values; got 18.'],
    ],
    [
      '29,000 outcomes',
      'findCampaignRecords(customerId: "1", outcomes: $outcomes) { id }',
      29_000,
      ['outcomes may have at most 17 values; got 29,000.'],
    ],
  ] as const)('of %s: more than there are cause no call', async (_, field, count, messages) => {
    const service = await startService();
    const outcomes = Array.from({ length: count }, () => 'FAX');
    const { errors } = await service.ask(`query ($outcomes: [CallOutcome!]) { ${field} }`, { outcomes });
    expect(errors.map(({ message }) => message)).toEqual(messages);
    expect(callsOf(service)).toEqual({ searches: messages.length === 0 ? 1 : 0, lists: 0 });
    if (messages.length > 0) expect(errors[0]?.extensions['code']).toBe('BAD_USER_INPUT');
  });

  it('has records whose columns can be chosen by at most 24 names', async () => {
    const service = await startService();
    const query = `query ($names: [String!]) { findCampaignRecords(customerId: "${ANDRES}") { opts(names: $names) { name } } }`;
    const { errors } = await service.ask(query, { names: Array.from({ length: 24 }, () => 'opt1') });
    expect(errors).toEqual([]);
    const refused = await service.ask(query, { names: Array.from({ length: 25 }, () => 'opt1') });
    expect(refused.errors[0]?.message).toBe('names may have at most 24 texts; got 25.');
    expect(refused.errors[0]?.extensions['code']).toBe('BAD_USER_INPUT');
  });

  it('has the records that were not dialled last, in both orders', async () => {
    const service = await startService();
    for (const orderBy of ['DATE_ASC', 'DATE_DESC']) {
      const { data } = await service.ask(`{ findCampaignRecords(campaignId: "4821", orderBy: ${orderBy}) { date } }`);
      const dates = (data?.['findCampaignRecords'] as { date: string | null }[]).map(({ date }) => date);
      const dialled = dates.filter((date) => date !== null);
      expect(dialled.length).toBeLessThan(dates.length);
      expect(dates.slice(0, dialled.length)).toEqual(dialled);
      expect(dialled).toEqual(
        [...dialled].sort((one, other) => (orderBy === 'DATE_ASC' ? 1 : -1) * one.localeCompare(other)),
      );
    }
  });
});
