import { describe, expect, it } from 'vitest';
import { startService, type TestService } from '../support/service.js';
import { codesOf, type GraphResponse } from '../support/graphql-client.js';

const times = (count: number, write: (index: number) => string, between = ' '): string =>
  Array.from({ length: count }, (_, index) => write(index)).join(between);

describe('entities', () => {
  const RECORDS =
    'query ($of: [_Any!]!) { _entities(representations: $of) { ... on Customer { campaignRecords { id } } } }';
  const customers = (count: number): object[] =>
    Array.from({ length: count }, (_, index) => ({ __typename: 'Customer', customerId: `${30_000_000 + index}` }));

  it('of 2,000 customers without records cause no call', async () => {
    const { ask, simulator } = await startService();
    const query = 'query ($of: [_Any!]!) { _entities(representations: $of) { ... on Customer { customerId } } }';
    const { data, errors } = await ask(query, { of: customers(2_000) });
    expect(errors).toEqual([]);
    expect(data?.['_entities']).toHaveLength(2_000);
    expect(simulator.requestLog.requests).toHaveLength(0);
  });

  it('of 2,000 customers cause LOOKUPS_PER_OPERATION calls, and the others have errors', async () => {
    // The queue and the deadline have room for all lookups, so that the only limit is that of the operation.
    const env = { LOOKUPS_PER_OPERATION: '40', QUEUE_LIMIT: '5000', REQUEST_DEADLINE_MS: '600000' };
    const { ask, simulator } = await startService({ env });
    const response = await ask(RECORDS, { of: customers(2_000) });
    expect(simulator.requestLog.calls).toHaveLength(40);
    expect(new Set(codesOf(response))).toEqual(new Set(['TOO_MANY_LOOKUPS']));
    expect(response.errors.at(-1)?.message).toContain('1,861 more are left out');
    const lists = response.data?.['_entities'] as { campaignRecords: unknown }[];
    expect(lists.filter(({ campaignRecords }) => Array.isArray(campaignRecords))).toHaveLength(40);
  });

  it('of 2,000 record ids cause LOOKUPS_PER_OPERATION calls, and forged ids none', async () => {
    // Without a cache the answers that listed the ids do not help.
    const service = await startService({ env: { LOOKUPS_PER_OPERATION: '5', CACHE_TTL_SECONDS: '0' } });
    const { ask, simulator } = service;
    const query = 'query ($of: [_Any!]!) { _entities(representations: $of) { ... on CampaignRecord { calls } } }';
    const ids = await idsOf(service, 30);
    simulator.requestLog.reset();
    const known = Array.from({ length: 2_000 }, (_, index) => ({ __typename: 'CampaignRecord', id: ids[index % 30] }));
    const response = await ask(query, { of: known });
    expect(simulator.requestLog.calls).toHaveLength(5);
    expect(new Set(codesOf(response))).toEqual(new Set(['TOO_MANY_LOOKUPS']));

    simulator.requestLog.reset();
    const forged = [
      ...Array.from({ length: 1_990 }, (_, index) => `1${index}`),
      '',
      5,
      null,
      [[]],
      {},
      'x'.repeat(1_000_000),
    ];
    const answer = await ask(query, { of: forged.map((id) => ({ __typename: 'CampaignRecord', id })) });
    expect(answer.errors).toEqual([]);
    expect(answer.data?.['_entities']).toEqual(forged.map(() => null));
    expect(simulator.requestLog.requests).toHaveLength(0);
  });

  const ANY = 'of: [_Any!]!';
  const ENTITIES = '_entities(representations: $of) { __typename }';
  const literal = (count: number): string => `[${times(count, () => '{ __typename: "Customer" }')}]`;
  it.each<[string, string, number]>([
    ['of a variable', `query ($${ANY}) { ${ENTITIES} }`, 2_001],
    ['in a document', `{ _entities(representations: ${literal(2_001)}) { __typename } }`, 0],
    ['of a default value', `query ($of: [_Any!]! = ${literal(2_001)}) { ${ENTITIES} }`, -1],
    [
      'of the default value of a variable with a name that objects of JavaScript have',
      `query ($constructor: [_Any!]! = ${literal(2_001)}) { _entities(representations: $constructor) { __typename } }`,
      -1,
    ],
    ['of two fields', `query ($${ANY}) { a: ${ENTITIES} ... { b: ${ENTITIES} } }`, 1_001],
    ['of a fragment', `query ($${ANY}) { a: ${ENTITIES} ...f } fragment f on Query { b: ${ENTITIES} }`, 1_001],
  ])('%s are refused before anything is resolved if there are more than 2,000 (defect 43)', async (_, query, count) => {
    const { ask, simulator, lines } = await startService();
    const { status, data, errors } = await ask(query, count < 0 ? {} : { of: customers(count) });
    expect(status).toBe(400);
    expect(data).toBeUndefined();
    expect(errors).toHaveLength(1);
    expect(errors[0]?.message).toMatch(
      /^The _entities fields of an operation may have at most 2,000 representations together; got 2,00[12]\. Send several operations\.$/,
    );
    expect(errors[0]?.extensions).toEqual({ code: 'BAD_USER_INPUT', retryable: false });
    expect(simulator.requestLog.requests).toHaveLength(0);
    expect(lines.join('')).not.toContain('service.bug');
  });

  it.each([25_000, 100_000])('of %s foreign records in one body are refused (defects 36 and 43)', async (count) => {
    const { ask, simulator } = await startService();
    const { status, errors } = await ask(`query ($${ANY}) { ${ENTITIES} }`, {
      of: Array.from({ length: count }, () => ({ __typename: 'A' })),
    });
    expect(status).toBe(400);
    expect(errors.map(({ extensions }) => extensions['code'])).toEqual(['BAD_USER_INPUT']);
    expect(simulator.requestLog.requests).toHaveLength(0);
  });

  it('of a field that is selected several times count once', async () => {
    const { ask } = await startService();
    const query = `query ($${ANY}) { ${ENTITIES} ...f ...f } fragment f on Query { ${ENTITIES} }`;
    const { data, errors } = await ask(query, { of: customers(1_500) });
    expect(errors).toEqual([]);
    expect(data?.['_entities']).toHaveLength(1_500);
  });

  it('have keys that no JSON parser has changed (defect 52)', async () => {
    const { url, simulator } = await startService();
    const query = RECORDS.replace('campaignRecords { id }', 'customerId');
    const askFor = async (customerId: string): Promise<{ data: unknown; errors?: GraphResponse['errors'] }> => {
      const of = `[{"__typename":"Customer","customerId":${customerId}}]`;
      const response = await fetch(`${url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', connection: 'close' },
        body: `{"query":${JSON.stringify(query)},"variables":{"of":${of}}}`,
      });
      return (await response.json()) as { data: unknown; errors?: GraphResponse['errors'] };
    };
    for (const key of ['10000000000000000001', '9007199254740993', '1e400', '-1e400', '1.5']) {
      const { errors = [] } = await askFor(key);
      expect(codesOf({ errors }), key).toEqual(['BAD_USER_INPUT']);
      expect(errors[0]?.message, key).toBe(
        'customerId must be a text, or a whole number up to 9,007,199,254,740,991; got another number. Send it as a text.',
      );
    }
    for (const key of ['21839174', '9007199254740991', '"10000000000000000001"']) {
      expect(await askFor(key), key).toEqual({
        data: { _entities: [{ customerId: key.replaceAll('"', '') }] },
      });
    }
    expect(simulator.requestLog.requests).toHaveLength(0);
  });

  it.each<[string, unknown]>([
    ['of no type', [{ customerId: '1' }]],
    ['of an unknown type', [{ __typename: 'Agent', id: '1' }]],
    ['of a type that is not an entity', [{ __typename: 'CampaignOpt' }]],
    ['that are numbers', [5]],
    ['that are lists', [[[]]]],
    ['whose type is an object', [{ __typename: { a: 1 } }]],
    ['named as a prototype', [{ __typename: '__proto__' }]],
  ])('%s are BAD_USER_INPUT', async (_, of) => {
    const { ask, lines } = await startService();
    const answer = await ask('query ($of: [_Any!]!) { _entities(representations: $of) { __typename } }', { of });
    expect(codesOf(answer)).toEqual(['BAD_USER_INPUT']);
    expect(lines.join('')).not.toContain('service.bug');
  });
});

async function idsOf({ ask }: TestService, count: number): Promise<string[]> {
  const ids: string[] = [];
  for (const campaignId of ['4821', '7203']) {
    const { data } = await ask(`{ findCampaignRecords(campaignId: "${campaignId}") { id customerId } }`);
    const records = (data?.['findCampaignRecords'] ?? []) as { id: string; customerId: string | null }[];
    ids.push(...records.filter(({ customerId }) => customerId !== null).map(({ id }) => id));
  }
  return ids.slice(0, count);
}
