import { gzipSync } from 'node:zlib';
import { describe, expect, it, onTestFinished } from 'vitest';
import { EXAMPLES } from '../../src/simulator/example-people.js';
import { startService, type TestService } from '../support/service.js';
import type { GraphResponse } from '../support/graphql-client.js';

const { inSeveralCampaigns, twiceInOneCampaign, undialled, withoutCustomerId, severalPhones, nobody } = EXAMPLES;

interface Representation {
  readonly __typename: unknown;
  readonly [key: string]: unknown;
}

const ENTITIES = /* GraphQL */ `
  query ($representations: [_Any!]!) {
    _entities(representations: $representations) {
      ... on CampaignRecord { __typename id campaignId owner: customerId result }
      ... on Customer { __typename customerId campaignRecords { id campaignId } }
      ... on Campaign { __typename campaignId findRecords(phone: "${inSeveralCampaigns.phone}") { id } }
    }
  }
`;

async function entities(
  service: TestService,
  representations: readonly Representation[],
  query = ENTITIES,
): Promise<Pick<GraphResponse, 'errors'> & { list: unknown[] }> {
  const { data, errors } = await service.ask(query, { representations });
  return { errors, list: data?.['_entities'] as unknown[] };
}

async function idsOf(service: TestService, query: string): Promise<string[]> {
  const { data, errors } = await service.ask(`{ findCampaignRecords(${query}) { id } }`);
  expect(errors).toEqual([]);
  return (data?.['findCampaignRecords'] as { id: string }[]).map(({ id }) => id);
}

const record = (id: unknown): Representation => ({ __typename: 'CampaignRecord', id });
const customer = (customerId: unknown): Representation => ({ __typename: 'Customer', customerId });
const campaign = (campaignId: unknown): Representation => ({ __typename: 'Campaign', campaignId });
const SECRET = { RECORD_ID_SECRET: 'a-secret-of-the-tests-that-is-long-enough' };

describe('_entities', () => {
  it('causes one call for each different lookup of 50 representations', async () => {
    const service = await startService();
    const people = [inSeveralCampaigns, twiceInOneCampaign, undialled, severalPhones, nobody];
    const representations = Array.from({ length: 50 }, (_, index) =>
      customer(people[index % people.length]?.customerId),
    );
    const { list, errors } = await entities(service, representations);
    expect(errors).toEqual([]);
    expect(list).toHaveLength(50);
    list.forEach((entity, index) => expect(entity).toMatchObject(representations[index] ?? {}));
    expect(list.slice(0, 5).map((entity) => (entity as { campaignRecords: unknown[] }).campaignRecords.length)).toEqual(
      [3, 2, 1, 1, 0],
    );
    expect(service.simulator.requestLog.calls).toHaveLength(5);
    expect(service.simulator.requestLog.mostAtOnce).toBeLessThanOrEqual(2);
  });

  it('answers records, customers and campaigns in one list, in its order', async () => {
    const service = await startService();
    const [first, second] = await idsOf(service, `customerId: "${twiceInOneCampaign.customerId}"`);
    service.simulator.requestLog.reset();
    const { list, errors } = await entities(service, [
      campaign('7203'),
      record(second),
      customer(undialled.customerId),
      record(first),
      campaign('7203'),
      record(second),
    ]);
    expect(errors).toEqual([]);
    expect(list).toMatchObject([
      { __typename: 'Campaign', campaignId: '7203', findRecords: [{}] },
      { __typename: 'CampaignRecord', id: second, result: 'BUSY' },
      { __typename: 'Customer', customerId: undialled.customerId, campaignRecords: [{ campaignId: '4821' }] },
      { __typename: 'CampaignRecord', id: first, result: 'PROMESA DE PAGO' },
      { __typename: 'Campaign', campaignId: '7203', findRecords: [{}] },
      { __typename: 'CampaignRecord', id: second, result: 'BUSY' },
    ]);
    // One call for the campaign and one for the customer. The lookup of the record ids is cached.
    expect(service.simulator.requestLog.calls).toHaveLength(2);
  });

  it('causes no call for 2,000 customers without records', async () => {
    const service = await startService();
    const representations = Array.from({ length: 2_000 }, (_, index) => customer(`${20_000_000 + index}`));
    const query =
      'query ($representations: [_Any!]!) { _entities(representations: $representations) { ... on Customer { customerId } } }';
    const { list, errors } = await entities(service, representations, query);
    expect(errors).toEqual([]);
    expect(list).toEqual(representations.map(({ customerId }) => ({ customerId })));

    const zipped = await fetch(`${service.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'content-encoding': 'gzip', connection: 'close' },
      body: gzipSync(JSON.stringify({ query, variables: { representations } })),
    });
    expect(zipped.status).toBe(200);
    expect(await zipped.json()).toEqual({ data: { _entities: list } });
    expect(service.simulator.requestLog.requests).toEqual([]);
  });

  it('resolves unknown ids to null without a call, and the other ids as usual', async () => {
    const service = await startService({ env: SECRET });
    const [id = ''] = await idsOf(service, `customerId: "${undialled.customerId}"`);
    const foreign = await startService({ env: { RECORD_ID_SECRET: 'another-secret-of-the-tests-of-that-length' } });
    const [foreignId] = await idsOf(foreign, `customerId: "${undialled.customerId}"`);
    service.simulator.requestLog.reset();
    const wrong = [
      foreignId,
      'unknown',
      '',
      ' ',
      '1',
      `1${id.slice(1)}`,
      id.slice(0, -1),
      id.slice(0, 20),
      `${id}A`,
      `${id} `,
      id.toUpperCase(),
      Buffer.from(JSON.stringify(['7203', twiceInOneCampaign.customerId])).toString('base64url'),
      '\u0000\ud800',
      'x'.repeat(100_000),
      null,
      undefined,
      5,
      true,
      [id],
      { id },
    ];
    const { list, errors } = await entities(service, [...wrong.map(record), record(id), ...wrong.map(record)]);
    expect(errors).toEqual([]);
    expect(list).toEqual([
      ...wrong.map(() => null),
      expect.objectContaining({ id, owner: undialled.customerId }),
      ...wrong.map(() => null),
    ]);
    expect(service.simulator.requestLog.calls).toHaveLength(0);
  });

  it('resolves customers and campaigns without a key to null', async () => {
    const service = await startService();
    const { list, errors } = await entities(service, [
      customer(''),
      customer(undefined),
      customer({}),
      campaign(' '),
      campaign(null),
      customer(undialled.customerId),
    ]);
    expect(errors).toEqual([]);
    expect(list).toEqual([null, null, null, null, null, expect.objectContaining({ customerId: undialled.customerId })]);
  });

  it('resolves a record that no longer exists to null', async () => {
    const service = await startService({ env: { CACHE_TTL_SECONDS: '0' } });
    service.simulator.add({ campaign_id: '4821', customer_id: '25570001', tel1: '3067700021' });
    const ids = await idsOf(service, 'customerId: "25570001"');
    expect((await entities(service, ids.map(record))).list).toMatchObject([{ owner: '25570001' }]);
    service.simulator.reset();
    expect(await entities(service, ids.map(record))).toEqual({ errors: [], list: [null] });
  });

  it('reports each representation of an unknown type by itself, and leaves no unhandled rejection', async () => {
    const service = await startService({
      env: { CACHE_TTL_SECONDS: '0' },
      settings: { latency: { minMs: 50, maxMs: 50 } },
    });
    const unhandled: unknown[] = [];
    const onUnhandled = (error: unknown): void => void unhandled.push(error);
    process.on('unhandledRejection', onUnhandled);
    onTestFinished(() => void process.off('unhandledRejection', onUnhandled));
    const [id] = await idsOf(service, `phone: "${withoutCustomerId.phone}"`);
    const [failing] = await idsOf(service, `phone: "${severalPhones.phones[0]}"`);
    service.simulator.faults.always('html-200', { when: { customerId: severalPhones.customerId } });
    const foreign: Representation[] = [
      { __typename: 'Order', id: '1' },
      { __typename: 'CampaignPhone' },
      { __typename: 'Query' },
      { __typename: { toString: 1 } },
    ];
    const { list, errors } = await entities(service, [record(failing), ...foreign, record(id)]);
    expect(list).toMatchObject([null, ...foreign.map(() => null), { id }]);
    expect(errors.map(({ path, extensions }) => [path?.[1], extensions['code']])).toEqual(
      expect.arrayContaining([[0, 'UPSTREAM_MALFORMED'], ...foreign.map((_, index) => [index + 1, 'BAD_USER_INPUT'])]),
    );
    expect(errors).toHaveLength(1 + foreign.length);
    await new Promise((resolve) => setImmediate(resolve));
    expect(unhandled).toEqual([]);
  });

  it('reports a failed lookup without an effect on the others', async () => {
    const service = await startService({ env: { CACHE_TTL_SECONDS: '0' } });
    const [id] = await idsOf(service, `phone: "${withoutCustomerId.phone}"`);
    const [failing] = await idsOf(service, `phone: "${severalPhones.phones[0]}"`);
    service.simulator.faults.always('html-200', { when: { customerId: severalPhones.customerId } });
    const { list, errors } = await entities(service, [
      record(failing),
      record(id),
      customer(severalPhones.customerId),
      customer(undialled.customerId),
      customer('two\nlines'),
    ]);
    expect(list).toMatchObject([
      null,
      { id },
      { customerId: severalPhones.customerId, campaignRecords: null },
      { customerId: undialled.customerId, campaignRecords: [{}] },
      { customerId: 'two\nlines', campaignRecords: null },
    ]);
    expect(errors.map(({ path, extensions }) => [path, extensions['code']])).toEqual(
      expect.arrayContaining([
        [['_entities', 0], 'UPSTREAM_MALFORMED'],
        [['_entities', 2, 'campaignRecords'], 'UPSTREAM_MALFORMED'],
        [['_entities', 4, 'campaignRecords'], 'BAD_USER_INPUT'],
      ]),
    );
    expect(errors).toHaveLength(3);
  });
});

describe('the id of a record', () => {
  it('is the same by phone, by customer id and through its campaign', async () => {
    const service = await startService();
    const { phone, customerId } = inSeveralCampaigns;
    const all = await idsOf(service, `phone: "${phone}"`);
    expect(all).toHaveLength(3);
    expect(await idsOf(service, `customerId: "${customerId}"`)).toEqual(all);
    expect(await idsOf(service, `phone: "${phone}", customerId: "${customerId}"`)).toEqual(all);
    expect(await idsOf(service, `phone: "${phone}", campaignId: "4821"`)).toEqual(all.slice(0, 1));
    expect(await idsOf(service, 'campaignId: "4821"')).toContain(all[0]);
    const { data } = await service.ask(
      `{ findCampaignRecords(campaignId: "4821", phone: "${phone}") { campaign { findRecords(customerId: "${customerId}") { id } } customer { campaignRecords { id } } } }`,
    );
    expect(data).toEqual({
      findCampaignRecords: [
        { campaign: { findRecords: [{ id: all[0] }] }, customer: { campaignRecords: all.map((id) => ({ id })) } },
      ],
    });
  });

  it('is the same for every record of a campaign, found in it or alone', async () => {
    const service = await startService();
    const { data } = await service.ask(
      '{ findCampaignRecords(campaignId: "4821") { id customerId phones { number } } }',
    );
    const records = data?.['findCampaignRecords'] as {
      id: string;
      customerId: string | null;
      phones: { number: string }[];
    }[];
    expect(new Set(records.map(({ id }) => id)).size).toBe(records.length);
    const sample = records.filter((_, index) => index % 10 === 0);
    const { list, errors } = await entities(
      service,
      sample.map(({ id }) => record(id)),
    );
    expect(errors).toEqual([]);
    expect(list).toEqual(
      sample.map(({ id, customerId }) => expect.objectContaining({ id, owner: customerId }) as unknown),
    );
    for (const { id, customerId, phones } of sample.slice(0, 8)) {
      const criterion = customerId === null ? `phone: "${phones[0]?.number ?? ''}"` : `customerId: "${customerId}"`;
      expect(await idsOf(service, criterion)).toContain(id);
    }
  });

  it('stays the same when the person is called again', async () => {
    const service = await startService({ env: { CACHE_TTL_SECONDS: '0' } });
    const before = await idsOf(service, `customerId: "${twiceInOneCampaign.customerId}"`);
    service.simulator.dial(
      { customerId: twiceInOneCampaign.customerId, where: ({ result }) => result === 'BUSY' },
      { result: 'ABANDON' },
    );
    expect(await idsOf(service, `customerId: "${twiceInOneCampaign.customerId}"`)).toEqual(before);
    const { list } = await entities(service, before.map(record));
    expect(list).toMatchObject([
      { id: before[0], result: 'PROMESA DE PAGO' },
      { id: before[1], result: 'ABANDON' },
    ]);
  });

  it('is the same after a restart and on another replica, and another one with another secret', async () => {
    const first = await startService({ env: SECRET });
    const ids = await idsOf(first, `phone: "${inSeveralCampaigns.phone}"`);
    const restarted = await startService({ env: { ...SECRET, WOLKVOX_BASE_URL: first.upstream } });
    expect(await idsOf(restarted, `customerId: "${inSeveralCampaigns.customerId}"`)).toEqual(ids);
    expect((await entities(restarted, ids.map(record))).list).toMatchObject(ids.map((id) => ({ id })));
    const other = await startService({ env: { RECORD_ID_SECRET: 'another-secret-of-the-tests-of-that-length' } });
    const others = await idsOf(other, `phone: "${inSeveralCampaigns.phone}"`);
    expect(new Set([...ids, ...others]).size).toBe(6);
  });

  it('stays readable after a change of the secret if the old secret comes second', async () => {
    const service = await startService({ env: SECRET });
    const [id] = await idsOf(service, `customerId: "${undialled.customerId}"`);
    const next = 'another-secret-of-the-tests-of-that-length';
    const rotated = await startService({ env: { RECORD_ID_SECRET: `${next},${SECRET.RECORD_ID_SECRET}` } });
    const { list, errors } = await entities(rotated, [record(id)]);
    expect(errors).toEqual([]);
    expect(list).toMatchObject([{ owner: undialled.customerId }]);
    const [newId] = await idsOf(rotated, `customerId: "${undialled.customerId}"`);
    expect(newId).not.toBe(id);
    const alone = await startService({ env: { RECORD_ID_SECRET: next } });
    expect((await entities(alone, [record(id), record(newId)])).list).toMatchObject([null, { id: newId }]);
  });

  it('differs for two records of a person in one campaign, even if the records are equal', async () => {
    const service = await startService();
    const different = await idsOf(service, `phone: "${twiceInOneCampaign.phone}"`);
    expect(new Set(different).size).toBe(2);
    const twin = { campaign_id: '4821', customer_id: '25570002', tel1: '3067700022', opt1: 'igual' };
    service.simulator.add({ ...twin, result: 'BUSY' });
    service.simulator.add({ ...twin, result: 'ANSWER' });
    const alike = await idsOf(service, 'customerId: "25570002"');
    expect(new Set(alike).size).toBe(2);
    expect((await entities(service, [...alike].reverse().map(record))).list).toMatchObject([
      { result: 'ANSWER' },
      { result: 'BUSY' },
    ]);
    expect(await idsOf(service, 'campaignId: "4821"')).toEqual(expect.arrayContaining(alike));
  });

  it.each(['prefix', 'exact', 'tel1'] as const)(
    'finds records without a customer id, however Wolkvox compares phones: %s',
    async (phoneMatch) => {
      const service = await startService({ settings: { phoneMatch } });
      service.simulator.add({ campaign_id: '4821', customer_name: 'Sin teléfono' });
      const [known] = await idsOf(service, `phone: "${withoutCustomerId.phone}"`);
      const { data } = await service.ask('{ findCampaignRecords(campaignId: "4821") { id customerId customerName } }');
      const nameless = (
        data?.['findCampaignRecords'] as { id: string; customerId: string | null; customerName: string }[]
      ).filter(({ customerId }) => customerId === null);
      expect(nameless.map(({ customerName }) => customerName)).toContain('Sin teléfono');
      const { list, errors } = await entities(service, [record(known), ...nameless.map(({ id }) => record(id))]);
      expect(errors).toEqual([]);
      expect(list).toMatchObject([{ id: known, owner: null }, ...nameless.map(({ id }) => ({ id, owner: null }))]);
    },
  );

  it('is safe in a URL, begins with its version, and holds no phone and no customer id', async () => {
    const service = await startService();
    const { data } = await service.ask(
      '{ findCampaignRecords(campaignId: "5316") { id customerId campaignId phones { number } } }',
    );
    const records = data?.['findCampaignRecords'] as {
      id: string;
      customerId: string | null;
      campaignId: string;
      phones: { number: string }[];
    }[];
    expect(records.length).toBeGreaterThan(600);
    for (const { id, customerId, phones } of records) {
      expect(id).toMatch(/^2[A-Za-z0-9_-]{60,200}$/);
      expect(encodeURIComponent(id)).toBe(id);
      const shown = [
        id,
        Buffer.from(id, 'base64url').toString('latin1'),
        Buffer.from(id.slice(1), 'base64url').toString('latin1'),
      ].join('\n');
      for (const personal of [customerId, ...phones.map(({ number }) => number)]) {
        if (personal !== null) expect(shown).not.toContain(personal);
      }
    }
  });
});
