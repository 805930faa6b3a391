import { once } from 'node:events';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { startService } from '../support/service.js';

const person = (index: number): string => `${30_000_000 + index}`;
const aliases = (count: number, different: number): string =>
  `{ ${Array.from({ length: count }, (_, index) => `a${index}: findCampaignRecords(customerId: "${person(index % different)}") { id }`).join(' ')} }`;

describe('asking once', () => {
  it('makes 10 calls of 50 aliases with 10 different questions, never three at once, with both slots busy', async () => {
    const { ask, simulator } = await startService({ settings: { latency: { minMs: 50, maxMs: 50 } } });
    const startedAt = performance.now();
    const { errors } = await ask(aliases(50, 10));
    const ms = Math.round(performance.now() - startedAt);
    expect(errors).toEqual([]);
    expect(simulator.witness.calls).toHaveLength(10);
    expect(simulator.witness.mostAtOnce).toBe(2);
    console.log(`10 calls of 50 ms, two at a time: ${ms} ms (250 ms at best)`);
  });

  it('makes 10 calls of 200 clients that ask 10 questions at once', async () => {
    const { ask, simulator } = await startService({ settings: { latency: { minMs: 20, maxMs: 20 } } });
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, index) =>
        ask(`{ findCampaignRecords(customerId: "${person(index % 10)}") { id } }`),
      ),
    );
    expect(answers.flatMap(({ errors }) => errors)).toEqual([]);
    expect(simulator.witness.calls).toHaveLength(10);
    expect(simulator.witness.mostAtOnce).toBeLessThanOrEqual(2);
  });

  it('keeps answers, empty ones too, and says how old they are', async () => {
    const { ask, simulator } = await startService();
    const query =
      '{ a: findCampaignRecords(phone: "3064821975") { fetchedAt } b: findCampaignRecords(customerId: "20000000") { id } }';
    const first = await ask(query);
    const second = await ask(query);
    expect(second.data).toEqual(first.data);
    expect(second.data?.['b']).toEqual([]);
    expect(simulator.witness.calls).toHaveLength(2);
  });

  it('tells in cache-control what remains of the freshness, and no-store beside an error', async () => {
    const { ask } = await startService({ env: { CACHE_TTL_SECONDS: '100' } });
    const fine = await ask(
      '{ findCampaignRecords(phone: "3064821975") { id customer { customerId } opts { value } } }',
    );
    expect(fine.headers.get('cache-control')).toMatch(/^max-age=(9[5-9]|100), public$/);
    const failed = await ask('{ findCampaignRecords(phone: "abc") { id } }');
    expect(failed.headers.get('cache-control')).toBe('no-store');
  });

  it('asks Wolkvox for maxAge 0, once for equal questions that came before it was sent', async () => {
    const { ask, simulator } = await startService();
    const query = '{ findCampaignRecords(phone: "3064821975", maxAge: 0) { fetchedAt } }';
    await ask(query);
    await ask(query);
    expect(simulator.witness.calls).toHaveLength(2);
    await ask(
      '{ a: findCampaignRecords(phone: "3060000000", maxAge: 0) { id } b: findCampaignRecords(phone: "306 000 0000") { id } }',
    );
    expect(simulator.witness.calls).toHaveLength(3);
  });

  it('keeps nothing with CACHE_TTL_SECONDS=0 and still shares what is in flight', async () => {
    const { ask, simulator } = await startService({
      env: { CACHE_TTL_SECONDS: '0' },
      settings: { latency: { minMs: 100, maxMs: 100 } },
    });
    const query = '{ findCampaignRecords(phone: "3064821975") { id } }';
    await Promise.all([ask(query), ask(query), ask(query)]);
    expect(simulator.witness.calls).toHaveLength(1);
    await ask(query);
    expect(simulator.witness.calls).toHaveLength(2);
  });

  it('sends exactly 20 of 30 questions where the day has 20 calls, and says when the next day begins', async () => {
    const { ask, simulator } = await startService({ env: { WOLKVOX_DAILY_LIMIT: '20' } });
    const { errors, data } = await ask(aliases(30, 30));
    expect(simulator.witness.calls).toHaveLength(20);
    expect(errors).toHaveLength(10);
    for (const { extensions } of errors) {
      expect(extensions).toMatchObject({ code: 'UPSTREAM_QUOTA_EXHAUSTED', retryable: false });
      expect(extensions['retryAfterSeconds']).toBeGreaterThan(0);
      expect(extensions['retryAfterSeconds']).toBeLessThanOrEqual(86_400);
    }
    expect(Object.values(data ?? {}).filter((list) => list !== null)).toHaveLength(20);
    // What is known is still served.
    expect((await ask(aliases(1, 1))).errors).toEqual([]);
  });

  it('answers 250 calls of one operation and refuses the fields beyond', async () => {
    const { ask, simulator } = await startService({ env: { LOOKUPS_PER_OPERATION: '25' } });
    const { errors, data } = await ask(aliases(30, 30));
    expect(errors.map(({ extensions }) => extensions['code'])).toEqual(
      Array.from({ length: 5 }, () => 'TOO_MANY_LOOKUPS'),
    );
    expect(Object.values(data ?? {}).filter((list) => list !== null)).toHaveLength(25);
    expect(simulator.witness.calls).toHaveLength(25);
    // What memory knows is free: the next operation has its calls for the rest.
    expect((await ask(aliases(30, 30))).errors).toEqual([]);
    expect(simulator.witness.calls).toHaveLength(30);
  });
});

describe('small before big', () => {
  it('lets one question wait for at most one call of an operation of a hundred', async () => {
    const { ask, simulator } = await startService({ settings: { latency: { minMs: 30, maxMs: 30 } } });
    const big = ask(aliases(100, 100));
    await simulatorHas(simulator, 4);
    const before = simulator.witness.calls.length;
    await ask('{ findCampaignRecords(phone: "3064821975") { id } }');
    const order = simulator.witness.calls.map(({ lookup }) => JSON.stringify(lookup));
    const place = order.findIndex((text) => text.includes('3064821975'));
    // Those under way, and one whose turn was before.
    expect(place - before).toBeLessThanOrEqual(3);
    expect((await big).errors).toEqual([]);
    expect(simulator.witness.mostAtOnce).toBe(2);
  });

  it('serves a small operation early that waits for one of the last questions of a big one', async () => {
    const { ask, simulator } = await startService({ settings: { latency: { minMs: 30, maxMs: 30 } } });
    const big = ask(aliases(100, 100));
    await simulatorHas(simulator, 2);
    const { errors } = await ask(`{ findCampaignRecords(customerId: "${person(99)}") { id } }`);
    expect(errors).toEqual([]);
    expect(simulator.witness.calls.length).toBeLessThan(20);
    await big;
    expect(simulator.witness.calls).toHaveLength(100);
  });
});

describe('deadlines', () => {
  it('refuses at once what cannot have its turn in time, and says when to come again', async () => {
    const { ask, simulator } = await startService({
      env: { REQUEST_DEADLINE_MS: '1500' },
      settings: { latency: { minMs: 200, maxMs: 200 } },
    });
    await ask(aliases(2, 2));
    const { errors, data } = await ask(aliases(60, 60));
    const refused = errors.filter(({ extensions }) => extensions['code'] === 'UPSTREAM_BUSY');
    expect(refused.length).toBeGreaterThan(20);
    for (const { extensions } of refused)
      expect(extensions).toMatchObject({ retryable: true, retryAfterSeconds: expect.any(Number) as number });
    const answered = Object.values(data ?? {}).filter((list) => list !== null).length;
    expect(answered).toBeGreaterThan(5);
    expect(simulator.witness.mostAtOnce).toBe(2);
  });

  it('bounds the queue', async () => {
    const { ask } = await startService({ env: { QUEUE_LIMIT: '5' }, settings: { latency: { minMs: 50, maxMs: 50 } } });
    const { errors } = await ask(aliases(20, 20));
    expect(errors.map(({ extensions }) => extensions['code'])).toEqual(
      Array.from({ length: 13 }, () => 'UPSTREAM_BUSY'),
    );
  });

  it('drops the waiting calls of a client that hung up, and keeps what is under way', async () => {
    const { ask, simulator } = await startService({ settings: { latency: { minMs: 100, maxMs: 100 } } });
    const client = new AbortController();
    const hungUp = ask(aliases(40, 40), {}, { signal: client.signal }).catch((error: unknown) => error);
    await simulatorHas(simulator, 2);
    client.abort();
    await hungUp;
    const { errors } = await ask('{ findCampaignRecords(phone: "3064821975") { id } }');
    expect(errors).toEqual([]);
    expect(simulator.witness.calls.length).toBeLessThanOrEqual(5);
    // The two that were under way ended into the cache.
    const calls = simulator.witness.calls.length;
    await ask(aliases(2, 2));
    expect(simulator.witness.calls).toHaveLength(calls);
  });

  it('drops the calls of a client that hung up while its compressed body was still being read', async () => {
    const { url, simulator } = await startService({ settings: { latency: { minMs: 100, maxMs: 100 } } });
    const padding = 'x'.repeat(1_000_000);
    const body = gzipSync(JSON.stringify({ query: aliases(40, 40), extensions: { padding } }));
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    const head = `POST /graphql HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-encoding: gzip\r\ncontent-length: ${body.length}\r\n\r\n`;
    socket.write(Buffer.concat([Buffer.from(head), body]), () => socket.destroy());
    // Longer than a body takes to be read and its first calls to be sent.
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect(simulator.witness.calls.length).toBeLessThanOrEqual(2);
  });

  it('lets the answer of maxAge be cached no longer than the caller accepts', async () => {
    const { ask } = await startService();
    const cacheControl = async (maxAge: number): Promise<string | null> =>
      (await ask(`{ findCampaignRecords(phone: "3064821975", maxAge: ${maxAge}) { id } }`)).headers.get(
        'cache-control',
      );
    expect(await cacheControl(0)).toBe('no-store');
    expect(await cacheControl(30)).toMatch(/^max-age=(2[5-9]|30), public$/);
  });

  it('keeps asking nobody while Wolkvox asks for a pause', async () => {
    const { ask, simulator } = await startService({ settings: { retryAfterSeconds: 60 } });
    simulator.faults.always('429-seconds');
    await ask(aliases(50, 50));
    const { errors } = await ask(aliases(10, 60));
    expect(errors.map(({ extensions }) => extensions['code'])).toEqual(
      Array.from({ length: 10 }, () => 'UPSTREAM_BUSY'),
    );
    // The two that were under way when Wolkvox said so.
    expect(simulator.witness.attempts).toHaveLength(2);
  });

  it('answers UPSTREAM_TIMEOUT at the deadline, lets the call end into the cache, and serves it then', async () => {
    const { ask, simulator } = await startService({
      env: { REQUEST_DEADLINE_MS: '200' },
      settings: { latency: { minMs: 500, maxMs: 500 } },
    });
    const { errors } = await ask(aliases(1, 1));
    expect(errors.map(({ extensions }) => extensions['code'])).toEqual(['UPSTREAM_TIMEOUT']);
    await expect.poll(() => simulator.witness.calls[0]?.endedAt ?? null, { timeout: 5000 }).not.toBeNull();
    expect((await ask(aliases(1, 1))).errors).toEqual([]);
    expect(simulator.witness.calls).toHaveLength(1);
  });
});

async function simulatorHas(simulator: { witness: { calls: readonly unknown[] } }, calls: number): Promise<void> {
  await expect.poll(() => simulator.witness.calls.length, { interval: 5, timeout: 5000 }).toBeGreaterThanOrEqual(calls);
}
