import { describe, expect, it } from 'vitest';
import { createMovableClock } from '../support/clock.js';
import { find, type FoundRecord } from '../support/find.js';
import { codesOf, type GraphResponse } from '../support/graphql-client.js';
import { startService, type TestService } from '../support/service.js';

/** A customer of the examples, and the campaigns of the simulator. */
const CUSTOMER = '21839174';
const CAMPAIGNS = ['4821', '5316', '6044', '7203', '8890', '9450', '9977', '10277'];

describe('record ids', () => {
  it('of the listed records of a campaign cause no call (defect 13)', async () => {
    const service = await startService();
    const listed = (await find(service, { campaignId: '4821' })).slice(0, 50);
    expect(listed).toHaveLength(50);
    expect(callsOf(service)).toHaveLength(1);
    expect(await entities(service, listed)).toEqual(listed.map(({ id, customerName }) => ({ id, customerName })));
    expect(callsOf(service)).toHaveLength(1);
  });

  it('of records that a phone found cause no call, although their customer was never looked up (defect 13)', async () => {
    const service = await startService();
    const found = await find(service, { phone: '6011528890' });
    expect(new Set(found.map(({ customerId }) => customerId)).size).toBe(2);
    expect(await entities(service, found)).toHaveLength(found.length);
    expect(callsOf(service)).toHaveLength(1);
  });

  it('of one person share a call when nothing is cached', async () => {
    const service = await startService();
    const clock = createMovableClock();
    const other = await startService({ clock });
    const found = await find(service, { customerId: CUSTOMER });
    expect(found.length).toBeGreaterThan(2);
    expect(await entities(other, found)).toEqual(found.map(({ id, customerName }) => ({ id, customerName })));
    expect(callsOf(other)).toEqual([{ customerId: CUSTOMER, campaignId: '', phone: '' }]);
    // The answer is no longer fresh, so the record is looked up again.
    clock.advance(301_000);
    expect(await entities(other, found.slice(0, 1))).toHaveLength(1);
    expect(callsOf(other)).toHaveLength(2);
  });

  it.each([true, false])(
    'find the record again if Wolkvox leaves out its campaign: %s (defect 34)',
    async (leavesOut) => {
      const service = await startService({ env: { CACHE_TTL_SECONDS: '0' } });
      if (leavesOut) service.simulator.faults.always('missing-campaign');
      for (const criteria of [{ customerId: CUSTOMER, campaignId: '4821' }, { customerId: CUSTOMER }]) {
        const found = await find(service, criteria);
        expect(found.length).toBeGreaterThan(0);
        expect(await entities(service, found)).toEqual(found.map(({ id, customerName }) => ({ id, customerName })));
      }
    },
  );
});

describe('a broader answer', () => {
  it('of a customer answers the same customer in a campaign (defect 14)', async () => {
    const service = await startService();
    const all = await find(service, { customerId: CUSTOMER });
    const some = await find(service, { customerId: CUSTOMER, campaignId: '4821' });
    expect(some).toEqual(all.filter(({ campaignId }) => campaignId === '4821'));
    expect(some.length).toBeGreaterThan(0);
    // An empty part is an answer, too.
    expect(await find(service, { customerId: CUSTOMER, campaignId: '5316' })).toEqual([]);
    expect(callsOf(service)).toHaveLength(1);
  });

  it('of a phone answers the same phone in a campaign, and no other spelling of it is asked', async () => {
    const service = await startService();
    await find(service, { phone: '3064821975' });
    expect(await find(service, { phone: '306 482 1975', campaignId: '4821' })).not.toEqual([]);
    expect(callsOf(service)).toHaveLength(1);
  });

  it('of a campaign answers a customer in it, but not a phone in it', async () => {
    const service = await startService();
    const [first] = await find(service, { campaignId: '4821' });
    expect(await find(service, { campaignId: '4821', customerId: first?.customerId ?? '' })).not.toEqual([]);
    expect(callsOf(service)).toHaveLength(1);
    await find(service, { campaignId: '4821', phone: '3064821975' });
    expect(callsOf(service)).toHaveLength(2);
  });

  it('is not used if calls without a campaign do not search all campaigns', async () => {
    const service = await startService({ env: { WOLKVOX_SEARCHES_ALL_CAMPAIGNS: 'false' } });
    await find(service, { customerId: CUSTOMER });
    await find(service, { customerId: CUSTOMER, campaignId: '4821' });
    await service.ask(inCampaigns(CAMPAIGNS.slice(0, 4)));
    expect(callsOf(service)).toHaveLength(5);
  });

  it('that is too old for maxAge is not used', async () => {
    const service = await startService();
    await find(service, { customerId: CUSTOMER });
    const query = `{ findCampaignRecords(customerId: "${CUSTOMER}", campaignId: "4821", maxAge: 0) { id } }`;
    expect(codesOf(await service.ask(query))).toEqual([]);
    expect(callsOf(service)).toHaveLength(2);
  });
});

describe('several campaigns of one person', () => {
  it('cost one call in one operation', async () => {
    const service = await startService();
    const { data, errors } = await service.ask(inCampaigns(CAMPAIGNS));
    expect(errors).toEqual([]);
    expect(callsOf(service)).toEqual([{ customerId: CUSTOMER, campaignId: '', phone: '' }]);
    const direct = await startService({ env: { WOLKVOX_SEARCHES_ALL_CAMPAIGNS: 'false' } });
    expect(data).toEqual((await direct.ask(inCampaigns(CAMPAIGNS))).data);
    expect(callsOf(direct)).toHaveLength(CAMPAIGNS.length);
  });

  it('cost no more calls than are needed if the answers to some are cached', async () => {
    const service = await startService();
    await find(service, { customerId: CUSTOMER, campaignId: '4821' });
    await find(service, { customerId: CUSTOMER, campaignId: '5316' });
    await service.ask(inCampaigns(['4821', '5316']));
    expect(callsOf(service)).toHaveLength(2);
    await service.ask(inCampaigns(['4821', '5316', '6044']));
    expect(callsOf(service)).toHaveLength(3);
  });

  it('are asked one by one if the answer for all of them is too large, also the next time', async () => {
    const service = await startService();
    for (let index = 0; index < 1_001; index += 1) {
      service.simulator.add({ campaign_id: '6044', customer_id: '90000001', customer_name: 'Empresa' });
    }
    const query = inCampaigns(['4821', '5316'], '90000001');
    expect((await service.ask(query)).errors).toEqual([]);
    expect(callsOf(service)).toHaveLength(3);
    expect((await service.ask(inCampaigns(['7203', '8890'], '90000001'))).errors).toEqual([]);
    expect(callsOf(service)).toHaveLength(5);
  });

  it('all fail if the one call fails, and keep the stale answers that they have', async () => {
    const clock = createMovableClock();
    const service = await startService({ clock });
    await find(service, { customerId: CUSTOMER, campaignId: '4821' });
    clock.advance(400_000);
    service.simulator.faults.always('500');
    const response = await service.ask(inCampaigns(['4821', '5316']));
    expect(response.errors.map(({ path }) => path?.at(-1))).toEqual(['c5316', 'c5316']);
    expect(new Set(codesOf(response))).toEqual(new Set(['UPSTREAM_UNAVAILABLE']));
    expect(response.data?.['c4821']).not.toEqual([]);
    expect(response.data?.['c5316']).toBeNull();
  });
});

describe('spellings', () => {
  it('of a phone with WOLKVOX_COUNTRY_CODE share a call (defect 15)', async () => {
    const service = await startService({ env: { WOLKVOX_COUNTRY_CODE: '57' } });
    const spellings = ['+57 306 482 1975', '3064821975', '573064821975', '0057-306-482-1975', '(306) 482.1975'];
    const answers = [];
    for (const phone of spellings) answers.push(await find(service, { phone }));
    expect(answers[0]).not.toEqual([]);
    for (const answer of answers) expect(answer).toEqual(answers[0]);
    expect(callsOf(service)).toEqual([{ phone: '3064821975', campaignId: '', customerId: '' }]);
  });

  it('of a campaign with leading zeros share a call (defect 15)', async () => {
    const service = await startService();
    const listed = await find(service, { campaignId: '04821' });
    expect(listed).not.toEqual([]);
    expect(await find(service, { campaignId: '4821' })).toEqual(listed);
    expect(callsOf(service)).toHaveLength(1);
  });
});

describe('a result that will not change soon', () => {
  it.each([
    ['too large', 'RESULT_TOO_LARGE', undefined],
    ['malformed', 'UPSTREAM_MALFORMED', 'truncated-json'],
  ] as const)('%s is asked once in 20 times (defect 16)', async (_, code, fault) => {
    const service = await startService();
    if (fault !== undefined) service.simulator.faults.always(fault);
    const query = '{ findCampaignRecords(campaignId: "7203") { id } }';
    for (let times = 0; times < 20; times += 1) expect(codesOf(await service.ask(query))).toEqual([code]);
    expect(callsOf(service)).toHaveLength(1);
  });
});

it('MIN_MAX_AGE_SECONDS raises a smaller maxAge (defect 56)', async () => {
  const clock = createMovableClock();
  const service = await startService({ clock, env: { MIN_MAX_AGE_SECONDS: '10' } });
  const query = `{ findCampaignRecords(customerId: "${CUSTOMER}", maxAge: 0) { id } }`;
  await service.ask(query);
  clock.advance(9_000);
  await service.ask(query);
  expect(callsOf(service)).toHaveLength(1);
  clock.advance(2_000);
  await service.ask(query);
  expect(callsOf(service)).toHaveLength(2);
});

/** The criteria of the calls that reached the simulator. */
function callsOf({ simulator }: TestService): object[] {
  return simulator.requestLog.requests.map(({ lookup }) => lookup);
}

function inCampaigns(campaigns: readonly string[], customerId = CUSTOMER): string {
  const fields = campaigns.map((id) => `c${id}: campaignRecords(campaignId: "${id}") { campaignId calls }`);
  const representation = `{ __typename: "Customer", customerId: "${customerId}" }`;
  const aliases = campaigns.map(
    (id) => `c${id}: findCampaignRecords(customerId: "${customerId}", campaignId: "${id}") { campaignId calls }`,
  );
  // The fields of an entity and those of the query are one batch.
  return `{ _entities(representations: [${representation}]) { ... on Customer { ${fields.join(' ')} } } ${aliases.join(' ')} }`;
}

/** The records of ids, as a router asks for them. */
async function entities(service: TestService, records: readonly FoundRecord[]): Promise<unknown[]> {
  const response: GraphResponse = await service.ask(
    `query ($representations: [_Any!]!) {
      _entities(representations: $representations) { ... on CampaignRecord { id customerName } }
    }`,
    { representations: records.map(({ id }) => ({ __typename: 'CampaignRecord', id })) },
  );
  expect(response.errors).toEqual([]);
  return response.data?.['_entities'] as unknown[];
}
