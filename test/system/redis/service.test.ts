import { describe, expect, it, onTestFinished } from 'vitest';
import { startService, type TestService } from '../../support/service.js';
import { startRedis, type RedisServer } from '../../support/redis-server.js';

const person = (index: number): string => `${40_000_000 + index}`;
const questions = (count: number): string =>
  `{ ${Array.from({ length: count }, (_, index) => `a${index}: findCampaignRecords(customerId: "${person(index)}") { id }`).join(' ')} }`;
const KNOWN = '{ findCampaignRecords(phone: "3064821975") { id fetchedAt } }';

/** Replicas of one token over one Redis and one simulator, that of the first. */
async function startReplicas(
  count: number,
  env: Record<string, string> = {},
): Promise<{ redis: RedisServer; replicas: TestService[]; first: TestService }> {
  const redis = await startRedis();
  onTestFinished(() => redis.close());
  const first = await startService({
    env: { REDIS_URL: redis.url, ...env },
    settings: { latency: { minMs: 20, maxMs: 20 } },
  });
  const others = await Promise.all(
    Array.from({ length: count - 1 }, () =>
      startService({ env: { REDIS_URL: redis.url, WOLKVOX_BASE_URL: first.upstream, ...env } }),
    ),
  );
  return { redis, first, replicas: [first, ...others] };
}

describe('replicas of the service over one Redis', () => {
  it('ask each thing once, never three at once', async () => {
    const { replicas, first } = await startReplicas(3);
    const answers = await Promise.all(replicas.map(({ ask }) => ask(questions(30))));
    expect(answers.flatMap(({ errors }) => errors)).toEqual([]);
    expect(first.simulator.requestLog.calls).toHaveLength(30);
    expect(first.simulator.requestLog.mostAtOnce).toBe(2);
    expect(first.simulator.requestLog.refusedThird).toBe(0);
  });

  it('send exactly the calls of the day together', async () => {
    const { replicas, first } = await startReplicas(3, { WOLKVOX_DAILY_LIMIT: '20' });
    const answers = await Promise.all(replicas.map(({ ask }) => ask(questions(30))));
    expect(first.simulator.requestLog.calls).toHaveLength(20);
    const codes = new Set(answers.flatMap(({ errors }) => errors.map(({ extensions }) => extensions['code'])));
    expect([...codes]).toEqual(['UPSTREAM_QUOTA_EXHAUSTED']);
  });

  it('give the same ids, and forget a person together', async () => {
    const { replicas, first } = await startReplicas(2);
    const [one, other] = replicas as [TestService, TestService];
    const asked = await one.ask(KNOWN);
    const again = await other.ask(KNOWN);
    expect(again.data).toMatchObject({
      findCampaignRecords: (asked.data?.['findCampaignRecords'] as { id: string }[]).map(({ id }) => ({ id })),
    });
    expect(first.simulator.requestLog.calls).toHaveLength(1);
    const response = await fetch(`${other.url}/forget`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', connection: 'close' },
      body: JSON.stringify({ customerId: '21839174' }),
    });
    // Its own memory's and Redis's; the other replica is told.
    expect(await response.json()).toEqual({ forgotten: 2 });
    await expect
      .poll(async () => {
        await one.ask(KNOWN);
        return first.simulator.requestLog.calls.length;
      })
      .toBe(2);
  });

  it('serve what memory knows while Redis is away, refuse the rest, and go on when it is back', async () => {
    const { redis, replicas } = await startReplicas(1);
    const [{ ask, get }] = replicas as [TestService];
    await ask(KNOWN);
    await redis.kill();
    expect((await ask(KNOWN)).errors).toEqual([]);
    const refused = await ask(questions(1));
    expect(refused.errors.map(({ extensions }) => extensions)).toMatchObject([
      { code: 'UPSTREAM_UNAVAILABLE', retryable: true },
    ]);
    const ready = await get('/readyz');
    expect([ready.status, await ready.json()]).toMatchObject([200, { redis: 'down' }]);
    await redis.restart({ empty: true });
    await expect.poll(async () => (await ask(questions(1))).errors, { timeout: 15_000 }).toEqual([]);
  });
});
