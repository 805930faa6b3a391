import { isObjectType, type GraphQLField } from 'graphql';
import { describe, expect, it } from 'vitest';
import { campaign } from '../../support/campaigns.js';
import type { CampaignList } from '../../../src/core/campaign.js';
import { LookupFailure } from '../../../src/core/failure.js';
import { STATUS, createExecutors, iterationsUntil, type Behaviour, type Executors } from '../../support/executors.js';
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

describe('What goes on after a wait', () => {
  /** The iterations of the event loop until 1,000 records have three names of their campaigns. */
  async function iterationsFor(loadCampaigns: () => Promise<never> | CampaignList): Promise<number> {
    const executors = start(10_000_000);
    const { context, end } = executors.begin();
    const resolved = executors.resolve(
      { query: `{ findCampaignRecords(campaignId: "4821") { campaign { ${aliases(3, () => 'name')} } } }` },
      { ...context, loader: { ...context.loader, loadCampaigns } },
    );
    const iterations = await iterationsUntil(resolved);
    expect((await resolved).data?.['findCampaignRecords']).toHaveLength(1_000);
    end();
    return iterations;
  }

  it('is done in parts if many fields wait for a list of campaigns that fails', async () => {
    const list: CampaignList = { campaigns: CAMPAIGNS, sentAt: 0, source: 'wolkvox' };
    const failing = Promise.reject(new LookupFailure('server'));
    failing.catch(() => undefined);
    const known = await iterationsFor(() => list);
    expect(known).toBeLessThan(15);
    // An error has the size of a lookup, and 100 of them fill a part.
    expect(await iterationsFor(() => failing)).toBeGreaterThan(known + 25);
  });

  it('is done in parts if many lookups wait for a call that fails', async () => {
    const iterationsIf = async (behaviour: Behaviour): Promise<number> => {
      const executors = createExecutors({ records: RECORDS, behaviourOf: () => behaviour });
      const a = Array.from({ length: 31 }, () => ({ __typename: 'Customer', customerId: 'C1' }));
      const query = ENTITIES(`... on Customer { ${aliases(100, () => 'latestRecord { calls }')} }`);
      return iterationsUntil(executors.resolve({ query, variables: { a } }));
    };
    expect(await iterationsIf('fails later')).toBeGreaterThan((await iterationsIf('answers later')) + 20);
  });

  it('is refused in parts if many lists are too large', async () => {
    const executors = createExecutors({ records: RECORDS, responseLimitBytes: 2_000_000 });
    const a = Array.from({ length: 20 }, (_, index) => ({ __typename: 'Customer', customerId: `C${index}` }));
    const query = ENTITIES(`... on Customer { ${aliases(100, () => 'campaignRecords { connId }')} }`);
    const resolved = executors.resolve({ query, variables: { a } });
    expect(await iterationsUntil(resolved)).toBeGreaterThan(20);
    expect((await resolved).errors?.length).toBeGreaterThan(10);
  });
});

describe('One object of a response', () => {
  it('may have 1 MB', async () => {
    const executors = start(10_000_000);
    const query = (names: number): string =>
      `{ findCampaignRecords(customerId: "C1") { ${aliases(names, () => 'opts { ...F }')} } }
       fragment F on CampaignOpt { ${aliases(90, () => 'name')} }`;
    expect((await executors.resolve({ query: query(10) })).errors).toBeUndefined();
    const { errors = [] } = await executors.resolve({ query: query(100) });
    expect(errors.map(({ message }) => message)).toEqual([expect.stringContaining('at most 1 MB')]);
  });
});

describe('The state of the service', () => {
  const query = (count: number): string =>
    `{ ${aliases(count, () => 'wolkvoxStatus { version clients { name operations { name calls } } }')} }`;

  it('is read once in an operation', async () => {
    let reads = 0;
    const readStatus = (): typeof STATUS => {
      reads += 1;
      return STATUS;
    };
    const executors = createExecutors({ records: [], readStatus });
    expect((await executors.resolve({ query: query(50) })).errors).toBeUndefined();
    expect(reads).toBe(1);
  });

  it('has lists that count for the response limit', async () => {
    const executors = createExecutors({ records: [], responseLimitBytes: 20_000 });
    expect((await executors.resolve({ query: query(1) })).errors).toBeUndefined();
    const { errors = [] } = await executors.resolve({ query: query(100) });
    expect(errors.length).toBeGreaterThan(0);
    for (const { originalError } of errors) expect(originalError).toMatchObject({ kind: 'response-too-large' });
  });
});
