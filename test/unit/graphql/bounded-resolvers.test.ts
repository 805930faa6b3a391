import { isObjectType, type GraphQLField } from 'graphql';
import { describe, expect, it } from 'vitest';
import { campaign } from '../../support/campaigns.js';
import { createExecutors, iterationsUntil, type Executors } from '../../support/executors.js';
import { campaignRecord } from '../../support/record.js';

const LIMIT = 200_000;
const RECORDS = Array.from({ length: 1_000 }, (_, index) =>
  campaignRecord({ customerId: `C${index}`, connId: 'x'.repeat(500) }),
);
const CAMPAIGNS = Array.from({ length: 2_000 }, (_, index) =>
  campaign({ campaignId: `${100_000 + index}`, name: 'A campaign' }),
);

function start(responseLimitBytes = LIMIT): Executors {
  return createExecutors({ records: RECORDS, campaigns: CAMPAIGNS, responseLimitBytes });
}

function fieldsOf({ executable }: Executors): GraphQLField<unknown, unknown>[] {
  const types = Object.values(executable.schema.getTypeMap()).filter(isObjectType);
  return types.flatMap((type) => Object.values(type.getFields()));
}

function aliases(count: number, write: (index: number) => string): string {
  return Array.from({ length: count }, (_, index) => `a${index}: ${write(index)}`).join(' ');
}

/** The ids of the first records. */
function idsOf({ ids }: Executors, count: number): string[] {
  return RECORDS.slice(0, count).map((_, index) => ids.idOf({ records: RECORDS, sentAt: 0, source: 'wolkvox' }, index));
}

const ENTITIES = (selection: string): string =>
  `query ($a: [_Any!]!) { _entities(representations: $a) { ${selection} } }`;

describe('The bounded resolvers', () => {
  it('count all of these before they are resolved, and refuse what is too large', async () => {
    const executors = start();
    const representations = {
      records: idsOf(executors, 400).map((id) => ({ __typename: 'CampaignRecord', id })),
      customers: RECORDS.map(({ customerId }) => ({ __typename: 'Customer', customerId })),
      campaigns: CAMPAIGNS.map(({ campaignId }) => ({ __typename: 'Campaign', campaignId })),
    };
    const names = aliases(20, () => 'campaignId');
    const customerNames = aliases(20, () => 'customerId');
    const large: [string, string, object?][] = [
      ['a list of records', '{ findCampaignRecords(campaignId: "4821") { connId } }'],
      ['a list of campaigns', `{ campaigns { ${names} } }`],
      [
        'the latest records',
        `{ ${aliases(400, (index) => `findCampaignRecords(customerId: "C${index}") { customer { latestRecord { connId } } }`)} }`,
      ],
      ['entities that are records', ENTITIES('... on CampaignRecord { connId }'), representations.records],
      ['entities that are customers', ENTITIES(`... on Customer { ${customerNames} }`), representations.customers],
      ['entities that are campaigns', ENTITIES(`... on Campaign { ${names} }`), representations.campaigns],
      ['the SDL', `{ ${aliases(40, () => '_service { sdl }')} }`],
    ];
    for (const [what, query, a] of large) {
      const { errors = [] } = await executors.resolve({ query, variables: { a } });
      expect(errors.length, what).toBeGreaterThan(0);
      for (const { originalError } of errors) {
        expect(originalError, what).toMatchObject({ kind: 'response-too-large' });
      }
    }
  });

  it('accept the same within the limit, and count it until the response is taken', async () => {
    const executors = start(2 * LIMIT);
    const small: [string, object?][] = [
      ['{ findCampaignRecords(customerId: "C1") { connId customer { latestRecord { connId } } } }'],
      ['{ campaigns { campaignId } }'],
      ['{ _service { sdl } }'],
      [
        ENTITIES('... on CampaignRecord { connId } ... on Customer { customerId } ... on Campaign { campaignId }'),
        [
          ...idsOf(executors, 2).map((id) => ({ __typename: 'CampaignRecord', id })),
          { __typename: 'CampaignRecord', id: 'unknown' },
          { __typename: 'Customer', customerId: 'C1' },
          { __typename: 'Campaign', campaignId: '4821' },
        ],
      ],
    ];
    for (const [query, a] of small) {
      const { context, end } = executors.begin();
      const { data, errors } = await executors.resolve({ query, variables: { a } }, context);
      expect(errors, query).toBeUndefined();
      const real = JSON.stringify(data).length;
      expect(executors.responseLimits.bytesInFlight(), query).toBeGreaterThan(0.8 * real);
      end();
      expect(executors.responseLimits.bytesInFlight()).toBe(0);
    }
  });

  it('resolve a long list in parts, and timers run between them', async () => {
    const executors = start(100_000_000);
    const resolved = executors.resolve({
      query: '{ findCampaignRecords(campaignId: "4821") { connId opts { value } } }',
    });
    expect(await iterationsUntil(resolved)).toBeGreaterThan(2);
    expect((await resolved).data?.['findCampaignRecords']).toHaveLength(RECORDS.length);
  });

  it('are put around lists of records, entities and the SDL; the text executor has the resolvers without them', () => {
    const executors = start();
    const { resolvers } = executors.executable;
    const bounded = fieldsOf(executors).filter(
      (field) => resolvers.has(field) && resolvers.get(field) !== field.resolve,
    );
    const names = bounded.map(({ name }) => name).sort();
    expect(names).toEqual(
      [
        '_entities',
        '_service',
        'campaignRecords',
        'campaigns',
        'clients',
        'description',
        'findCampaignRecords',
        'findRecords',
        'isInCampaign',
        'lastUsedAt',
        'latestRecord',
        'name',
        'operations',
        'recordCount',
        'status',
        'type',
      ].sort(),
    );
    // No field with the default resolver is in the map.
    for (const field of fieldsOf(executors)) expect(resolvers.has(field)).toBe(field.resolve !== undefined);
  });

  it('let one entity fail by itself', async () => {
    const executors = start();
    const a = [
      { __typename: 'Nobody' },
      { __typename: 'Customer', customerId: 2 ** 60 },
      { __typename: 'Customer', customerId: 'C1' },
    ];
    const { data, errors } = await executors.resolve({
      query: ENTITIES('... on Customer { customerId }'),
      variables: { a },
    });
    expect(data).toEqual({ _entities: [null, null, { customerId: 'C1' }] });
    expect(errors?.map(({ path }) => path)).toEqual([
      ['_entities', 0],
      ['_entities', 1],
    ]);
  });
});
