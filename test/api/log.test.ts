import { get } from 'node:http';
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { createMovableClock } from '../support/clock.js';
import { codesOf } from '../support/graphql-client.js';
import { askAndLeave, logLines, startService, type TestService } from '../support/service.js';

const SECRET = 'secret-of-the-router-0123456789';
const FIND = 'query Find { findCampaignRecords(customerId: "21839174") { id } }';
const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';

/** Sends a body to `/graphql`, and returns the HTTP status. */
async function post({ url }: TestService, body: string, headers: Record<string, string> = {}): Promise<number> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', connection: 'close', ...headers },
    body,
  });
  await response.text();
  return response.status;
}

/** The counts of `graphql_errors_total` above 0. */
async function errorCounts(service: TestService, headers = {}): Promise<Record<string, number>> {
  const text = await (await service.get('/metrics', headers)).text();
  const counts = [...text.matchAll(/^graphql_errors_total\{code="(\w+)"\} (\d+)$/gm)];
  return Object.fromEntries(
    counts.filter(([, , count]) => count !== '0').map(([, code, count]) => [code, Number(count)]),
  ) as Record<string, number>;
}

describe('an operation that failed', () => {
  it('is one line at the level warn, with its code, its name and how long it took', async () => {
    const service = await startService();
    service.simulator.faults.always('503');
    await service.ask(
      `query FindTwo {
        a: findCampaignRecords(customerId: "21839174") { id }
        b: findCampaignRecords(customerId: "21839175") { id }
        c: findCampaignRecords(phone: "1") { id }
      }`,
    );
    expect(logLines(service, 'operation.failed')).toEqual([
      expect.objectContaining({
        level: 'warn',
        code: 'UPSTREAM_UNAVAILABLE',
        codes: ['BAD_USER_INPUT 1', 'UPSTREAM_UNAVAILABLE 2'],
        operationName: 'FindTwo',
        ms: expect.any(Number) as number,
        msg: 'The response to an operation has errors.',
      }),
    ]);
    expect(await errorCounts(service)).toEqual({ BAD_USER_INPUT: 1, UPSTREAM_UNAVAILABLE: 2 });
  });

  it.each<[string, string, string, number]>([
    [
      'a criterion that is not valid',
      '{"query":"{ findCampaignRecords(phone: \\"1\\") { id } }"}',
      'BAD_USER_INPUT',
      200,
    ],
    [
      'a variable of the wrong type',
      '{"query":"query ($a: Int) { __typename @skip(if: true) findCampaignRecords(phone: \\"1234567\\", maxAge: $a) { id } }","variables":{"a":"x"}}',
      'BAD_USER_INPUT',
      400,
    ],
    ['an unknown field', '{"query":"{ unknown }"}', 'GRAPHQL_VALIDATION_FAILED', 400],
    [
      'a document beyond a limit',
      JSON.stringify({ query: `{ ${'a { '.repeat(40)} b ${'} '.repeat(40)} }` }),
      'GRAPHQL_VALIDATION_FAILED',
      400,
    ],
    ['a document that is not GraphQL', '{"query":"{"}', 'GRAPHQL_PARSE_FAILED', 400],
    [
      'an unknown operation',
      '{"query":"query A { __typename } query B { __typename }","operationName":"C"}',
      'OPERATION_RESOLUTION_FAILURE',
      400,
    ],
    [
      'a persisted query',
      '{"extensions":{"persistedQuery":{"version":1,"sha256Hash":"abc"}}}',
      'PERSISTED_QUERY_NOT_SUPPORTED',
      200,
    ],
    ['a body that is not JSON', '{', 'BAD_REQUEST', 400],
    ['a batch', '[]', 'BAD_REQUEST', 400],
    ['an empty object', '{}', 'BAD_REQUEST', 400],
  ])('by %s is counted, and is one line at the level info', async (_, body, code, status) => {
    const service = await startService();
    expect(await post(service, body)).toBe(status);
    expect(await errorCounts(service)).toEqual({ [code]: 1 });
    expect(logLines(service, 'operation.failed')).toEqual([expect.objectContaining({ level: 'info', code })]);
  });

  it('by a bug is counted, and is one line at the level warn', async () => {
    const clock = createMovableClock();
    const service = await startService({ clock });
    const epochMs = clock.epochMs.bind(clock);
    clock.epochMs = () => {
      throw new TypeError('a bug of a test');
    };
    expect(codesOf(await service.ask('{ __typename }'))).toEqual(['INTERNAL_SERVER_ERROR']);
    clock.epochMs = epochMs;
    expect(await errorCounts(service)).toEqual({ INTERNAL_SERVER_ERROR: 1 });
    const [line] = logLines(service, 'operation.failed');
    expect(line).toMatchObject({ level: 'warn', code: 'INTERNAL_SERVER_ERROR' });
  });

  it('is not reported if the client left before the response', async () => {
    const service = await startService({ env: { REQUEST_DEADLINE_MS: '2000' } });
    await askAndLeave(service, FIND);
    expect(codesOf(await service.ask('{ findCampaignRecords { id } }'))).toEqual(['BAD_USER_INPUT']);
    expect(await errorCounts(service)).toEqual({ BAD_USER_INPUT: 1 });
    expect(logLines(service, 'operation.failed')).toHaveLength(1);
  });

  it.each([
    ['a number in its name', 'Find_3064821975_of', 'Find_0_of'],
    ['a long name', 'F'.repeat(200), 'F'.repeat(60)],
  ])('with %s shows only a part of it', async (_, name, shown) => {
    const service = await startService();
    await service.ask(`query ${name} { findCampaignRecords(phone: "1") { id } }`);
    await post(service, JSON.stringify({ query: '{ unknown }', operationName: name }));
    expect(logLines(service, 'operation.failed').map(({ operationName }) => operationName)).toEqual([shown, shown]);
    await post(service, JSON.stringify({ query: '{ unknown }', operationName: 'a text: 3064821975' }));
    expect(logLines(service, 'operation.failed').at(-1)).not.toHaveProperty('operationName');
  });
});

describe('errors outside the graph', () => {
  it('are counted by their codes', async () => {
    const service = await startService();
    const { hostname, port } = new URL(service.url);
    for (const path of ['/unknown', '/%zz', '/graphql/x']) expect((await service.get(path)).ok).toBe(false);
    expect((await fetch(`${service.url}/forget`, { method: 'POST' })).status).toBe(400);
    await new Promise((resolve) => {
      const socket = connect(Number(port), hostname, () => socket.write('no HTTP\r\n\r\n'));
      socket.on('close', resolve).resume();
    });
    expect(await errorCounts(service)).toEqual({ BAD_REQUEST: 4, BAD_USER_INPUT: 1 });
    expect(logLines(service, 'request.refused').map(({ level }) => level)).toEqual(Array(5).fill('debug'));
    expect(logLines(service, 'operation.failed')).toEqual([]);
  });

  it('for requests with an unknown host have a warning that names ALLOWED_HOSTS', async () => {
    const service = await startService();
    const { hostname, port } = new URL(service.url);
    const status = await new Promise((resolve, reject) => {
      const headers = { host: 'subgraph:4001', connection: 'close' };
      get({ hostname, port, path: '/graphql?query={__typename}', headers }, (response) => {
        response.resume();
        resolve(response.statusCode);
      }).on('error', reject);
    });
    expect(status).toBe(403);
    expect(logLines(service, 'request.unauthenticated')).toEqual([
      expect.objectContaining({
        level: 'warn',
        reason: 'host',
        advice: expect.stringMatching(/ALLOWED_HOSTS/) as string,
      }),
    ]);
    expect(logLines(service, 'operation.failed')).toEqual([]);
    expect(await errorCounts(service)).toEqual({ BAD_REQUEST: 1 });
  });

  it('for requests without a known router secret have at most one warning a minute, without the secret', async () => {
    const clock = createMovableClock();
    const service = await startService({ clock, env: { ROUTER_SECRET: SECRET } });
    const refuse = async (): Promise<void> => {
      for (let request = 0; request < 5; request += 1) {
        expect(await post(service, '{}', { 'router-authorization': 'a-wrong-secret' })).toBe(401);
      }
    };
    await refuse();
    expect(logLines(service, 'request.unauthenticated')).toEqual([
      expect.objectContaining({ level: 'warn', count: 1 }),
    ]);
    clock.advance(60_000);
    await refuse();
    expect(logLines(service, 'request.unauthenticated').map(({ count }) => count)).toEqual([1, 5]);
    expect(service.lines.join('')).not.toMatch(/a-wrong-secret/);
    const counts = await errorCounts(service, { 'router-authorization': SECRET });
    expect(counts).toEqual({ UNAUTHENTICATED: 10 });
  });
});

describe('the request id', () => {
  it('is that of a header, or a random one', async () => {
    const service = await startService();
    const examples: readonly (readonly [name: string, headers: Record<string, string>, expected: string | RegExp])[] = [
      ['x-request-id', { 'x-request-id': 'Req-1.a_b' }, 'Req-1.a_b'],
      [
        'x-request-id before traceparent',
        { 'x-request-id': 'a', traceparent: `00-${TRACE_ID}-b7ad6b7169203331-01` },
        'a',
      ],
      ['traceparent', { traceparent: `00-${TRACE_ID}-b7ad6b7169203331-01` }, TRACE_ID],
      [
        'traceparent if x-request-id has other characters',
        { 'x-request-id': 'a b', traceparent: `00-${TRACE_ID}-b7ad6b7169203331-01` },
        TRACE_ID,
      ],
      ['a random id without a header', {}, /^[0-9a-f-]{36}$/],
      ['a random id if x-request-id is too long', { 'x-request-id': 'a'.repeat(65) }, /^[0-9a-f-]{36}$/],
      ['a random id if x-request-id could be a phone', { 'x-request-id': '306-482-1975' }, /^[0-9a-f-]{36}$/],
      ['a random id if x-request-id could hold a phone', { 'x-request-id': 'tel-3064821975' }, /^[0-9a-f-]{36}$/],
      ['x-request-id if it is a random one', { 'x-request-id': 'a1234567890abcdef1234567890abcde' }, /^a1234567890/],
      [
        'a random id if the trace id is zero',
        { traceparent: `00-${'0'.repeat(32)}-b7ad6b7169203331-01` },
        /^[0-9a-f-]{36}$/,
      ],
      [
        'a random id if traceparent is not valid',
        { traceparent: `ff-${TRACE_ID}-b7ad6b7169203331-01` },
        /^[0-9a-f-]{36}$/,
      ],
    ];
    for (const [index, [name, headers, expected]] of examples.entries()) {
      const response = await service.ask(FIND, {}, { headers });
      const id = response.headers.get('x-request-id');
      expect(id, name).toMatch(typeof expected === 'string' ? new RegExp(`^${expected}$`) : expected);
      const served = logLines(service, 'answer.served');
      expect(served, name).toHaveLength(index + 1);
      expect(served.at(-1), name).toMatchObject({ requestId: id });
    }
  });

  it('is on every line of the operation and of the calls that it causes', async () => {
    const service = await startService();
    service.simulator.faults.next('503');
    const query = `{
      a: findCampaignRecords(customerId: "21839174") { id }
      b: findCampaignRecords(phone: "1") { id }
    }`;
    await service.ask(query, {}, { headers: { 'x-request-id': 'first' } });
    await service.ask(query, {}, { headers: { 'x-request-id': 'second' } });
    const eventsOf = (id: string): unknown[] =>
      service.lines
        .map((line) => JSON.parse(line) as Record<string, unknown>)
        .filter(({ requestId }) => requestId === id)
        .map(({ event }) => event);
    expect(eventsOf('first')).toEqual([
      'call.failed',
      'call.retried',
      'call.answered',
      'answer.served',
      'operation.failed',
    ]);
    expect(eventsOf('second')).toEqual(['answer.served', 'operation.failed']);
  });

  it('of a refused lookup is that of its operation', async () => {
    const service = await startService({ env: { WOLKVOX_DAILY_LIMIT: '0' } });
    await service.ask(FIND, {}, { headers: { 'x-request-id': 'refused' } });
    expect(logLines(service, 'lookup.refused')).toEqual([expect.objectContaining({ requestId: 'refused' })]);
    expect(logLines(service, 'operation.failed')).toEqual([
      expect.objectContaining({ requestId: 'refused', level: 'warn', operationName: 'Find' }),
    ]);
  });
});
