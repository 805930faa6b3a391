import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { createCampaigns } from '../../../src/cache/campaign-list.js';
import { createCallQueue } from '../../../src/calls/call-queue.js';
import type { Freshness } from '../../../src/core/answer.js';
import type { CampaignList, Campaigns } from '../../../src/core/campaign.js';
import type { ServiceEvent } from '../../../src/core/events.js';
import { readLookup } from '../../../src/core/lookup.js';
import type { Simulator } from '../../../src/simulator/server.js';
import { SIMULATOR_TOKEN } from '../../../src/simulator/settings.js';
import { createWolkvoxClient } from '../../../src/wolkvox/client.js';
import { campaign } from '../../support/campaigns.js';
import { startRedis, type RedisServer } from '../../support/redis-server.js';
import { REPLICA_OPTIONS, until } from '../../support/replicas.js';
import { answerOf, lookupOptions, openRedis, type OpenedRedis } from '../../support/shared-redis.js';
import { startSimulator } from '../../support/simulator-client.js';

const FRESHNESS: Freshness = REPLICA_OPTIONS.campaignFreshness;
let redis: RedisServer;

beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.close());
beforeEach(() => redis.command('FLUSHALL'));

interface CampaignReplica extends OpenedRedis, Campaigns {
  readonly events: readonly ServiceEvent[];
  /** An operation that begins now asks for the list. */
  ask(): Promise<CampaignList>;
}

/** A replica's list of campaigns, with the layers that share it. Calls go to the simulator. */
async function openReplica(upstream: string, url = redis.url, freshness = FRESHNESS): Promise<CampaignReplica> {
  const opened = await openRedis(url, { campaignFreshness: freshness });
  const { shared, clock } = opened;
  const events: ServiceEvent[] = [];
  const observe = (event: ServiceEvent): void => void events.push(event);
  const client = createWolkvoxClient({
    ...{ baseUrl: upstream, account: { token: SIMULATOR_TOKEN, server: '0042' }, concurrency: 2, timeoutMs: 20_000 },
    ...{ zone: 'UTC-5', maxRecords: 1_000, maxBytes: 1_000_000, clock, observe },
  });
  onTestFinished(() => client.close());
  const queue = createCallQueue({ concurrency: 2, limit: 10, pausedForMs: () => 0, clock });
  const campaigns = createCampaigns({
    source: shared.awaitOthers(queue.layer(shared.lead(client.campaigns))),
    sharedCache: shared.cache,
    ...{ freshness, staleAfterMs: 10_000, queue, clock, observe },
  });
  return { ...opened, ...campaigns, events, ask: () => campaigns.find(lookupOptions(clock)) };
}

const calls = ({ requestLog }: Simulator): number => requestLog.information.length;
const originOf = ({ events }: CampaignReplica): unknown => {
  const last = events.at(-1);
  return last?.event === 'answer.served' ? last.from : last;
};

describe('Replicas with one Redis', () => {
  it('make one call for the list for all that ask at the same time or later', async () => {
    const { simulator, url } = await startSimulator({ settings: { latency: { minMs: 200, maxMs: 200 } } });
    const [one, other] = [await openReplica(url), await openReplica(url)];
    const lists = await Promise.all([one, other, one, other].map((replica) => replica.ask()));
    const later = await openReplica(url);
    expect((await later.ask()).campaigns).toEqual(lists[0]?.campaigns);
    expect(originOf(later)).toBe('shared');
    expect(lists[0]?.campaigns).toHaveLength(8);
    for (const list of lists) expect(list).toMatchObject({ campaigns: lists[0]?.campaigns, sentAt: lists[0]?.sentAt });
    expect(calls(simulator)).toBe(1);
    expect(simulator.requestLog.requests).toHaveLength(1);
  });

  it('make another call when the list is no longer fresh, and serve it from Redis while Wolkvox fails', async () => {
    const { simulator, url } = await startSimulator();
    const freshness = { freshMs: 1_000, staleMs: 60_000 };
    const one = await openReplica(url, redis.url, freshness);
    const list = await one.ask();
    one.clock.advance(1_001);
    expect((await one.ask()).sentAt).toBeGreaterThan(list.sentAt);
    expect(calls(simulator)).toBe(2);
    simulator.faults.always('503');
    const other = await openReplica(url, redis.url, freshness);
    other.clock.advance(10_000);
    expect((await other.ask()).campaigns).toEqual(list.campaigns);
    expect(originOf(other)).toBe('stale');
    expect(calls(simulator)).toBe(3);
  });

  it('share a failure of the call, and the next operation makes a call of its own', async () => {
    const { simulator, url } = await startSimulator({ settings: { latency: { minMs: 300, maxMs: 300 } } });
    const [one, other] = [await openReplica(url), await openReplica(url)];
    simulator.faults.next('html-200');
    const leading = one.ask();
    await until(() => simulator.requestLog.inFlight === 1);
    const waiting = other.ask();
    await expect(leading).rejects.toMatchObject({ kind: 'malformed' });
    await expect(waiting).rejects.toMatchObject({ kind: 'malformed' });
    expect(calls(simulator)).toBe(1);
    // It is remembered for a minute.
    await expect(one.ask()).rejects.toMatchObject({ kind: 'malformed' });
    expect(calls(simulator)).toBe(1);
    const third = await openReplica(url);
    expect((await third.ask()).campaigns).toHaveLength(8);
    expect(calls(simulator)).toBe(2);
  });

  it('do not take the list for an answer to a lookup, nor an answer for the list', async () => {
    const { url } = await startSimulator();
    const replica = await openReplica(url);
    const { shared, clock } = replica;
    const lookup = readLookup({ campaignId: '4821' });
    await shared.lead({ find: async () => answerOf(clock) }).find(lookup, lookupOptions(clock));
    expect(await shared.cache.read('campaigns')).toBeUndefined();
    await replica.ask();
    expect(await shared.cache.read(lookup)).toMatchObject({ records: [] });
    expect((await shared.cache.read('campaigns'))?.campaigns).toHaveLength(8);
    const keys = (await redis.command('KEYS', '*')) as string[];
    expect(keys.filter((key) => key.endsWith(':answer'))).toHaveLength(2);
    expect(keys.join('\n')).not.toMatch(/campaigns/);
  });

  it('store the list for its own time, and not at all if it is not cached', async () => {
    const source = (sentAt: number) => ({
      find: async (): Promise<CampaignList> => ({ campaigns: [campaign()], sentAt, source: 'wolkvox' }),
    });
    for (const [freshMs, expected] of [
      [60_000, 120_000],
      [0, undefined],
    ] as const) {
      const { shared, clock } = await openRedis(redis.url, { campaignFreshness: { freshMs, staleMs: 60_000 } });
      const options = lookupOptions(clock, { minSentAt: clock.epochMs() + 1 });
      await shared.lead(source(clock.epochMs())).find('campaigns', options);
      const [key = ''] = (await redis.command('KEYS', '*:answer')) as string[];
      if (expected === undefined) expect(key).toBe('');
      else expect(Math.abs(Number(await redis.command('PTTL', key)) - expected)).toBeLessThan(20_000);
      await redis.command('FLUSHALL');
    }
  });

  it('ask for the list again if the stored one was changed', async () => {
    const { simulator, url } = await startSimulator();
    const one = await openReplica(url);
    await one.ask();
    const [key = ''] = (await redis.command('KEYS', '*:answer')) as string[];
    await redis.command('SET', key, `${Date.now() - 1_000} changed`);
    const other = await openReplica(url);
    expect((await other.ask()).campaigns).toHaveLength(8);
    expect(originOf(other)).toBe('wolkvox');
    expect(calls(simulator)).toBe(2);
  });

  it('serve the list from memory while Redis is away, send no call, and go on when it is back', async () => {
    const own = await startRedis();
    onTestFinished(() => own.close());
    const { simulator, url } = await startSimulator();
    const [one, empty] = [await openReplica(url, own.url), await openReplica(url, own.url)];
    const list = await one.ask();
    await own.kill();
    await until(() => [one, empty].every(({ shared }) => shared.state().connection === 'down'));
    expect(await one.ask()).toBe(list);
    one.clock.advance(FRESHNESS.freshMs + 1);
    expect(await one.ask()).toBe(list);
    expect(originOf(one)).toBe('stale');
    await expect(empty.ask()).rejects.toMatchObject({ kind: 'redis-down' });
    expect(calls(simulator)).toBe(1);
    await own.restart({ empty: true });
    await until(() => empty.shared.state().connection === 'up');
    expect((await empty.ask()).campaigns).toEqual(list.campaigns);
    expect(calls(simulator)).toBe(2);
  });
});
