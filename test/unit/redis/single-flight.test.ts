import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Answer, LookupSource } from '../../../src/core/answer.js';
import { LookupFailure } from '../../../src/core/failure.js';
import { readLookup } from '../../../src/core/lookup.js';
import { campaignRecord } from '../../support/record.js';
import { startRedis, type RedisServer } from '../../support/redis-server.js';
import { until } from '../../support/replicas.js';
import { answerOf, lookupOptions, openRedis, type OpenedRedis } from '../../support/shared-redis.js';

const LOOKUP = readLookup({ customerId: 'CC-77120034' });
const RECORDS = [campaignRecord({ customerId: 'CC-77120034', customerName: 'Perpetua' })];
let redis: RedisServer;

beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.close());
beforeEach(() => redis.command('FLUSHALL'));

/** A replica with calls that a test ends. */
async function openReplica(url = redis.url): Promise<
  OpenedRedis & {
    readonly source: LookupSource;
    readonly calls: { answer(): void; fail(failure: LookupFailure): void }[];
    find(overrides?: Parameters<typeof lookupOptions>[1]): Promise<Answer>;
  }
> {
  const opened = await openRedis(url);
  const calls: { answer(): void; fail(failure: LookupFailure): void }[] = [];
  const client: LookupSource = {
    find: () =>
      new Promise((resolve, reject) => {
        const answer = answerOf(opened.clock, RECORDS);
        calls.push({ answer: () => resolve(answer), fail: reject });
      }),
  };
  const source = opened.shared.awaitOthers(opened.shared.lead(client));
  return { ...opened, source, calls, find: (overrides) => source.find(LOOKUP, lookupOptions(opened.clock, overrides)) };
}

/** Resolves when so many messages could be heard, so that a waiter certainly waits. */
const waits = (): Promise<void> => sleep(100);

describe('equal lookups of two replicas', () => {
  it('share one call, and the waiting replica gets the answer of the other one', async () => {
    const [one, other] = [await openReplica(), await openReplica()];
    const leading = one.find();
    await until(() => one.calls.length === 1);
    const waiting = other.find();
    await waits();
    one.calls[0]?.answer();
    expect(await leading).toMatchObject({ source: 'wolkvox', records: RECORDS });
    expect(await waiting).toMatchObject({ source: 'shared', records: RECORDS, sentAt: (await leading).sentAt });
    expect(other.calls).toHaveLength(0);
    expect((await other.find()).source).toBe('shared');
    expect((await other.shared.cache.read(LOOKUP))?.records).toEqual(RECORDS);
  });

  it('share one call without the right to publish and subscribe', async () => {
    const own = await startRedis({ aclRules: '~campaign-subgraph:* resetchannels +@all -publish -subscribe' });
    const [one, other] = [await openReplica(own.url), await openReplica(own.url)];
    expect(one.shared.state().missing).toContain('publish');
    const leading = one.find();
    await until(() => one.calls.length === 1);
    const waiting = other.find();
    await waits();
    one.calls[0]?.answer();
    await Promise.all([leading, waiting]);
    expect(other.calls).toHaveLength(0);
    await own.close();
  });

  it('share a failure of the call with its message and time, if they wait for it', async () => {
    const [one, other] = [await openReplica(), await openReplica()];
    const leading = one.find();
    await until(() => one.calls.length === 1);
    const waiting = other.find();
    await waits();
    const message = 'The campaign is too large. Name a customer id.';
    one.calls[0]?.fail(new LookupFailure('too-large', { message, retryAfterSeconds: 7 }));
    await expect(leading).rejects.toMatchObject({ kind: 'too-large' });
    await expect(waiting).rejects.toMatchObject({ kind: 'too-large', message, retryAfterSeconds: 7 });
    expect(other.calls).toHaveLength(0);
  });

  it('do not share a failure of a call that was sent too early for the caller that waits', async () => {
    const [one, other] = [await openReplica(), await openReplica()];
    const leading = one.find();
    await until(() => one.calls.length === 1);
    await waits();
    const strict = other.find({ minSentAt: other.clock.epochMs() });
    await waits();
    one.calls[0]?.fail(new LookupFailure('too-large'));
    await expect(leading).rejects.toMatchObject({ kind: 'too-large' });
    await until(() => other.calls.length === 1);
    other.calls[0]?.answer();
    expect((await strict).source).toBe('wolkvox');
  });

  it.each(['abandoned', 'lease-lost', 'quota-used'] as const)(
    'do not share a failure without a call: %s. The waiter makes a call of its own',
    async (kind) => {
      const [one, other] = [await openReplica(), await openReplica()];
      const leading = one.find();
      await until(() => one.calls.length === 1);
      const waiting = other.find();
      await waits();
      one.calls[0]?.fail(new LookupFailure(kind));
      await expect(leading).rejects.toMatchObject({ kind });
      await until(() => other.calls.length === 1);
      other.calls[0]?.answer();
      expect((await waiting).source).toBe('wolkvox');
    },
  );

  it('make a second call if the first answer is too old for one of them', async () => {
    const [one, other] = [await openReplica(), await openReplica()];
    const leading = one.find();
    await until(() => one.calls.length === 1);
    const waiting = other.find({ minSentAt: other.clock.epochMs() + 50 });
    await waits();
    one.calls[0]?.answer();
    const first = await leading;
    await until(() => other.calls.length === 1);
    other.calls[0]?.answer();
    expect((await waiting).sentAt).toBeGreaterThan(first.sentAt);
    expect((await one.find()).sentAt).toBe((await waiting).sentAt);
  });

  it('share one call although a strict caller is in the process of the leader', async () => {
    const one = await openReplica();
    const leading = one.find();
    await until(() => one.calls.length === 1);
    const strict = one.find({ minSentAt: one.clock.epochMs() + 50 });
    await waits();
    expect(one.calls).toHaveLength(1);
    one.calls[0]?.answer();
    await leading;
    await until(() => one.calls.length === 2);
    one.calls[1]?.answer();
    expect((await strict).sentAt).toBeGreaterThan((await leading).sentAt);
  });

  it('wait no longer than their caller', async () => {
    const [one, other] = [await openReplica(), await openReplica()];
    const leading = one.find();
    await until(() => one.calls.length === 1);
    const leaving = new AbortController();
    const waiting = other.find({ signal: leaving.signal });
    await waits();
    leaving.abort(new LookupFailure('deadline'));
    await expect(waiting).rejects.toMatchObject({ kind: 'deadline' });
    one.calls[0]?.answer();
    await leading;
  });

  it('are not disturbed by messages that nobody can read', async () => {
    const [one, other] = [await openReplica(), await openReplica()];
    const channels = (await redis.command('PUBSUB', 'CHANNELS', 'campaign-subgraph:*')) as string[];
    expect(channels).toHaveLength(3);
    const leading = one.find();
    await until(() => one.calls.length === 1);
    const waiting = other.find();
    await waits();
    for (const channel of channels) {
      for (const text of ['', '{"name":1', 'constructor constructor x', '\u0000 too-large NaN', 'x'.repeat(100_000)]) {
        expect(Number(await redis.command('PUBLISH', channel, text))).toBeGreaterThanOrEqual(2);
      }
    }
    one.calls[0]?.answer();
    await Promise.all([leading, waiting]);
    expect(other.calls).toHaveLength(0);
  });

  it('fail without Redis, and work again when it is back', async () => {
    const own = await startRedis();
    const one = await openReplica(own.url);
    await own.kill();
    await until(() => one.shared.state().connection === 'down');
    await expect(one.find()).rejects.toMatchObject({ kind: 'redis-down' });
    expect(await one.shared.cache.read(LOOKUP)).toBeUndefined();
    await own.restart({ empty: true });
    await until(() => one.shared.state().connection === 'up');
    const finding = one.find();
    await until(() => one.calls.length === 1);
    one.calls[0]?.answer();
    await finding;
    expect(one.events.map(({ event }) => event)).toEqual(['redis.up', 'redis.down', 'redis.up']);
    await own.close();
  });
});
