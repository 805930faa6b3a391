import { once } from 'node:events';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { createMovableClock } from '../support/clock.js';
import { codesOf, type GraphResponse } from '../support/graphql-client.js';
import { eventually, holdCalls } from '../support/simulator-client.js';
import { logLines, startService, type TestService } from '../support/service.js';

const KNOWN = '{ findCampaignRecords(phone: "3064821975") { id fetchedAt } }';

describe('equal lookups', () => {
  it('of one operation share a call, and two calls run at once', async () => {
    const { ask, simulator } = await startService({ settings: { latency: { minMs: 50, maxMs: 50 } } });
    expect(codesOf(await ask(operation(50, 10)))).toEqual([]);
    expect(simulator.requestLog.requests).toHaveLength(10);
    expect(simulator.requestLog.mostAtOnce).toBe(2);
  });

  it('of 200 clients share 10 calls', async () => {
    const { ask, simulator } = await startService({ settings: { latency: { minMs: 20, maxMs: 20 } } });
    const clients = Array.from({ length: 200 }, (_, index) => ask(operation(1, 1, index % 10)));
    expect((await Promise.all(clients)).flatMap(codesOf)).toEqual([]);
    expect(simulator.requestLog.requests).toHaveLength(10);
    expect(simulator.requestLog.mostAtOnce).toBe(2);
  });

  it('share a call without a cache, too', async () => {
    const service = await startService({ env: { CACHE_TTL_SECONDS: '0' } });
    const { ask, simulator } = service;
    const gate = holdCalls(simulator);
    // The second lookup of each operation is one of its own. It waits, which shows that the operation has started.
    const query = (index: number): string => `{ a: ${lookup(0)} b: ${lookup(index)} }`;
    const responses = [1, 2, 3].map((index) => ask(query(index)));
    await queueHolds(service, 2);
    gate.open();
    expect((await Promise.all(responses)).flatMap(codesOf)).toEqual([]);
    expect(customersAsked(service).sort()).toEqual([0, 1, 2, 3].map(customerId));
    // The answer is not cached.
    await ask(`{ ${lookup(0)} }`);
    expect(simulator.requestLog.requests).toHaveLength(5);
  });
});

describe('cached answers', () => {
  it('are served without a call, empty ones too, and keep the time of their call', async () => {
    const { ask, simulator } = await startService();
    const query = `{ a: findCampaignRecords(phone: "3064821975") { fetchedAt } b: ${lookup(0)} }`;
    const first = await ask(query);
    const second = await ask(query);
    expect(first.data?.['a']).not.toEqual([]);
    expect(first.data?.['b']).toEqual([]);
    expect(second.data).toEqual(first.data);
    expect(simulator.requestLog.requests).toHaveLength(2);
  });

  it('are fresh for the time in cache-control, and a response with an error has no-store', async () => {
    const clock = createMovableClock();
    const { ask } = await startService({ clock, env: { CACHE_TTL_SECONDS: '1000' } });
    expect(maxAgeOf(await ask(KNOWN))).toSatisfy((seconds: number) => seconds > 900 && seconds <= 1_000);
    clock.advance(500_000);
    expect(maxAgeOf(await ask(KNOWN))).toSatisfy((seconds: number) => seconds > 400 && seconds <= 500);
    const failed = await ask('{ findCampaignRecords(phone: "abc") { id } }');
    expect(failed.headers.get('cache-control')).toBe('no-store');
  });

  it('are not served if the caller gives maxAge 0, but equal lookups of the operation share a call', async () => {
    const { ask, simulator } = await startService();
    const query = '{ findCampaignRecords(phone: "3064821975", maxAge: 0) { fetchedAt } }';
    await ask(query);
    await ask(query);
    expect(simulator.requestLog.requests).toHaveLength(2);
    const field = (phone: string): string => `findCampaignRecords(phone: "${phone}", maxAge: 0) { id }`;
    await ask(`{ a: ${field('3060000000')} b: ${field('306 000 0000')} }`);
    expect(simulator.requestLog.requests).toHaveLength(3);
  });

  it('may be cached by the caller for maxAge at most', async () => {
    const { ask } = await startService();
    const respond = (maxAge: string): Promise<GraphResponse> =>
      ask(`{ findCampaignRecords(phone: "3064821975"${maxAge}) { id } }`);
    expect((await respond(', maxAge: 0')).headers.get('cache-control')).toBe('no-store');
    expect(maxAgeOf(await respond(', maxAge: 30'))).toSatisfy((seconds: number) => seconds > 0 && seconds <= 30);
    expect(maxAgeOf(await respond(''))).toBeGreaterThan(30);
  });
});

describe('limits of calls', () => {
  it('send 20 of 30 lookups if the day has 20 calls, and name the seconds to the next day', async () => {
    const { ask, simulator } = await startService({ env: { WOLKVOX_DAILY_LIMIT: '20' } });
    const response = await ask(operation(30, 30));
    expect(simulator.requestLog.requests).toHaveLength(20);
    expect(answered(response)).toBe(20);
    expect(response.errors).toHaveLength(10);
    for (const { extensions } of response.errors) {
      expect(extensions).toEqual({
        code: 'UPSTREAM_QUOTA_EXHAUSTED',
        retryable: false,
        retryAfterSeconds: expect.toSatisfy((seconds: number) => seconds > 0 && seconds <= 86_400) as number,
      });
    }
    // Cached answers are still served.
    expect(codesOf(await ask(operation(1, 1)))).toEqual([]);
  });

  it('send 25 calls of an operation if it may cause 25, and refuse its other lookups', async () => {
    const { ask, simulator } = await startService({ env: { LOOKUPS_PER_OPERATION: '25' } });
    const response = await ask(operation(30, 30));
    expect(codesOf(response)).toEqual(Array.from({ length: 5 }, () => 'TOO_MANY_LOOKUPS'));
    expect(answered(response)).toBe(25);
    expect(simulator.requestLog.requests).toHaveLength(25);
    // Cached answers do not count, so the next operation gets the others.
    expect(codesOf(await ask(operation(30, 30)))).toEqual([]);
    expect(simulator.requestLog.requests).toHaveLength(30);
  });

  it('let 5 calls wait if QUEUE_LIMIT is 5, and refuse the others', async () => {
    const { ask, simulator } = await startService({
      env: { QUEUE_LIMIT: '5' },
      settings: { latency: { minMs: 50, maxMs: 50 } },
    });
    const response = await ask(operation(20, 20));
    expect(codesOf(response)).toEqual(Array.from({ length: 13 }, () => 'UPSTREAM_BUSY'));
    expect(simulator.requestLog.requests).toHaveLength(7);
  });

  it('send no call while Wolkvox asks for a pause', async () => {
    const { ask, simulator } = await startService({ settings: { retryAfterSeconds: 60 } });
    simulator.faults.always('429-seconds');
    expect(new Set(codesOf(await ask(operation(50, 50))))).toEqual(new Set(['UPSTREAM_BUSY']));
    const { errors } = await ask(operation(10, 10, 100));
    expect(errors).toHaveLength(10);
    for (const { extensions } of errors) {
      expect(extensions).toMatchObject({ code: 'UPSTREAM_BUSY', retryable: true });
      expect(extensions['retryAfterSeconds']).toBeGreaterThan(0);
    }
    // Two calls ran when Wolkvox refused the first of them.
    expect(simulator.requestLog.requests.length).toBeLessThanOrEqual(2);
  });
});

describe('order of calls', () => {
  it('lets a single lookup wait for at most one call of an operation of a hundred', async () => {
    const service = await startService();
    const { ask, simulator } = service;
    const gate = holdCalls(simulator);
    const large = ask(operation(100, 100));
    await queueHolds(service, 98);
    const small = ask(`{ ${lookup(500)} }`);
    await queueHolds(service, 99);
    gate.open();
    expect(codesOf(await small)).toEqual([]);
    expect(codesOf(await large)).toEqual([]);
    const position = customersAsked(service).indexOf(customerId(500));
    // Two calls ran before.
    expect(position).toBeGreaterThanOrEqual(2);
    expect(position).toBeLessThanOrEqual(3);
    expect(simulator.requestLog.mostAtOnce).toBe(2);
  });

  it('moves a waiting call of a large operation forward if a small one asks for the same', async () => {
    const service = await startService();
    const { ask, simulator } = service;
    const gate = holdCalls(simulator);
    const large = ask(operation(100, 100));
    await queueHolds(service, 98);
    // The second lookup waits, which shows that the operation has started.
    const small = ask(`{ a: ${lookup(99)} b: ${lookup(500)} }`);
    await queueHolds(service, 99);
    gate.open();
    expect(codesOf(await small)).toEqual([]);
    expect(codesOf(await large)).toEqual([]);
    const position = customersAsked(service).indexOf(customerId(99));
    expect(position).toBeGreaterThanOrEqual(2);
    expect(position).toBeLessThanOrEqual(3);
    expect(simulator.requestLog.requests).toHaveLength(101);
  });
});

describe('the deadline of an operation', () => {
  it('refuses at once the lookups whose calls would start too late, and names a time to try again', async () => {
    const { ask, simulator } = await startService({
      env: { REQUEST_DEADLINE_MS: '1500' },
      settings: { latency: { minMs: 200, maxMs: 200 } },
    });
    await ask(operation(2, 2));
    const response = await ask(operation(60, 60));
    const refused = response.errors.filter(({ extensions }) => extensions['code'] === 'UPSTREAM_BUSY');
    expect(refused.length).toBeGreaterThan(20);
    for (const { extensions } of refused) {
      expect(extensions['retryable']).toBe(true);
      expect(extensions['retryAfterSeconds']).toBeGreaterThan(0);
    }
    // Two are cached, and the first of the others are sent.
    expect(answered(response)).toBeGreaterThan(2);
    expect(simulator.requestLog.mostAtOnce).toBe(2);
  });

  it('is an UPSTREAM_TIMEOUT, but the call goes on, and its answer is cached', async () => {
    const service = await startService({ env: { REQUEST_DEADLINE_MS: '500' } });
    const { ask, simulator } = service;
    const gate = holdCalls(simulator);
    expect(codesOf(await ask(KNOWN))).toEqual(['UPSTREAM_TIMEOUT']);
    gate.open();
    await eventually(() => logLines(service, 'call.answered').length).toBe(1);
    expect(codesOf(await ask(KNOWN))).toEqual([]);
    expect(simulator.requestLog.requests).toHaveLength(1);
  });
});

describe('a client that disconnects', () => {
  it('cancels its waiting calls; the calls that are sent go on, and their answers are cached', async () => {
    const service = await startService();
    const { ask, simulator } = service;
    const gate = holdCalls(simulator);
    const client = new AbortController();
    const response = ask(operation(40, 40), {}, { signal: client.signal });
    await eventually(() => simulator.requestLog.inFlight).toBe(2);
    await queueHolds(service, 38);
    client.abort();
    await expect(response).rejects.toThrow('aborted');
    await queueHolds(service, 0);
    gate.open();
    await eventually(() => logLines(service, 'call.answered').length).toBe(2);
    expect(codesOf(await ask(operation(2, 2)))).toEqual([]);
    expect(simulator.requestLog.requests).toHaveLength(2);
  });

  it('leaves a sent call behind that the same operation joins when it is sent again', async () => {
    const service = await startService();
    const { ask, simulator } = service;
    const gate = holdCalls(simulator);
    const client = new AbortController();
    const response = ask(operation(1, 1), {}, { signal: client.signal });
    await eventually(() => simulator.requestLog.inFlight).toBe(1);
    client.abort();
    await expect(response).rejects.toThrow('aborted');
    await eventually(() => logLines(service, 'lookup.refused').length).toBe(1);
    const reloaded = ask(operation(1, 1));
    gate.open();
    expect(codesOf(await reloaded)).toEqual([]);
    expect(simulator.requestLog.requests).toHaveLength(1);
    expect(logLines(service, 'answer.served').map(({ from }) => from)).toEqual(['flight']);
  });

  it('cancels its waiting calls while its compressed body is still being read, too', async () => {
    const service = await startService();
    const { url, simulator } = service;
    const gate = holdCalls(simulator);
    const padding = 'x'.repeat(1_000_000);
    const body = gzipSync(JSON.stringify({ query: operation(40, 40), extensions: { padding } }));
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    await once(socket, 'connect');
    const head = [
      'POST /graphql HTTP/1.1',
      'host: localhost',
      'content-type: application/json',
      'content-encoding: gzip',
      `content-length: ${body.length}`,
    ];
    socket.end(Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), body]));
    const cancelled = (): unknown[] => logLines(service, 'lookup.refused').map(({ reason }) => reason);
    await eventually(() => cancelled().length).toBeGreaterThanOrEqual(38);
    expect(new Set(cancelled())).toEqual(new Set(['abandoned']));
    expect(simulator.requestLog.requests.length).toBeLessThanOrEqual(2);
    gate.open();
    socket.destroy();
  });
});

/** The id of a customer without records. */
function customerId(index: number): string {
  return String(30_000_000 + index);
}

function lookup(index: number): string {
  return `findCampaignRecords(customerId: "${customerId(index)}") { id }`;
}

/** An operation with `count` fields, which are `distinct` different lookups from number `first` on. */
function operation(count: number, distinct: number, first = 0): string {
  const fields = Array.from({ length: count }, (_, index) => `f${index}: ${lookup(first + (index % distinct))}`);
  return `{ ${fields.join(' ')} }`;
}

/** Fields that have an answer. */
function answered({ data }: GraphResponse): number {
  return Object.values(data ?? {}).filter((list) => list !== null).length;
}

/** Seconds in `cache-control`; NaN if it allows no caching. */
function maxAgeOf({ headers }: GraphResponse): number {
  return Number(/^max-age=(\d+), private$/.exec(headers.get('cache-control') ?? '')?.[1]);
}

/** The customer id of each call, in the order of their arrival. */
function customersAsked({ simulator }: TestService): string[] {
  return simulator.requestLog.requests.map((request) => request.lookup.customerId);
}

/** Waits until so many calls wait in the queue. */
async function queueHolds({ get }: TestService, waiting: number): Promise<void> {
  const state = async (): Promise<unknown> => (await get('/readyz')).json();
  await expect.poll(state, { interval: 10, timeout: 20_000 }).toMatchObject({ queue: { waiting } });
}
