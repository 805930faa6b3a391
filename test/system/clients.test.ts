import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, describe, expect, expectTypeOf, it, onTestFinished, vi } from 'vitest';
import { createApolloClient, findCustomer, retryDelayMs } from '../../examples/clients/apollo-client.js';
import {
  FindCustomerDocument,
  FindInCampaignDocument,
  FindManyPeopleDocument,
  FindPersonDocument,
  PartialAnswerDocument,
  type CallOutcome,
} from '../../examples/clients/generated/graphql.js';
import { ask, createRequestClient } from '../../examples/clients/graphql-request.js';
import { startTickets, TICKETS_SDL } from '../../examples/clients/tickets.js';
import { createUrqlClient, createUrqlClientForGet, findPerson } from '../../examples/clients/urql.js';
import { createGateway } from '../../examples/federation/gateway.js';
import { serve } from '../../examples/federation/serve.js';
import { EXAMPLES } from '../../src/simulator/example-people.js';
import { askGraph, type GraphResponse } from '../support/graphql-client.js';
import { startService, type TestService, type TestServiceOptions } from '../support/service.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const CAMPAIGNS_SDL = readFileSync(`${ROOT}schema/campaigns.graphql`, 'utf8');
const { inSeveralCampaigns, twiceInOneCampaign, undialled } = EXAMPLES;
const PARTIAL = { phone: undialled.phone, noPhone: 'call me' };

const run = promisify(execFile);

/** Starts a service that ends at once, although the clients leave their connections open. */
function start(options: TestServiceOptions = {}): Promise<TestService> {
  return startService({ ...options, env: { DRAIN_GRACE_MS: '0' } });
}

/** What a client sent, and what it got. */
interface Exchange {
  readonly url: string;
  readonly init: RequestInit;
  readonly response: Partial<Pick<GraphResponse, 'data' | 'errors'>>;
}

/** Records what clients send by `fetch` in this test. */
function recordExchanges(): Exchange[] {
  const exchanges: Exchange[] = [];
  const { fetch } = globalThis;
  vi.stubGlobal('fetch', async (url: string, init: RequestInit) => {
    const response = await fetch(url, init);
    exchanges.push({ url, init, response: (await response.clone().json()) as Exchange['response'] });
    return response;
  });
  return exchanges;
}

afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

function errorsOf(exchanges: readonly Exchange[]): (readonly Record<string, unknown>[])[] {
  return exchanges.map(({ response: { errors = [] } }) => errors.map(({ extensions }) => extensions));
}

describe('The recipe for Apollo Client', () => {
  const open = ({ url }: TestService): ReturnType<typeof createApolloClient> => createApolloClient(`${url}/graphql`);

  it('finds a customer, and its types are those of the schema', async () => {
    const client = open(await start());

    const records = await findCustomer(client, inSeveralCampaigns.phone);

    expect(records?.map(({ campaign }) => campaign?.campaignId)).toEqual(inSeveralCampaigns.campaignIds);
    const [record] = records?.[0]?.customer?.campaignRecords ?? [];
    expect(record?.outcome).toBe('ANSWER');
    expectTypeOf(record?.outcome).toEqualTypeOf<CallOutcome | null | undefined>();
    expectTypeOf(record?.date).toEqualTypeOf<string | null | undefined>();
    expect(await findCustomer(client, EXAMPLES.nobody.phone)).toEqual([]);
  });

  it('caches each record, customer and campaign under its own key, and nothing else', async () => {
    const service = await start();
    const client = open(service);
    const people = [inSeveralCampaigns, twiceInOneCampaign];
    for (const { phone } of people) {
      await findCustomer(client, phone);
      await client.query({ query: FindPersonDocument, variables: { phone } });
    }

    const { ROOT_QUERY, ...entities } = client.cache.extract() as Record<string, Record<string, unknown>>;
    const records = await Promise.all(
      people.map(async ({ phone }) => {
        const query = `{ findCampaignRecords(phone: "${phone}") { id campaignId customerId customerName opts { name value } phones { number } } }`;
        return (await service.ask(query)).data?.['findCampaignRecords'] as Record<string, string>[];
      }),
    );
    const expected = records
      .flat()
      .flatMap(({ id = '', campaignId = '', customerId = '' }) => [
        `CampaignRecord:${id}`,
        `Campaign:{"campaignId":"${campaignId}"}`,
        `Customer:{"customerId":"${customerId}"}`,
      ]);
    expect(Object.keys(entities).sort()).toEqual([...new Set(expected)].sort());
    for (const { id = '', ...fields } of records.flat()) {
      expect(entities[`CampaignRecord:${id}`]).toMatchObject(fields);
    }
    expect(Object.keys(ROOT_QUERY ?? {}).filter((key) => key !== '__typename')).toHaveLength(people.length);
    expect(records.map(({ length }) => length)).toEqual([3, 2]);
  });

  it('gets the field that was answered and the error of the other one, and asks again the next time', async () => {
    const service = await start();
    const client = open(service);

    for (const time of ['first', 'second']) {
      const { data, error } = await client.query({ query: PartialAnswerDocument, variables: PARTIAL });
      expect(data, time).toMatchObject({ wrong: null, right: [{ customerName: 'Luz Marina' }] });
      expect(error, time).toMatchObject({ errors: [{ extensions: { code: 'BAD_USER_INPUT' } }] });
    }
    expect(service.simulator.requestLog.requests).toHaveLength(1);
  });

  it('sends an operation again after a failure that may pass, and gets its answer', async () => {
    const service = await start();
    const exchanges = recordExchanges();
    // The service makes a second attempt itself.
    service.simulator.faults.next('503', { times: 2 });

    const records = await findCustomer(open(service), undialled.phone);

    expect(errorsOf(exchanges)).toEqual([[{ code: 'UPSTREAM_UNAVAILABLE', retryable: true }], []]);
    expect(records).toMatchObject([{ customerName: 'Luz Marina' }]);
  });

  it('waits for retryAfterSeconds, and does not repeat what cannot succeed', async () => {
    const probeDelays = { firstMs: 2_000, maxMs: 2_000, tokenMs: 2_000 };
    const service = await start({ probeDelays });
    const exchanges = recordExchanges();
    vi.spyOn(Math, 'random').mockReturnValue(0);
    const client = open(service);

    service.simulator.faults.next('token-refused');
    expect(await findCustomer(client, undialled.phone)).toBeNull();
    expect(errorsOf(exchanges)).toEqual([[{ code: 'UPSTREAM_REFUSED', retryable: false }]]);

    // The circuit is open for two seconds. An operation that comes earlier fails.
    expect(await findCustomer(client, undialled.phone)).toMatchObject([{ customerName: 'Luz Marina' }]);
    expect(errorsOf(exchanges).slice(1)).toEqual([
      [{ code: 'UPSTREAM_UNAVAILABLE', retryable: true, retryAfterSeconds: 2 }],
      [],
    ]);
  });

  it.each<[string, readonly object[], number | undefined]>([
    ['a second without a time', [{ retryable: true }], 1_000],
    ['the longest time', [{ retryable: true, retryAfterSeconds: 3 }, { retryable: true }], 3_000],
    ['no time of an error that stays', [{ retryable: false, retryAfterSeconds: 9 }, { retryable: true }], 1_000],
    ['not at all for an error that stays', [{ retryable: false, retryAfterSeconds: 9 }], undefined],
    ['not at all for an error without extensions', [{}], undefined],
    ['not at all if nobody would wait that long', [{ retryable: true, retryAfterSeconds: 60 }], undefined],
  ])('waits: %s', (_, extensions, expected) => {
    vi.spyOn(Math, 'random').mockReturnValue(0);
    expect(retryDelayMs(extensions.map((one) => ({ message: '', extensions: { ...one } })))).toBe(expected);
  });
});

describe('The recipe for urql', () => {
  it('sends POST, with the phone in the body', async () => {
    const { url } = await start();
    const exchanges = recordExchanges();

    const { records, error } = await findPerson(createUrqlClient(`${url}/graphql`), inSeveralCampaigns.phone);

    expect(error).toBeUndefined();
    expect(records?.map(({ campaignId }) => campaignId)).toEqual(inSeveralCampaigns.campaignIds);
    expectTypeOf(records).toExtend<readonly { readonly fetchedAt: string }[] | null | undefined>();
    expect(exchanges.map((one) => [one.url, one.init.method])).toEqual([[`${url}/graphql`, 'POST']]);
  });

  it('gets the field that was answered and the error of the other one', async () => {
    const { url } = await start();
    const { data, error } = await createUrqlClient(`${url}/graphql`).query(PartialAnswerDocument, PARTIAL).toPromise();
    expect(data).toMatchObject({ wrong: null, right: [{ customerName: 'Luz Marina' }] });
    expect(error?.graphQLErrors.map(({ extensions }) => extensions['code'])).toEqual(['BAD_USER_INPUT']);
  });

  it('sends GET with a header, without which the service refuses it', async () => {
    const { url, get } = await start();
    const exchanges = recordExchanges();
    const { campaignId, customerId } = twiceInOneCampaign;

    const client = createUrqlClientForGet(`${url}/graphql`);
    const { data } = await client.query(FindInCampaignDocument, { campaignId, customerId }).toPromise();

    expect(data?.findCampaignRecords).toHaveLength(2);
    const [exchange] = exchanges;
    expect(exchange?.init.method).toBe('GET');
    const address = exchange?.url.slice(url.length) ?? '';
    expect((await get(address)).status).toBe(400);
    expect((await get(address, { 'x-apollo-operation-name': 'FindInCampaign' })).status).toBe(200);
  });
});

describe('The recipe for graphql-request', () => {
  it('answers an operation with the types that codegen wrote', async () => {
    const { url } = await start();
    const client = createRequestClient(`${url}/graphql`);

    const { data, errors } = await ask(client, FindPersonDocument, { phone: inSeveralCampaigns.phone });

    expect(errors).toEqual([]);
    const [record] = data.findCampaignRecords ?? [];
    expect(record?.customerName).toBe('María Fernanda');
    expectTypeOf(record?.fetchedAt).toEqualTypeOf<string | undefined>();
    expect(Date.parse(record?.fetchedAt ?? '')).toBeGreaterThan(0);
  });

  it('gets the field that was answered and the error of the other one', async () => {
    const { url } = await start();
    const { data, errors } = await ask(createRequestClient(`${url}/graphql`), PartialAnswerDocument, PARTIAL);
    expect(data).toMatchObject({ wrong: null, right: [{ customerName: 'Luz Marina' }] });
    expect(errors.map(({ extensions }) => extensions['code'])).toEqual(['BAD_USER_INPUT']);
  });
});

describe('The recipe for a subgraph', () => {
  it('joins customers and campaigns through a gateway, in both directions', async () => {
    const service = await start();
    const tickets = await startTickets(0);
    onTestFinished(() => tickets.stop());
    const gateway = createGateway([
      { name: 'campaigns', url: `${service.url}/graphql`, sdl: CAMPAIGNS_SDL },
      { name: 'tickets', url: tickets.url, sdl: TICKETS_SDL },
    ]);
    const server = await serve({ server: { gateway }, port: 0 });
    onTestFinished(() => server.stop());

    const answer = await askGraph(
      `${server.url}/graphql`,
      `query ($phone: String!) {
        ticket(id: "1") {
          customer { customerId campaignRecords { campaignId outcome } }
          campaign { findRecords(phone: $phone) { outcome } }
        }
        findCampaignRecords(phone: $phone, campaignId: "4821") {
          customer { tickets { id } }
          campaign { tickets { subject } }
        }
      }`,
      { phone: inSeveralCampaigns.phone },
    );

    expect(answer).toMatchObject({
      errors: [],
      data: {
        ticket: {
          customer: {
            customerId: inSeveralCampaigns.customerId,
            campaignRecords: inSeveralCampaigns.campaignIds.map((campaignId) => ({ campaignId })),
          },
          campaign: { findRecords: [{ outcome: 'ANSWER' }] },
        },
        findCampaignRecords: [
          {
            customer: { tickets: [{ id: '1' }, { id: '3' }] },
            campaign: { tickets: [{ subject: 'The card has not arrived.' }] },
          },
        ],
      },
    });
  });
});

describe('The command of docs/clients.md', () => {
  it('prints what each client finds', async () => {
    const { url } = await start();
    const [, command = ''] = /^```sh\n(.+)\n```$/m.exec(readFileSync(`${ROOT}docs/clients.md`, 'utf8')) ?? [];
    const args = ['-c', `${command} "$0" "$1"`, `${url}/graphql`, twiceInOneCampaign.phone];
    const { stdout } = await run('/bin/sh', args, { cwd: ROOT });
    expect(stdout.split('\n')).toEqual([
      'Apollo Client: 2 records of a customer',
      'Apollo Client: 2 records of a customer',
      'urql: 2 records with the phone',
      'graphql-request: 2 records with the phone',
      '',
    ]);
  });
});

describe('scripts/trusted-documents.mjs', () => {
  it('prints the documents that Apollo Client sends, with their SHA-256, and not that of routers', async () => {
    const { stdout } = await run(process.execPath, ['scripts/trusted-documents.mjs'], { cwd: ROOT });
    const manifest = JSON.parse(stdout) as {
      readonly format: string;
      readonly version: number;
      readonly operations: readonly Record<'id' | 'body' | 'name' | 'type', string>[];
    };
    expect(manifest).toMatchObject({ format: 'apollo-persisted-query-manifest', version: 1 });
    for (const { id, body, type } of manifest.operations) {
      expect([id, type]).toEqual([createHash('sha256').update(body).digest('hex'), 'query']);
    }
    expect(manifest.operations.map(({ name }) => name)).toContain('FindInCampaign');
    expect(manifest.operations.map(({ name }) => name)).not.toContain('RouterEntities');

    const { url } = await start();
    const client = createApolloClient(`${url}/graphql`);
    const exchanges = recordExchanges();
    await client.query({ query: FindCustomerDocument, variables: { phone: undialled.phone } });
    const { phone } = undialled;
    const variables = { maria: phone, mariaToo: phone, jorge: phone, family: phone, nobody: phone };
    await client.query({ query: FindManyPeopleDocument, variables });
    const sent = exchanges.map(({ init }) => (JSON.parse(init.body as string) as { query: string }).query);
    expect(manifest.operations.map(({ body }) => body)).toEqual(expect.arrayContaining(sent));
    expect(sent).toHaveLength(2);
  });
});
