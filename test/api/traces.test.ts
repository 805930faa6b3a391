import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { SIMULATOR_TOKEN } from '../../src/simulator/settings.js';
import { codesOf } from '../support/graphql-client.js';
import { startOtlpReceiver, type OtlpReceiver, type ReceivedSpan } from '../support/otlp-receiver.js';
import { askAndLeave, logLines, startService, type TestService, type TestServiceOptions } from '../support/service.js';
import { eventually, holdCalls } from '../support/simulator-client.js';
import { envelopeOf } from '../support/wolkvox-responses.js';

const SECRET = 'secret-of-the-router-0123456789';
const CUSTOMER_ID = '21839174';
const PHONE = '3064821975';
const LOOKUP = `findCampaignRecords(customerId: "${CUSTOMER_ID}") { id }`;
const FIND = `query Find { ${LOOKUP} }`;
const FIND_BY_PHONE = `query Find { findCampaignRecords(phone: "${PHONE}") { id } }`;
const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const PARENT_ID = 'b7ad6b7169203331';
const traceparent = (flags = '01'): { traceparent: string } => ({
  traceparent: `00-${TRACE_ID}-${PARENT_ID}-${flags}`,
});

interface TracedService extends TestService {
  readonly receiver: OtlpReceiver;
  /** Stops the service, so that it sends the spans that wait, and returns all spans. */
  readonly finish: () => Promise<readonly ReceivedSpan[]>;
}

async function startTraced({ env, ...options }: TestServiceOptions = {}): Promise<TracedService> {
  const receiver = await startOtlpReceiver();
  const service = await startService({ env: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint, ...env }, ...options });
  const finish = async (): Promise<readonly ReceivedSpan[]> => {
    await service.stop();
    return receiver.spans();
  };
  return { ...service, receiver, finish };
}

/** The state of the queue. */
async function queueOf({ get }: TestService): Promise<unknown> {
  return ((await (await get('/readyz')).json()) as { readonly queue: unknown }).queue;
}

/** The spans without their ids and times. */
function contentOf(spans: readonly ReceivedSpan[]): unknown[] {
  return spans.map(({ name, kind, attributes, failed }) => ({ name, kind, attributes, failed }));
}

function named(spans: readonly ReceivedSpan[], name: string): ReceivedSpan {
  const found = spans.filter((span) => span.name === name);
  if (found.length !== 1) throw new Error(`Expected one span ${name}; got ${spans.map((span) => span.name).join()}.`);
  return found[0] ?? expect.fail();
}

describe('the trace of an operation', () => {
  it('has spans of the operation, of its waits and of its call', async () => {
    const service = await startTraced({ env: { ROUTER_SECRET: SECRET } });
    const headers = {
      ...{ 'router-authorization': SECRET, 'x-request-id': 'request-a', 'apollographql-client-name': 'web' },
      ...traceparent(),
    };
    expect((await service.ask(FIND, {}, { headers })).errors).toEqual([]);
    const spans = await service.finish();
    expect(contentOf(spans)).toEqual([
      { name: 'wait in queue', kind: 'internal', attributes: {}, failed: false },
      { name: 'wait for slot', kind: 'internal', attributes: {}, failed: false },
      {
        name: 'GET lookup',
        kind: 'client',
        attributes: { 'http.request.method': 'GET', 'wolkvox.call.kind': 'lookup' },
        failed: false,
      },
      {
        name: 'query',
        kind: 'server',
        attributes: {
          'graphql.operation.type': 'query',
          'graphql.operation.name': 'Find',
          'wolkvox.request.id': 'request-a',
          'wolkvox.client.name': 'web',
          'wolkvox.answers.wolkvox': 1,
        },
        failed: false,
      },
    ]);
  });

  it('continues that of the router, and its spans lie within each other', async () => {
    const service = await startTraced();
    const before = BigInt(Date.now() - 1) * 1_000_000n;
    await service.ask(FIND, {}, { headers: traceparent() });
    const spans = await service.finish();
    const after = BigInt(Date.now() + 1) * 1_000_000n;
    expect(spans.map(({ traceId }) => traceId)).toEqual(Array(4).fill(TRACE_ID));
    expect(new Set(spans.map(({ spanId }) => spanId)).size).toBe(4);
    const [queue, slot, call, operation] = ['wait in queue', 'wait for slot', 'GET lookup', 'query'].map((name) =>
      named(spans, name),
    );
    if (queue === undefined || slot === undefined || call === undefined || operation === undefined) expect.fail();
    expect(operation.parentSpanId).toBe(PARENT_ID);
    expect([queue, slot, call].map(({ parentSpanId }) => parentSpanId)).toEqual(Array(3).fill(operation.spanId));
    const times = [
      ...[before, operation.start, queue.start, queue.end, slot.start, slot.end],
      ...[call.start, call.end, operation.end, after],
    ];
    expect(times).toEqual(times.toSorted((a, b) => (a < b ? -1 : Number(a > b))));
  });

  it.each([['no traceparent'], ['a traceparent that is not valid']])('begins with %s', async (title) => {
    const service = await startTraced();
    const headers: Record<string, string> = title === 'no traceparent' ? {} : { traceparent: `00-${TRACE_ID}-1-01` };
    await service.ask(FIND, {}, { headers });
    await service.ask(FIND, {}, { headers });
    const spans = (await service.finish()).filter(({ name }) => name === 'query');
    expect(spans.map(({ parentSpanId }) => parentSpanId)).toEqual([undefined, undefined]);
    expect(new Set([TRACE_ID, ...spans.map(({ traceId }) => traceId)]).size).toBe(3);
  });

  it('is not recorded if the router does not record it', async () => {
    const service = await startTraced();
    await service.ask(FIND, {}, { headers: traceparent('00') });
    expect(service.simulator.requestLog.counts.calls).toBe(1);
    await service.ask('query Recorded { __typename }', {}, { headers: traceparent('03') });
    const spans = await service.finish();
    expect(spans.map(({ attributes }) => attributes['graphql.operation.name'])).toEqual(['Recorded']);
  });

  it('is not sent to Wolkvox', async () => {
    const received: IncomingHttpHeaders[] = [];
    const wolkvox = createServer((request, response) => {
      received.push(request.headers);
      response.end(envelopeOf([]));
    });
    await new Promise<void>((resolve) => wolkvox.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void wolkvox.close());
    const { port } = wolkvox.address() as AddressInfo;
    const service = await startTraced({ env: { WOLKVOX_BASE_URL: `http://127.0.0.1:${port}` } });
    await service.ask(FIND, {}, { headers: { ...traceparent(), tracestate: 'a=b', baggage: 'c=d' } });
    expect(named(await service.finish(), 'GET lookup').traceId).toBe(TRACE_ID);
    expect(received.map((headers) => Object.keys(headers).sort())).toEqual([
      ['accept', 'accept-encoding', 'connection', 'host', 'wolkvox-token', 'wolkvox_server'],
    ]);
  });

  it('says where answers came from, if no call of its own brought them', async () => {
    const service = await startTraced();
    const calls = holdCalls(service.simulator);
    const first = service.ask(FIND.replace('Find', 'First'));
    await eventually(() => service.simulator.requestLog.inFlight).toBe(1);
    // Its second lookup shows that its first one has joined the call.
    const joining = service.ask(`query Joining { a: ${LOOKUP} b: findCampaignRecords(phone: "${PHONE}") { id } }`);
    await eventually(() => service.simulator.requestLog.inFlight).toBe(2);
    calls.open();
    await Promise.all([first, joining]);
    await service.ask(FIND.replace('Find', 'Cached'));
    const spans = await service.finish();
    const answers = new Map(
      spans
        .filter(({ kind }) => kind === 'server')
        .map(({ attributes }) => [
          attributes['graphql.operation.name'],
          Object.entries(attributes).filter(([key]) => key.startsWith('wolkvox.answers.')),
        ]),
    );
    expect(Object.fromEntries(answers)).toEqual({
      First: [['wolkvox.answers.wolkvox', 1]],
      Joining: [
        ['wolkvox.answers.flight', 1],
        ['wolkvox.answers.wolkvox', 1],
      ],
      Cached: [['wolkvox.answers.memory', 1]],
    });
    expect(spans.filter(({ kind }) => kind === 'client')).toHaveLength(2);
  });

  it('has a span of the call for the list of campaigns', async () => {
    const service = await startTraced();
    await service.ask('{ campaigns { campaignId } }');
    expect(named(await service.finish(), 'GET campaigns').attributes).toEqual({
      'http.request.method': 'GET',
      'wolkvox.call.kind': 'campaigns',
    });
  });

  it('has the wait of a call for the calls before it', async () => {
    const service = await startTraced({ env: { WOLKVOX_CONCURRENCY: '1' } });
    const calls = holdCalls(service.simulator);
    const first = service.ask(FIND);
    await eventually(() => service.simulator.requestLog.inFlight).toBe(1);
    const second = service.ask(FIND_BY_PHONE.replace('Find', 'Second'));
    await expect.poll(() => queueOf(service), { timeout: 20_000 }).toEqual({ waiting: 1, running: 1 });
    calls.open();
    await Promise.all([first, second]);
    const spans = await service.finish();
    const { traceId } = named(
      spans.filter(({ attributes }) => attributes['graphql.operation.name'] === 'Second'),
      'query',
    );
    const wait = named(
      spans.filter((span) => span.traceId === traceId),
      'wait in queue',
    );
    const [before] = spans.filter(({ kind, traceId: id }) => kind === 'client' && id !== traceId);
    if (before === undefined) expect.fail();
    // The clock of the system has whole milliseconds, so times of two traces differ by as much.
    const toleranceNs = 1_000_000n;
    expect(wait.start + toleranceNs).toBeGreaterThan(before.start);
    // The client ends its span, then the queue starts the next call.
    expect(wait.end + toleranceNs).toBeGreaterThanOrEqual(before.end);
  });
});

describe('the trace of an operation that fails', () => {
  it('has both attempts of a call, with their kinds of failure and HTTP status', async () => {
    const service = await startTraced();
    service.simulator.faults.always('503');
    expect(codesOf(await service.ask(FIND))).toEqual(['UPSTREAM_UNAVAILABLE']);
    const spans = await service.finish();
    const names = ['wait in queue', 'wait for slot', 'GET lookup'];
    expect(spans.map(({ name }) => name)).toEqual([...names, ...names, 'query']);
    const calls = spans.filter(({ kind }) => kind === 'client');
    expect(calls.map(({ attributes, failed }) => ({ ...attributes, failed }))).toEqual(
      Array(2).fill({
        ...{ 'http.request.method': 'GET', 'wolkvox.call.kind': 'lookup' },
        ...{ 'error.type': 'server', 'http.response.status_code': 503, failed: true },
      }),
    );
    expect(named(spans, 'query')).toMatchObject({ attributes: { 'error.type': 'UPSTREAM_UNAVAILABLE' }, failed: true });
  });

  it('has the reason for which a call did not start', async () => {
    const service = await startTraced({ env: { QUEUE_LIMIT: '1', WOLKVOX_CONCURRENCY: '1' } });
    const calls = holdCalls(service.simulator);
    const first = service.ask(FIND);
    await eventually(() => service.simulator.requestLog.inFlight).toBe(1);
    const second = service.ask(FIND_BY_PHONE);
    await expect.poll(() => queueOf(service), { timeout: 20_000 }).toEqual({ waiting: 1, running: 1 });
    expect(codesOf(await service.ask('{ findCampaignRecords(customerId: "1") { id } }'))).toEqual(['UPSTREAM_BUSY']);
    calls.open();
    await Promise.all([first, second]);
    const failed = (await service.finish()).filter((span) => span.failed);
    expect(failed.map(({ name, attributes }) => [name, attributes['error.type']])).toEqual([
      ['wait in queue', 'queue-full'],
      ['query', 'UPSTREAM_BUSY'],
    ]);
  });

  it.each([
    [
      'a criterion that is not valid',
      'query Wrong { findCampaignRecords(phone: "1") { id } }',
      'query',
      'Wrong',
      'BAD_USER_INPUT',
    ],
    ['an unknown field', 'query Wrong { unknown }', 'GraphQL Operation', undefined, 'GRAPHQL_VALIDATION_FAILED'],
    ['a document that is not GraphQL', '{', 'GraphQL Operation', undefined, 'GRAPHQL_PARSE_FAILED'],
    ['a mutation', 'mutation Wrong { a }', 'GraphQL Operation', undefined, 'GRAPHQL_VALIDATION_FAILED'],
  ])('by %s has the code, and is no failure of the service', async (_, query, name, operationName, code) => {
    const service = await startTraced();
    await service.ask(query);
    const [span, ...others] = await service.finish();
    expect(others).toEqual([]);
    expect(span).toMatchObject({ name, failed: false, attributes: { 'error.type': code } });
    expect(span?.attributes['graphql.operation.name']).toBe(operationName);
  });

  it('because its client left says so', async () => {
    const service = await startTraced();
    await askAndLeave(service, FIND);
    const spans = await service.finish();
    expect(named(spans, 'query')).toMatchObject({
      failed: false,
      attributes: { 'graphql.operation.name': 'Find', 'error.type': 'abandoned' },
    });
    // The call was sent, so it goes on without its operation.
    expect(named(spans, 'GET lookup').end).toBeGreaterThan(named(spans, 'query').end);
  });

  it('because the service stops has the call that was cut off', async () => {
    const service = await startTraced({ env: { REQUEST_DEADLINE_MS: '1000' } });
    const calls = holdCalls(service.simulator);
    const asked = service.ask(FIND);
    await eventually(() => service.simulator.requestLog.inFlight).toBe(1);
    const spans = await service.finish();
    expect(named(spans, 'GET lookup')).toMatchObject({ failed: true, attributes: { 'error.type': 'connection' } });
    calls.open();
    await asked;
  });
});

describe('traces', () => {
  it('hold no personal data, no secret, no document and no address', async () => {
    const headers = { 'router-authorization': SECRET, ...traceparent() };
    const service = await startTraced({ env: { ROUTER_SECRET: SECRET } });
    const ask = (query: string, variables = {}): Promise<unknown> =>
      service.ask(query, variables, {
        headers: { ...headers, 'x-request-id': `tel-${PHONE}`, tracestate: `a=${PHONE}` },
      });
    await ask(`query Find_${PHONE} { findCampaignRecords(phone: "${PHONE}") { customerName phones { number } } }`);
    await ask('query ($id: ID) { findCampaignRecords(customerId: $id, campaignId: "7742") { id } }', {
      id: CUSTOMER_ID,
    });
    service.simulator.faults.always('truncated-json');
    await ask(`{ findCampaignRecords(phone: "${PHONE}", customerId: "${CUSTOMER_ID}", maxAge: 0) { id } }`);
    const spans = await service.finish();
    expect(spans.filter(({ kind }) => kind === 'client').length).toBeGreaterThan(2);
    expect(spans.map(({ attributes }) => attributes['graphql.operation.name'])).toContain('Find_0');
    // Random ids and times could have the digits by chance.
    const random = /"(?:\w*TimeUnixNano|\w*[sS]panId)":"\w+"|"[0-9a-f-]{36}"/g;
    const sent = service.receiver.requests.map(({ headers: own, body }) => JSON.stringify(own) + body).join();
    const checked = sent.replace(random, '');
    expect(checked).toContain(TRACE_ID);
    const values = [PHONE, CUSTOMER_ID, '7742', SECRET, SIMULATOR_TOKEN, '0042', new URL(service.upstream).host];
    for (const text of [...values, '/api/', 'find', 'maxAge']) expect(checked.includes(text), text).toBe(false);
    for (const text of ['url', 'server.address', 'http.url', 'graphql.document']) {
      expect(spans.flatMap(({ attributes }) => Object.keys(attributes).filter((key) => key.startsWith(text)))).toEqual(
        [],
      );
    }
  });

  it('that cannot be sent delay no operation, and the log says so once', async () => {
    const service = await startTraced();
    service.receiver.status = 500;
    for (let count = 0; count < 3; count += 1) expect((await service.ask(FIND)).errors).toEqual([]);
    await service.stop();
    expect(logLines(service, 'traces.lost')).toEqual([
      expect.objectContaining({
        ...{ level: 'warn', reason: 'refused', httpStatus: 500 },
        advice: expect.stringMatching(/OTEL_EXPORTER_OTLP_ENDPOINT/) as string,
      }),
    ]);
  });

  it('have ids that the lines of the operation have, too, if the id of the request is another one', async () => {
    const service = await startTraced();
    const query = `{ a: ${LOOKUP} b: findCampaignRecords(phone: "1") { id } }`;
    await service.ask(query, {}, { headers: { 'x-request-id': 'given', ...traceparent() } });
    await service.ask(query, {}, { headers: traceparent() });
    const events = ['call.answered', 'answer.served', 'answer.served', 'operation.failed', 'operation.failed'];
    const lines = [...new Set(events)].flatMap((event) => logLines(service, event));
    expect(lines.map(({ event, requestId, traceId }) => [event, requestId, traceId])).toEqual([
      ['call.answered', 'given', TRACE_ID],
      ['answer.served', 'given', TRACE_ID],
      ['answer.served', TRACE_ID, undefined],
      ['operation.failed', 'given', TRACE_ID],
      ['operation.failed', TRACE_ID, undefined],
    ]);
  });

  it('are not made without OTEL_EXPORTER_OTLP_ENDPOINT, and their code is not loaded', async () => {
    const service = await startService();
    await service.ask(FIND, {}, { headers: { 'x-request-id': 'given', ...traceparent() } });
    expect(logLines(service, 'answer.served')).toEqual([expect.not.objectContaining({ traceId: TRACE_ID })]);
    const root = fileURLToPath(new URL('../../src/', import.meta.url));
    const loading = readdirSync(root, { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.ts') && path !== 'telemetry/tracing.ts')
      .filter((path) =>
        /^import (?!type )[^;]*\/(?:tracing|span-export)\.js'/m.test(readFileSync(root + path, 'utf8')),
      );
    expect(loading).toEqual([]);
    expect(readFileSync(`${root}service.ts`, 'utf8')).toContain("await import('./telemetry/tracing.js')");
  });
});
