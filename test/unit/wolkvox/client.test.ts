import { createServer as createHttpServer, type IncomingMessage, type RequestListener } from 'node:http';
import { connect, createServer as createTcpServer, type AddressInfo, type Server } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Operation } from '../../../src/core/answer.js';
import { createClock } from '../../../src/core/clock.js';
import type { ServiceEvent } from '../../../src/core/events.js';
import { LookupFailure } from '../../../src/core/failure.js';
import { createWolkvoxClient, type WolkvoxClient, type WolkvoxClientOptions } from '../../../src/wolkvox/client.js';
import { lookupOptions } from '../../support/lookup-source.js';
import { envelopeOf, rowOf } from '../../support/wolkvox-responses.js';

const ANA = { customerId: '52000111' };
const clock = createClock();

interface TestServer {
  readonly url: string;
  /** Requests that have arrived, the first one first. */
  readonly requests: IncomingMessage[];
  connections(): number;
  /** Requests whose connection is open and that are not answered. */
  inFlight(): number;
  mostInFlight(): number;
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function startServer(answer: RequestListener): Promise<TestServer> {
  const requests: IncomingMessage[] = [];
  let connections = 0;
  let inFlight = 0;
  let most = 0;
  const server = createHttpServer((request, response) => {
    requests.push(request);
    inFlight += 1;
    most = Math.max(most, inFlight);
    response.once('close', () => (inFlight -= 1));
    answer(request, response);
  });
  server.on('connection', () => (connections += 1));
  onTestFinished(() => server.closeAllConnections());
  const url = await listen(server);
  return { url, requests, connections: () => connections, inFlight: () => inFlight, mostInFlight: () => most };
}

interface TestClient extends WolkvoxClient {
  readonly events: ServiceEvent[];
}

function createClient(baseUrl: string, options: Partial<WolkvoxClientOptions> = {}): TestClient {
  const events: ServiceEvent[] = [];
  const client = createWolkvoxClient({
    ...{ baseUrl, account: { token: 'token-of-a-test', server: '0042' }, concurrency: 2, timeoutMs: 5_000 },
    ...{ zone: 'UTC-5', maxRecords: 1_000, maxBytes: 1_000_000, clock },
    observe: (event) => events.push(event),
    ...options,
  });
  onTestFinished(() => client.close());
  return { ...client, events };
}

/** The failure of a lookup, after a check that it holds nothing of the upstream's address or of the answer. */
async function failureOf(client: WolkvoxClient, signal?: AbortSignal): Promise<LookupFailure> {
  const options = lookupOptions(clock, signal === undefined ? {} : { signal });
  const error: unknown = await client.find(ANA, options).catch((thrown: unknown) => thrown);
  if (!(error instanceof LookupFailure)) throw new Error('Expected a LookupFailure.', { cause: error });
  const shown = JSON.stringify([error, error.message, error.facts, error.cause]);
  expect(shown).not.toMatch(/127\.0\.0\.1|invalid|52000111|Peñaranda|token-of-a-test/);
  return error;
}

/** A proxy that passes the end of a connection on 100 ms later. */
async function startSlowProxy(target: string): Promise<string> {
  const port = Number(new URL(target).port);
  return listen(
    createTcpServer((socket) => {
      const upstream = connect(port, '127.0.0.1');
      socket.on('data', (bytes) => upstream.write(bytes));
      upstream.on('data', (bytes) => socket.write(bytes));
      for (const [one, other] of [
        [socket, upstream],
        [upstream, socket],
      ] as const) {
        one.on('error', () => one.destroy());
        one.on('close', () => setTimeout(() => other.destroy(), 100));
      }
    }),
  );
}

const silent: RequestListener = () => undefined;

describe('A call', () => {
  it('asks for one lookup and has the time when it was sent (defect 2)', async () => {
    let answeredAt = 0;
    const server = await startServer((_request, response) => {
      setTimeout(() => {
        answeredAt = clock.epochMs();
        response.end(envelopeOf([rowOf()]));
      }, 30);
    });
    const client = createClient(server.url);
    const before = clock.epochMs();
    const answer = await client.find(ANA, lookupOptions(clock));
    expect(answer).toMatchObject({ source: 'wolkvox', records: [{ customerId: '52000111' }] });
    expect(answer.sentAt).toBeGreaterThanOrEqual(before);
    expect(answer.sentAt).toBeLessThan(answeredAt);
    expect(server.requests[0]).toMatchObject({ method: 'GET', headers: { 'wolkvox-token': 'token-of-a-test' } });
    expect(server.requests[0]?.url).toBe(
      '/api/v2/campaign.php?api=find_record&campaign_id=&customer_phone=&customer_id=52000111',
    );
    expect(client.events).toMatchObject([{ event: 'call.answered', ms: expect.any(Number) as number, records: 1 }]);
  });

  it('goes below the path of the base URL', async () => {
    const server = await startServer((_request, response) => response.end(envelopeOf([])));
    for (const path of ['/proxy', '/proxy/']) {
      await createClient(server.url + path).find(ANA, lookupOptions(clock));
    }
    for (const { url } of server.requests) expect(url).toMatch(/^\/proxy\/api\/v2\/campaign\.php\?/);
    expect(server.requests).toHaveLength(2);
  });

  it('uses the connection of the call before', async () => {
    const server = await startServer((_request, response) => response.end(envelopeOf([])));
    const client = createClient(server.url, { concurrency: 1 });
    for (let call = 0; call < 5; call += 1) await client.find(ANA, lookupOptions(clock));
    expect(server.requests).toHaveLength(5);
    expect(server.connections()).toBe(1);
  });

  it('asks for the use of the daily quota, too, over the same connections, with the same reports', async () => {
    let fails = false;
    const server = await startServer((_request, response) => {
      if (fails) response.writeHead(503).end();
      else response.end(envelopeOf([{ token_limit: '3000', all_token_today: '17' }]));
    });
    const client = createClient(server.url, { concurrency: 1 });
    const before = clock.epochMs();
    const options = lookupOptions(clock, { operation: { startedAt: 0, requestId: 'request-1' } });
    const report = await client.quota.find('quota', options);
    expect(report).toEqual({ limit: 3_000, used: 17, source: 'wolkvox', sentAt: expect.any(Number) as number });
    expect(report.sentAt).toBeGreaterThanOrEqual(before);
    expect(server.requests[0]?.url).toBe('/api/v2/information.php?api=token_info');
    fails = true;
    await expect(client.quota.find('quota', options)).rejects.toMatchObject({ kind: 'server' });
    expect(client.events).toMatchObject([
      { event: 'call.answered', records: 0, operation: { requestId: 'request-1' } },
      { event: 'call.failed', reason: 'server', httpStatus: 503, operation: { requestId: 'request-1' } },
    ]);
    expect(server.connections()).toBe(1);
  });

  it('asks for the list of campaigns with one request, and reports the call without records', async () => {
    let fails = false;
    const server = await startServer((_request, response) => {
      if (fails) response.writeHead(503).end();
      else response.end(envelopeOf([{ campaign_id: '04821', last_use: '2026-11-20 18:00:00' }]));
    });
    const client = createClient(server.url);
    const before = clock.epochMs();
    const options = lookupOptions(clock, { operation: { startedAt: 0, requestId: 'request-1' } });
    const list = await client.campaigns.find('campaigns', options);
    expect(list).toMatchObject({
      source: 'wolkvox',
      campaigns: [{ campaignId: '4821', lastUsedAt: '2026-11-20T18:00:00-05:00' }],
    });
    expect(list.sentAt).toBeGreaterThanOrEqual(before);
    expect(server.requests.map(({ method, url }) => `${method} ${url}`)).toEqual([
      'GET /api/v2/information.php?api=campaigns',
    ]);
    fails = true;
    await expect(client.campaigns.find('campaigns', options)).rejects.toMatchObject({ kind: 'server' });
    expect(client.events).toMatchObject([
      { event: 'call.answered', records: 0, operation: { requestId: 'request-1' } },
      { event: 'call.failed', reason: 'server', httpStatus: 503, operation: { requestId: 'request-1' } },
    ]);
  });

  it('reports its failure with the facts for the log', async () => {
    const server = await startServer((_request, response) => {
      response.writeHead(403).end('{"code":"403","msg":"TOKEN LIMIT EXCEEDED for Peñaranda"}');
    });
    const client = createClient(server.url);
    expect(await failureOf(client)).toMatchObject({ kind: 'quota', code: 'UPSTREAM_QUOTA_EXHAUSTED' });
    expect(client.events).toEqual([
      {
        ...{
          event: 'call.failed',
          code: 'UPSTREAM_QUOTA_EXHAUSTED',
          reason: 'quota',
          ms: expect.any(Number) as number,
        },
        ...{ httpStatus: 403, envelopeCode: 403, operation: expect.anything() as Operation },
      },
    ]);
  });
});

describe('A call without a connection', () => {
  it('to a closed port is of kind not-connected', async () => {
    const server = createTcpServer();
    const url = await listen(server);
    await new Promise((resolve) => server.close(resolve));
    const client = createClient(url);
    expect(await failureOf(client)).toMatchObject({
      ...{ kind: 'not-connected', code: 'UPSTREAM_UNAVAILABLE', facts: { networkCode: 'ECONNREFUSED' } },
    });
    expect(client.events).toMatchObject([{ event: 'call.failed', reason: 'not-connected' }]);
  });

  it('to an unknown host is of kind not-connected', async () => {
    const failure = await failureOf(createClient('http://no-such-host.invalid'));
    expect(failure.kind).toBe('not-connected');
    expect(failure.facts.networkCode).toMatch(/^(ENOTFOUND|EAI_AGAIN)$/);
  });

  it('whose TLS is reset is of kind not-connected, because no byte of the request was sent (defect 18)', async () => {
    const url = await listen(createTcpServer((socket) => socket.once('data', () => socket.resetAndDestroy())));
    expect(await failureOf(createClient(url.replace('http:', 'https:')))).toMatchObject({
      ...{ kind: 'not-connected', facts: { networkCode: 'ECONNRESET' } },
    });
  });

  it('is of kind not-connected also if the call may take no longer than a connection', async () => {
    // Accepts connections, and never answers the start of TLS.
    const url = await listen(createTcpServer());
    const client = createClient(url.replace('http:', 'https:'), { timeoutMs: 6_000 });
    expect(await failureOf(client)).toMatchObject({ kind: 'not-connected' });
  });

  it('that the server accepts and closes is of kind connection, because bytes may have been sent', async () => {
    const url = await listen(createTcpServer((socket) => socket.once('data', () => socket.destroy())));
    expect(await failureOf(createClient(url))).toMatchObject({ kind: 'connection', code: 'UPSTREAM_UNAVAILABLE' });
  });

  it('that breaks inside the answer is of kind connection', async () => {
    const server = await startServer((_request, response) => {
      response.write('{"code":"200","data":[{"customer_name":"Peñaranda"', () => response.destroy());
    });
    expect(await failureOf(createClient(server.url))).toMatchObject({ kind: 'connection', facts: { httpStatus: 200 } });
  });
});

it('A call reads a long answer after which the server closes the connection, however slowly it is read', async () => {
  const rows = Array.from({ length: 4_000 }, () => rowOf({ customer_id: 'another', opt1: 'x'.repeat(900) }));
  const body = envelopeOf([...rows, rowOf({ customer_id: ANA.customerId })]);
  const server = createTcpServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.once('data', () => socket.end(`HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n${body}`));
  });
  const client = createClient(await listen(server), { maxBytes: 10_000_000 });
  for (let times = 0; times < 5; times += 1) {
    const { records } = await client.find(ANA, lookupOptions(clock));
    expect(records).toHaveLength(1);
  }
});

describe('A call that is cut off has ended at the server, too,', () => {
  it('when it fails because its deadline passed', async () => {
    const server = await startServer(silent);
    const failure = await failureOf(createClient(server.url, { timeoutMs: 100 }));
    expect(failure).toMatchObject({ kind: 'timeout', code: 'UPSTREAM_TIMEOUT', retryable: true });
    expect(server.requests).toHaveLength(1);
    expect(server.inFlight()).toBe(0);
  });

  it('when it fails because its signal aborted', async () => {
    const server = await startServer(silent);
    const slot = new AbortController();
    const failed = failureOf(createClient(server.url), slot.signal);
    await expect.poll(() => server.inFlight(), { timeout: 30_000 }).toBe(1);
    slot.abort(new LookupFailure('lease-lost'));
    expect(await failed).toMatchObject({ kind: 'lease-lost' });
    expect(server.inFlight()).toBe(0);
  });

  it('when the client is closed', async () => {
    const server = await startServer(silent);
    const client = createClient(await startSlowProxy(server.url));
    const failed = failureOf(client);
    await expect.poll(() => server.inFlight(), { timeout: 30_000 }).toBe(1);
    await client.close();
    expect(server.inFlight()).toBe(0);
    expect(await failed).toMatchObject({ kind: 'connection', code: 'UPSTREAM_UNAVAILABLE' });
  });

  it('and is not sent at all if its signal aborted before', async () => {
    const server = await startServer((_request, response) => response.end(envelopeOf([])));
    const client = createClient(server.url);
    expect(await failureOf(client, AbortSignal.abort(new LookupFailure('lease-lost')))).toMatchObject({
      kind: 'lease-lost',
    });
    await client.find(ANA, lookupOptions(clock));
    expect(server.requests).toHaveLength(1);
  });
});

describe('Two slots', () => {
  it.each([503, 200])(
    'never cause three calls at the server, although answers of HTTP %i are cut off',
    async (status) => {
      const server = await startServer((_request, response) => {
        response.writeHead(status, { 'content-type': 'text/html' });
        response.write('x'.repeat(100_000));
        const drip = setInterval(() => response.write('x'), 20);
        response.once('close', () => clearInterval(drip));
      });
      const client = createClient(await startSlowProxy(server.url));
      const runSlot = async (): Promise<void> => {
        for (let call = 0; call < 2; call += 1) await failureOf(client);
      };
      await Promise.all([runSlot(), runSlot()]);
      expect(server.requests).toHaveLength(4);
      expect(server.mostInFlight()).toBe(2);
    },
  );
});

it('The deadline of a call ends a body that never ends, also while memory is collected', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const server = await startServer((_request, response) => {
    response.write('{"code":"200","data":[');
    const drip = setInterval(() => response.write(' '), 20);
    response.once('close', () => clearInterval(drip));
  });
  const collecting = setInterval(collect, 50);
  onTestFinished(() => clearInterval(collecting));
  expect(await failureOf(createClient(server.url, { timeoutMs: 500 }))).toMatchObject({ kind: 'timeout' });
});
