import { readFileSync } from 'node:fs';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { parse } from 'graphql';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CUSTOMERS, CUSTOMERS_SDL, type Customer } from '../../examples/federation/customers.js';
import type { Subgraph } from '../../examples/federation/gateway.js';
import { serve, type RunningServer } from '../../examples/federation/serve.js';
import { startStack, type Stack } from '../../examples/federation/stack.js';
import { EXAMPLES } from '../../src/simulator/example-people.js';
import { createLog } from '../../src/telemetry/log.js';
import { GATEWAYS, type Gateway } from '../support/gateways.js';
import { askGraph } from '../support/graphql-client.js';

const CAMPAIGNS_SDL = readFileSync(new URL('../../schema/campaigns.graphql', import.meta.url), 'utf8');

/** A subgraph with references to records, and with fields of campaigns. */
const NOTES_SDL = `
  extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])
  type Query { note(recordId: ID!, campaignId: ID!): Note! }
  type Note { text: String! record: CampaignRecord campaign: Campaign }
  type CampaignRecord @key(fields: "id", resolvable: false) { id: ID! }
  type Campaign @key(fields: "campaignId") { campaignId: ID! title: String! }
`;
interface NoteArguments {
  readonly recordId: string;
  readonly campaignId: string;
}
const NOTES = buildSubgraphSchema({
  typeDefs: parse(NOTES_SDL),
  resolvers: {
    Query: {
      note: (_parent: unknown, { recordId, campaignId }: NoteArguments) => ({
        text: 'Call again.',
        record: { id: recordId },
        campaign: { campaignId },
      }),
    },
    Campaign: {
      __resolveReference: ({ campaignId }: { campaignId: string }) => Promise.resolve({ campaignId }),
      title: ({ campaignId }: { campaignId: string }) => `Title of ${campaignId}`,
    },
  },
});

/** Ten more customers. None of them is in a campaign. */
const STRANGERS: Customer[] = Array.from({ length: 10 }, (_, index) => ({
  customerId: `${20_000_001 + index}`,
  name: `Stranger ${index}`,
  email: null,
  segment: 'prospect',
}));

const { inSeveralCampaigns, twiceInOneCampaign } = EXAMPLES;

let notes: RunningServer;
let stack: Stack;

beforeAll(async () => {
  notes = await serve({ server: { schema: NOTES }, port: 0 });
  stack = await startStack({
    log: createLog({ level: 'silent', secrets: [] }),
    simulator: { latency: { minMs: 5, maxMs: 15 } },
    // Each test counts its calls, so nothing is cached and the quota is not asked for.
    environment: {
      CACHE_TTL_SECONDS: '0',
      CAMPAIGNS_TTL_SECONDS: '0',
      CACHE_STALE_SECONDS: '0',
      WOLKVOX_QUOTA_SYNC_MINUTES: '0',
      WOLKVOX_DAILY_LIMIT: '9000',
    },
    customers: [...CUSTOMERS, ...STRANGERS],
  });
});

afterAll(async () => {
  await stack.stop();
  await notes.stop();
});

beforeEach(() => stack.simulator.requestLog.reset());
afterEach(() => {
  stack.simulator.faults.clear();
  stack.simulator.respondWith(null);
});

describe.each(Object.entries(GATEWAYS))('%s over three subgraphs', (_, start) => {
  let gateway: Gateway;
  const askGateway = (query: string, variables?: object) => askGraph(gateway.url, query, variables);

  beforeAll(async () => {
    const subgraph = (name: string, url: string, sdl: string): Subgraph => ({ name, url: `${url}/graphql`, sdl });
    gateway = await start([
      subgraph('campaigns', stack.urls.campaigns, CAMPAIGNS_SDL),
      subgraph('customers', stack.urls.customers, CUSTOMERS_SDL),
      subgraph('notes', notes.url, NOTES_SDL),
    ]);
  });

  afterAll(() => gateway.stop());

  it('joins the three subgraphs: the records of a customer, and the customer and the campaign of each record', async () => {
    const answer = await askGateway(
      `query ($customerId: ID!) {
        customer(customerId: $customerId) {
          name
          campaignRecords { campaignId campaign { campaignId title } customer { customerId name email } }
        }
      }`,
      { customerId: inSeveralCampaigns.customerId },
    );

    const name = 'María Fernanda Gómez Ríos';
    const customer = { customerId: inSeveralCampaigns.customerId, name, email: 'maria.gomez@example.com' };
    expect(answer).toMatchObject({
      errors: [],
      data: {
        customer: {
          name,
          campaignRecords: inSeveralCampaigns.campaignIds.map((campaignId) => ({
            campaignId,
            campaign: { campaignId, title: `Title of ${campaignId}` },
            customer,
          })),
        },
      },
    });
    expect(stack.simulator.requestLog.requests).toHaveLength(1);
  });

  it('resolves a record and a campaign from the keys that another subgraph has', async () => {
    const found = await askGateway(
      `query ($customerId: ID!, $campaignId: ID!) {
        findCampaignRecords(customerId: $customerId, campaignId: $campaignId) { id connId campaign { title } }
      }`,
      twiceInOneCampaign,
    );
    const [first, second] = found.data?.['findCampaignRecords'] as { id: string; connId: string; campaign: object }[];
    expect(first?.campaign).toEqual({ title: 'Title of 7203' });
    expect(second?.id).not.toBe(first?.id);

    const answer = await askGateway(
      `query ($recordId: ID!, $campaignId: ID!, $phone: String!) {
        note(recordId: $recordId, campaignId: $campaignId) {
          text
          record { connId customerName }
          campaign { title findRecords(phone: $phone) { id } }
        }
      }`,
      { recordId: second?.id, campaignId: twiceInOneCampaign.campaignId, phone: twiceInOneCampaign.phone },
    );
    expect(answer).toMatchObject({
      errors: [],
      data: {
        note: {
          text: 'Call again.',
          record: { connId: second?.connId, customerName: 'Andrés Felipe' },
          campaign: { title: 'Title of 7203', findRecords: [{ id: first?.id }, { id: second?.id }] },
        },
      },
    });
  });

  it('resolves the fields of an unknown record to null, and answers the other fields', async () => {
    const answer = await askGateway(
      `{
        unknown: note(recordId: "unknown-id", campaignId: "7203") { text record { customerName } }
        customer(customerId: "${twiceInOneCampaign.customerId}") { name }
      }`,
    );

    expect(answer).toMatchObject({
      errors: [],
      data: {
        unknown: { text: 'Call again.', record: { customerName: null } },
        customer: { name: 'Andrés Felipe Cárdenas Muñoz' },
      },
    });
  });

  it('shows no type of federation, of a tool or of a directive', async () => {
    const { data, errors } = await askGateway('{ __schema { types { name } directives { name } } }');
    expect(errors).toEqual([]);
    const { types } = data?.['__schema'] as Record<'types' | 'directives', { name: string }[]>;
    const names = types.map(({ name }) => name).filter((name) => !name.startsWith('__'));
    expect(names).toEqual(expect.arrayContaining(['CampaignRecord', 'WolkvoxStatus', 'RecordOrder', 'Note']));
    expect(names.filter((name) => name.includes('_') || /^CacheControl/.test(name))).toEqual([]);
  });

  it('resolves the fields of the campaign of a record, of any campaign, and of the list of campaigns', async () => {
    const answer = await askGateway(
      `query ($customerId: ID!) {
        findCampaignRecords(customerId: $customerId) { campaign { campaignId name title status } }
        note(recordId: "unknown-id", campaignId: "4821") { campaign { name type recordCount } }
        campaigns { campaignId name title }
      }`,
      { customerId: twiceInOneCampaign.customerId },
    );
    const name = 'Cartera temprana 1 a 30';
    const campaign = { campaignId: '7203', name, title: 'Title of 7203', status: 'STARTED' };
    expect(answer).toMatchObject({
      errors: [],
      data: {
        findCampaignRecords: [{ campaign }, { campaign }],
        note: { campaign: { name: 'Bienvenida clientes nuevos', recordCount: expect.any(Number) as number } },
        campaigns: expect.arrayContaining([{ campaignId: '7203', name, title: 'Title of 7203' }]) as unknown[],
      },
    });
  });

  it('resolves the fields of an unknown campaign to null without an error', async () => {
    const answer = await askGateway(
      '{ note(recordId: "unknown-id", campaignId: "123") { campaign { campaignId name type status title } } }',
    );
    expect(answer).toMatchObject({
      errors: [],
      data: {
        note: { campaign: { campaignId: '123', name: null, type: null, status: null, title: 'Title of 123' } },
      },
    });
  });

  it('resolves the fields of campaigns to null with an error if the list cannot be read, and has the records', async () => {
    stack.simulator.respondWith(({ api }) =>
      api === 'campaigns' ? { status: 200, body: 'no list', headers: {} } : undefined,
    );
    const answer = await askGateway(
      '{ note(recordId: "unknown-id", campaignId: "7203") { campaign { name title findRecords(phone: "3067150482") { customerId } } } }',
    );
    expect(answer.data).toEqual({
      note: {
        campaign: {
          name: null,
          title: 'Title of 7203',
          findRecords: Array(2).fill({ customerId: twiceInOneCampaign.customerId }),
        },
      },
    });
    expect(answer.errors).toEqual([
      expect.objectContaining({
        extensions: expect.objectContaining({ code: 'UPSTREAM_MALFORMED', retryable: false }) as object,
      }),
    ]);
  });

  it('answers questions about a customer who is in no campaign, and keeps the error code of a wrong key', async () => {
    const { data, errors } = await askGateway(
      `query ($customerIds: [ID!]!) {
        customers(customerIds: $customerIds) {
          campaignRecords(orderBy: DATE_DESC) { id }
          latestRecord { id }
          isInCampaign(campaignId: "4821")
        }
        note(recordId: "unknown-id", campaignId: "x") { campaign { name findRecords { id } } }
      }`,
      { customerIds: [STRANGERS[0]?.customerId] },
    );
    expect(data).toEqual({
      customers: [{ campaignRecords: [], latestRecord: null, isInCampaign: false }],
      note: { campaign: { name: null, findRecords: null } },
    });
    expect(errors).toEqual([
      expect.objectContaining({
        extensions: expect.objectContaining({ code: 'BAD_USER_INPUT', retryable: false }) as object,
      }),
    ]);
  });

  it('shows the state of the service, which causes no call', async () => {
    const answer = await askGateway(
      `{ wolkvoxStatus {
        version circuit redis queue { waiting running concurrency }
        dailyQuota { limit used remaining } clients { name calls operations { name calls } }
      } }`,
    );
    const count = expect.any(Number) as number;
    expect(answer).toMatchObject({
      errors: [],
      data: {
        wolkvoxStatus: {
          version: expect.stringMatching(/^\d+\./) as string,
          circuit: 'CLOSED',
          redis: null,
          queue: { waiting: 0, running: 0, concurrency: 2 },
          dailyQuota: { limit: 9_000, used: count, remaining: count },
          clients: [{ name: 'unnamed', calls: count }],
        },
      },
    });
    expect(stack.simulator.requestLog.requests).toEqual([]);
  });

  it('keeps the error code of wrong input', async () => {
    const answer = await askGateway('{ findCampaignRecords(phone: "12") { id } }');
    expect(answer.data?.['findCampaignRecords'] ?? null).toBeNull();
    expect(answer.errors).toEqual([
      expect.objectContaining({
        message: expect.stringMatching(/^phone must contain/) as string,
        extensions: expect.objectContaining({ code: 'BAD_USER_INPUT', retryable: false }) as object,
      }),
    ]);
  });

  it('sends one call for each different lookup', async () => {
    const customerIds = Array.from({ length: 50 }, (_, index) => STRANGERS[index % STRANGERS.length]?.customerId);

    const answer = await askGateway(
      `query ($customerIds: [ID!]!) {
        customers(customerIds: $customerIds) { name campaignRecords { campaignId } }
      }`,
      { customerIds },
    );

    expect(answer).toMatchObject({
      errors: [],
      data: {
        customers: customerIds.map((_, index) => ({
          name: STRANGERS[index % STRANGERS.length]?.name,
          campaignRecords: [],
        })),
      },
    });
    expect(stack.simulator.requestLog.requests).toHaveLength(10);
    expect(stack.simulator.requestLog.mostAtOnce).toBe(2);
  });

  it('returns the other fields and the extensions of the error if one lookup fails', async () => {
    // Calls pause for two seconds after it, so this test is the last one of a gateway.
    stack.simulator.faults.always('429-seconds', { when: { customerId: twiceInOneCampaign.customerId } });

    const answer = await askGateway(
      `query ($customerIds: [ID!]!) {
        customers(customerIds: $customerIds) { name campaignRecords { campaignId } }
      }`,
      { customerIds: [inSeveralCampaigns.customerId, twiceInOneCampaign.customerId] },
    );

    expect(answer.data).toEqual({
      customers: [
        {
          name: 'María Fernanda Gómez Ríos',
          campaignRecords: inSeveralCampaigns.campaignIds.map((campaignId) => ({ campaignId })),
        },
        { name: 'Andrés Felipe Cárdenas Muñoz', campaignRecords: null },
      ],
    });
    expect(answer.errors).toEqual([
      expect.objectContaining({
        message: 'Wolkvox asks for fewer requests (HTTP 429). Try again later.',
        extensions: expect.objectContaining({
          code: 'UPSTREAM_BUSY',
          retryable: true,
          retryAfterSeconds: expect.any(Number) as number,
        }) as object,
      }),
    ]);
    expect(JSON.stringify(answer.errors)).not.toMatch(/stacktrace|node_modules/);
  });
});

it('causes ten calls with fifty representations of ten customers', async () => {
  const representations = Array.from({ length: 50 }, (_, index) => ({
    __typename: 'Customer',
    customerId: STRANGERS[index % STRANGERS.length]?.customerId,
  }));

  const answer = await askGraph(
    `${stack.urls.campaigns}/graphql`,
    `query ($representations: [_Any!]!) {
      _entities(representations: $representations) { ... on Customer { campaignRecords { campaignId } } }
    }`,
    { representations },
  );

  expect(answer).toMatchObject({
    errors: [],
    data: { _entities: representations.map(() => ({ campaignRecords: [] })) },
  });
  expect(stack.simulator.requestLog.requests).toHaveLength(10);
});
