import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readLookup } from '../../../src/records/lookup.js';
import type { Person } from '../../../src/records/person.js';
import type { CampaignRecord } from '../../../src/records/record.js';
import { askingOf } from '../../../src/records/source.js';
import type { RecordSource } from '../../../src/records/source.js';
import { createShared } from '../../../src/redis/shared.js';
import type { Shared, SharedOptions } from '../../../src/redis/shared.js';
import { createSealing } from '../../../src/redis/sealing.js';
import { startRedis } from '../../support/redis-server.js';
import type { RedisServer } from '../../support/redis-server.js';
import { sharedDefaults, until } from '../../support/replicas.js';

const PERSON = { phone: '3005550142', customerId: 'CC-77120034', name: 'Perpetua', lastName: 'Quitiaquez' };
const record: CampaignRecord = {
  campaignId: '12462',
  customerId: PERSON.customerId,
  customerName: PERSON.name,
  customerLastName: PERSON.lastName,
  opts: Array.from({ length: 12 }, () => 'opción '.repeat(20)),
  phones: [{ position: 1, number: PERSON.phone }],
  address: null,
  date: null,
  calls: 0,
  connId: null,
  result: null,
  outcome: null,
};
const lookup = readLookup({ phone: PERSON.phone, customerId: PERSON.customerId });

describe('what the replicas leave in Redis', { timeout: 30_000 }, () => {
  let redis: RedisServer;
  const opened: Shared[] = [];

  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(async () => {
    await Promise.all(opened.map((shared) => shared.close()));
    await redis.close();
  });

  async function open(
    options: Partial<SharedOptions> = {},
  ): Promise<{ shared: Shared; source: RecordSource; calls: () => number }> {
    const quiet = (): void => undefined;
    const shared = createShared({
      ...sharedDefaults,
      ...options,
      url: redis.url,
      log: { info: quiet, warn: quiet, error: quiet },
    });
    opened.push(shared);
    await shared.start();
    let calls = 0;
    const source = shared.around({
      async find(_lookup, asking) {
        const place = await shared.places.take(asking.signal);
        await shared.budget.spend();
        asking.onSent();
        calls += 1;
        place.release();
        return { records: [record], fetchedAt: Date.now() };
      },
    });
    return { shared, source, calls: () => calls };
  }

  it('holds no phone, customer id, name or token, neither in keys nor in values, and all of it expires', async () => {
    await redis.ask('FLUSHALL');
    const { shared, source } = await open({ dailyLimit: 1_000 });
    await source.find(lookup, asking());
    await shared.budget.exhausted();
    const places = [await shared.places.take(patience()), await shared.places.take(patience())];
    const waiting = new AbortController();
    const waited = shared.places.take(waiting.signal).catch(() => undefined);
    await until(async () => (await kept(redis)).some(({ key }) => key.endsWith(':waiting')));
    await until(async () => (await kept(redis)).some(({ key }) => key.includes(':answer:')));
    const entries = await kept(redis);
    expect(entries.length).toBeGreaterThanOrEqual(5);
    const everything = entries.map(({ key, value }) => `${key}\n${value}`).join('\n');
    for (const planted of [...Object.values(PERSON), sharedDefaults.token, sharedDefaults.account, '12462', 'opci']) {
      expect(everything).not.toContain(planted);
      expect(everything).not.toContain(Buffer.from(planted).toString('base64').replace(/=+$/, ''));
    }
    expect(entries.filter(({ expiresInMs }) => expiresInMs <= 0).map(({ key }) => key)).toEqual([]);
    waiting.abort(new Error('over'));
    await waited;
    for (const place of places) place.release();
  });

  it('gives the same answer back', async () => {
    await redis.ask('FLUSHALL');
    const [one, other] = [await open(), await open()];
    const given = await one.source.find(lookup, asking());
    await until(async () => (await kept(redis)).some(({ key }) => key.includes(':answer:')));
    const again = await other.source.find(lookup, asking());
    expect(again.records).toEqual(given.records);
    expect(Math.abs(again.fetchedAt - given.fetchedAt)).toBeLessThan(1_000);
    expect(other.calls()).toBe(0);
  });

  it('is nothing to who has another secret, another account, or a value of another name', async () => {
    await redis.ask('FLUSHALL');
    const one = await open();
    await one.source.find(lookup, asking());
    await until(async () => (await kept(redis)).some(({ key }) => key.includes(':answer:')));
    for (const options of [{ secret: 'quite another secret, also long enough' }, { account: '0043' }]) {
      const stranger = await open(options);
      await stranger.source.find(lookup, asking());
      expect(stranger.calls()).toBe(1);
    }
    const sealing = createSealing('a secret');
    const sealed = await sealing.seal('name', 'text');
    expect(await sealing.open('name', sealed)).toBe('text');
    expect(await sealing.open('other name', sealed)).toBeUndefined();
    sealed[sealed.length - 1] = (sealed.at(-1) ?? 0) ^ 1;
    expect(await sealing.open('name', sealed)).toBeUndefined();
    expect(await sealing.open('name', Buffer.alloc(3))).toBeUndefined();
  });

  it('is forgotten with the person whom it is about, and every replica is told', async () => {
    await redis.ask('FLUSHALL');
    const [one, other] = [await open(), await open()];
    const heard: Person[] = [];
    other.shared.onForget((person) => heard.push(person));
    await one.source.find(lookup, asking());
    await until(async () => (await kept(redis)).some(({ key: name }) => name.includes(':answer:')));
    expect(await one.shared.forget({ customerId: 'somebody else' })).toBe(0);
    expect(await one.shared.forget({ customerId: PERSON.customerId })).toBe(1);
    expect(await one.shared.forget({ customerId: PERSON.customerId })).toBe(0);
    await one.source.find(lookup, asking());
    expect(one.calls()).toBe(2);
    // Before the search and after it.
    await until(() => heard.length === 6);
    const twice = (customerId: string): string[] => [customerId, customerId];
    expect(heard.map(({ customerId }) => customerId)).toEqual([
      ...twice('somebody else'),
      ...twice(PERSON.customerId),
      ...twice(PERSON.customerId),
    ]);
  });

  it('costs six commands a call, and seventeen with those that scripts run inside Redis', async () => {
    await redis.ask('FLUSHALL');
    await Promise.all(opened.splice(0).map((shared) => shared.close()));
    const { source } = await open();
    await source.find(lookup, asking());
    await until(async () => (await kept(redis)).some(({ key }) => key.includes(':answer:')));
    await redis.ask('CONFIG', 'RESETSTAT');
    const calls = 50;
    for (let i = 0; i < calls; i += 1) {
      await source.find(readLookup({ phone: String(3_005_560_000 + i) }), asking());
    }
    await until(async () => (await answersIn(redis)) === calls + 1);
    const stats = String(await redis.ask('INFO', 'commandstats'));
    const counts = new Map(
      [...stats.matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm)].map(([, name = '', n]) => [name, Number(n)]),
    );
    for (const ours of ['info', 'keys', 'config|resetstat']) counts.delete(ours);
    expect(Object.fromEntries(counts)).toEqual({
      evalsha: calls * 5,
      set: calls * 5,
      get: calls * 3,
      time: calls * 2,
      getdel: calls,
      incrby: calls,
    });
  });
});

function patience(): AbortSignal {
  return AbortSignal.timeout(20_000);
}

function asking(): ReturnType<typeof askingOf> {
  return askingOf({ deadline: Date.now() + 20_000, signal: patience(), claimCall: () => true });
}

async function answersIn(redis: RedisServer): Promise<number> {
  const keys = await redis.ask('KEYS', '*:answer:*');
  return Array.isArray(keys) ? keys.length : 0;
}

interface Entry {
  readonly key: string;
  readonly value: string;
  readonly expiresInMs: number;
}

async function kept(redis: RedisServer): Promise<Entry[]> {
  const keys = await redis.ask('KEYS', '*');
  const entries: Entry[] = [];
  for (const key of Array.isArray(keys) ? keys.map(String) : []) {
    const type = await redis.ask('TYPE', key);
    const value = type === 'list' ? await redis.ask('LRANGE', key, 0, -1) : await redis.ask('GET', key);
    entries.push({ key, value: String(value), expiresInMs: Number(await redis.ask('PTTL', key)) });
  }
  return entries;
}
