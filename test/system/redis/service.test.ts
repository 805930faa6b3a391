import { describe, expect, it, onTestFinished } from 'vitest';
import { find } from '../../support/find.js';
import { codesOf } from '../../support/graphql-client.js';
import { startRedis, type RedisServer } from '../../support/redis-server.js';
import { logLines, startService, type TestService } from '../../support/service.js';

const KNOWN = '{ findCampaignRecords(phone: "3064821975") { id fetchedAt } }';

/** An operation with lookups of customers without records. */
function operation(lookups: number): string {
  const fields = Array.from(
    { length: lookups },
    (_, index) => `a${index}: findCampaignRecords(customerId: "${40_000_000 + index}") { id }`,
  );
  return `{ ${fields.join(' ')} }`;
}

/** Replicas of one token over one Redis, all of them over the simulator of the first one. */
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
  it('make one call for equal lookups, and never three calls at once', async () => {
    const { replicas, first } = await startReplicas(3);
    const responses = await Promise.all(replicas.map(({ ask }) => ask(operation(30))));
    expect(responses.flatMap(codesOf)).toEqual([]);
    expect(first.simulator.requestLog.calls).toHaveLength(30);
    expect(first.simulator.requestLog.mostAtOnce).toBe(2);
    expect(first.simulator.requestLog.refusedThird).toBe(0);
  });

  it('send exactly WOLKVOX_DAILY_LIMIT calls together', async () => {
    const { replicas, first } = await startReplicas(3, { WOLKVOX_DAILY_LIMIT: '20' });
    const responses = await Promise.all(replicas.map(({ ask }) => ask(operation(30))));
    expect(first.simulator.requestLog.calls).toHaveLength(20);
    expect([...new Set(responses.flatMap(codesOf))]).toEqual(['UPSTREAM_QUOTA_EXHAUSTED']);
  });

  it('find the records of ids in an answer that another replica got, and parts of it (defects 13 and 14)', async () => {
    const { replicas, first } = await startReplicas(2);
    const [one, other] = replicas as [TestService, TestService];
    // A record without a customer id is found by its phone, and how Wolkvox compares phones is unknown.
    const listed = (await find(one, { campaignId: '4821' }))
      .filter(({ customerId }) => customerId !== null)
      .slice(0, 50);
    expect(listed).toHaveLength(50);
    const representations = listed.map(({ id }) => ({ __typename: 'CampaignRecord', id }));
    const query =
      'query ($r: [_Any!]!) { _entities(representations: $r) { ... on CampaignRecord { id customerName } } }';
    const { data, errors } = await other.ask(query, { r: representations });
    expect(errors).toEqual([]);
    expect(data?.['_entities']).toEqual(listed.map(({ id, customerName }) => ({ id, customerName })));
    await find(one, { customerId: '21839174' });
    expect(await find(other, { customerId: '21839174', campaignId: '7203' })).not.toEqual([]);
    expect(first.simulator.requestLog.calls).toHaveLength(2);
  });

  it('ask once for the limit and the use of the account, and all of them take them over', async () => {
    const env = { WOLKVOX_QUOTA_SYNC_MINUTES: '60' };
    const { redis, replicas, first } = await startReplicas(3, env);
    const showsFigures = ({ get }: TestService): Promise<void> =>
      expect
        .poll(async () => (await get('/readyz')).json(), { timeout: 30_000 })
        .toMatchObject({ quota: { used: 1, limit: 10_000 } });
    await Promise.all(replicas.map(showsFigures));
    const later = await startService({ env: { REDIS_URL: redis.url, WOLKVOX_BASE_URL: first.upstream, ...env } });
    await showsFigures(later);
    expect(first.simulator.requestLog.information).toHaveLength(1);
    expect([...replicas, later].flatMap((replica) => logLines(replica, 'quota.synced'))).toHaveLength(1);
  });

  it('give a record the same id, and erase their caches together', async () => {
    const { replicas, first } = await startReplicas(2);
    const [one, other] = replicas as [TestService, TestService];
    const response = await one.ask(KNOWN);
    expect((await other.ask(KNOWN)).data).toEqual(response.data);
    expect(first.simulator.requestLog.calls).toHaveLength(1);

    const erased = await forget(other.url);
    // The number of answers in the memory of the replica that was asked.
    expect(await erased.json()).toEqual({ forgotten: 1 });
    expect(logLines(one, 'cache.erased')).toMatchObject([{ entries: 1 }]);
    await one.ask(KNOWN);
    expect(first.simulator.requestLog.calls).toHaveLength(2);
    // The new answer is shared again.
    await other.ask(KNOWN);
    expect(first.simulator.requestLog.calls).toHaveLength(2);
  });

  it('serve a stale answer that only Redis has while Wolkvox does not answer (defect 4)', async () => {
    const { replicas, first } = await startReplicas(2, { CACHE_TTL_SECONDS: '1', STALE_AFTER_MS: '300' });
    const [one, other] = replicas as [TestService, TestService];
    const response = await one.ask(KNOWN);
    const sentAt = new Date((response.data?.['findCampaignRecords'] as { fetchedAt: string }[])[0]?.fetchedAt ?? 0);
    await expect.poll(() => Date.now() - sentAt.getTime(), { timeout: 30_000 }).toBeGreaterThan(1_200);
    first.simulator.faults.always('silence');
    const stale = await other.ask(KNOWN);
    expect(stale).toMatchObject({ data: response.data, errors: [] });
    expect(logLines(other, 'answer.served').at(-1)).toMatchObject({ from: 'stale', reason: 'slow' });
    expect(first.simulator.requestLog.requests).toHaveLength(2);
  });

  it('release a slot only after its call was cut off, when a replica stops', async () => {
    const { replicas, first } = await startReplicas(2, { WOLKVOX_CONCURRENCY: '1', REQUEST_DEADLINE_MS: '4000' });
    const [one, other] = replicas as [TestService, TestService];
    first.simulator.faults.next('silence');
    expect(codesOf(await other.ask(operation(1)))).toEqual(['UPSTREAM_TIMEOUT']);
    // The call still runs, and holds the only slot.
    expect(first.simulator.requestLog.inFlight).toBe(1);
    const [response] = await Promise.all([one.ask(KNOWN), other.stop()]);
    expect(codesOf(response)).toEqual([]);
    expect(first.simulator.requestLog.requests).toHaveLength(2);
    expect(first.simulator.requestLog.mostAtOnce).toBe(1);
  });

  it('show on the status page of each of them which one holds a slot', async () => {
    const { replicas, first } = await startReplicas(2, { REQUEST_DEADLINE_MS: '4000' });
    const [one, other] = replicas as [TestService, TestService];
    first.simulator.faults.next('silence');
    const lookup = other.ask(operation(1));
    await expect.poll(() => first.simulator.requestLog.inFlight).toBe(1);
    const slotsOf = async ({ get }: TestService): Promise<string> =>
      /Slot 1<[^]*Slot 2<[^]*?<\/dl>/.exec(await (await get('/status')).text())?.[0].replace(/<[^>]*>|\s+/g, ' ') ?? '';
    await expect.poll(() => slotsOf(other)).toContain('this replica');
    await expect.poll(() => slotsOf(one)).toMatch(/[^ ]+\/\d+\/[0-9a-f]{4}/);
    expect(await slotsOf(one)).not.toContain('this replica');
    await Promise.all([other.stop(), lookup.catch(() => undefined)]);
    await expect.poll(() => slotsOf(one)).toMatch(/Slot 1\W+free\W+Slot 2\W+free/);
  });

  it('serve cached answers while Redis is away, send no call, and go on when it is back', async () => {
    const { redis, replicas, first } = await startReplicas(1);
    const [{ ask, get, url }] = replicas as [TestService];
    await ask(KNOWN);
    await redis.kill();
    await expect.poll(async () => (await get('/readyz')).json()).toMatchObject({ redis: { connection: 'down' } });
    expect((await get('/readyz')).status).toBe(200);
    expect(codesOf(await ask(KNOWN))).toEqual([]);
    const refused = await ask(operation(1));
    expect(refused.errors.map(({ extensions }) => extensions)).toMatchObject([
      { code: 'UPSTREAM_UNAVAILABLE', retryable: true },
    ]);
    expect(first.simulator.requestLog.requests).toHaveLength(1);
    const notErased = await forget(url);
    expect(notErased.status).toBe(503);
    expect(await notErased.json()).toMatchObject({
      errors: [{ extensions: { code: 'UPSTREAM_UNAVAILABLE', retryable: true, retryAfterSeconds: 2 } }],
    });
    await redis.restart({ empty: true });
    await expect.poll(async () => codesOf(await ask(operation(1))), { timeout: 15_000 }).toEqual([]);
  });
});

function forget(url: string): Promise<Response> {
  return fetch(`${url}/forget`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', connection: 'close' },
    body: JSON.stringify({ customerId: '21839174' }),
  });
}
