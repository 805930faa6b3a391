import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Answer } from '../../../src/core/answer.js';
import { readLookup } from '../../../src/core/lookup.js';
import type { RedisOptions } from '../../../src/redis/redis.js';
import { createSealing } from '../../../src/redis/sealing.js';
import { campaignRecord } from '../../support/record.js';
import { startRedis, type RedisServer } from '../../support/redis-server.js';
import { REPLICA_OPTIONS, until } from '../../support/replicas.js';
import { answerOf, lookupOptions, openRedis, type OpenedRedis } from '../../support/shared-redis.js';

const PERSON = { phone: '3005550142', customerId: 'CC-77120034', name: 'Perpetua', lastName: 'Quitiaquez' };
const LOOKUP = readLookup({ phone: PERSON.phone, customerId: PERSON.customerId });
const RECORD = campaignRecord({
  customerId: PERSON.customerId,
  customerName: PERSON.name,
  customerLastName: PERSON.lastName,
  opts: Array.from({ length: 12 }, () => 'opción '.repeat(20)),
  phones: [{ position: 1, number: PERSON.phone }],
});
let redis: RedisServer;

beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.close());
beforeEach(() => redis.command('FLUSHALL'));

const keys = async (pattern = '*'): Promise<string[]> => (await redis.command('KEYS', pattern)) as string[];

/** Makes a call that brings `answer`, and waits until the answer is stored. */
async function store({ shared, clock }: OpenedRedis, answer: () => Promise<Answer> | Answer): Promise<void> {
  const source = shared.lead({ find: async () => answer() });
  await source.find(LOOKUP, lookupOptions(clock, { minSentAt: clock.epochMs() + 1 }));
  await until(async () => (await keys('*:lease')).length === 0);
}

describe('the answers in Redis', () => {
  it('show no person, token or account in keys and values, and those that depend on lookups expire', async () => {
    const replica = await openRedis(redis.url);
    await replica.shared.slots.pause(5_000, 'doubling');
    await replica.shared.quota.consume();
    await store(replica, () => answerOf(replica.clock, [RECORD]));
    const all = await keys();
    expect(all).toHaveLength(5);
    expect(all.every((key) => key.startsWith('campaign-subgraph:'))).toBe(true);
    const [answerKey = ''] = await keys('*:answer');
    const everything = `${all.join('\n')}\n${String(await redis.command('GET', answerKey))}`;
    for (const planted of [...Object.values(PERSON), REPLICA_OPTIONS.token, REPLICA_OPTIONS.account, '4821', 'opci']) {
      expect(everything).not.toContain(planted);
      expect(everything).not.toContain(Buffer.from(planted).toString('base64').replace(/=+$/, ''));
    }
    for (const key of all.filter((name) => !/:generation$/.test(name))) {
      expect(Number(await redis.command('PTTL', key))).toBeGreaterThan(0);
    }
  });

  it('are read by every replica with the secret and the account, whatever its token is, and by no other', async () => {
    const one = await openRedis(redis.url);
    await store(one, () => answerOf(one.clock, [RECORD]));
    const other = await openRedis(redis.url, { token: 'the next token' });
    expect(await other.shared.cache.read(LOOKUP)).toMatchObject({ records: [RECORD], source: 'shared' });
    const strangers: Partial<RedisOptions>[] = [{ secret: 'another secret, long enough as well' }, { account: '0043' }];
    for (const options of strangers) {
      const stranger = await openRedis(redis.url, options);
      expect(await stranger.shared.cache.read(LOOKUP)).toBeUndefined();
    }
  });

  it('are not replaced by an answer to a call that was sent earlier', async () => {
    const replica = await openRedis(redis.url);
    const late = answerOf(replica.clock, [RECORD]);
    await store(replica, () => late);
    const early = { ...late, sentAt: late.sentAt - 5, records: [] };
    await store(replica, () => early);
    expect((await replica.shared.cache.read(LOOKUP))?.records).toEqual([RECORD]);
    const later = { ...late, sentAt: late.sentAt + 5, records: [] };
    await store(replica, () => later);
    expect((await replica.shared.cache.read(LOOKUP))?.records).toEqual([]);
  });

  it('are as old as they are by the clock of Redis, whatever the clock of a replica shows', async () => {
    const one = await openRedis(redis.url);
    const ahead = await openRedis(redis.url, { clock: shiftedClock(6 * 3_600_000) });
    await store(one, () => answerOf(one.clock, []));
    const seen = await ahead.shared.cache.read(LOOKUP);
    expect(Math.abs((seen?.sentAt ?? 0) - Date.now())).toBeLessThan(5_000);
  });

  it('expire with their freshness and stale time, and are not stored without one', async () => {
    const short = await openRedis(redis.url, { freshness: { freshMs: 300, staleMs: 300 } });
    await store(short, () => answerOf(short.clock, [RECORD]));
    expect(await short.shared.cache.read(LOOKUP)).toBeDefined();
    await until(async () => (await short.shared.cache.read(LOOKUP)) === undefined);
    const uncached = await openRedis(redis.url, { freshness: { freshMs: 0, staleMs: 60_000 } });
    await store(uncached, () => answerOf(uncached.clock, [RECORD]));
    expect(await keys('*:answer')).toEqual([]);
  });

  it('are asked for anew if a stored value was changed', async () => {
    const replica = await openRedis(redis.url);
    await store(replica, () => answerOf(replica.clock, [RECORD]));
    const [key = ''] = await keys('*:answer');
    await redis.command('SET', key, `${Date.now() - 1_000} changed`);
    expect(await replica.shared.cache.read(LOOKUP)).toBeUndefined();
    const source = replica.shared.awaitOthers(
      replica.shared.lead({ find: async () => answerOf(replica.clock, [RECORD]) }),
    );
    expect((await source.find(LOOKUP, lookupOptions(replica.clock))).source).toBe('wolkvox');
    await until(async () => (await replica.shared.cache.read(LOOKUP)) !== undefined);
  });
});

describe('an erasure', () => {
  it('makes the answers unreachable for every replica within two seconds, and each replica is notified', async () => {
    const [one, other] = [await openRedis(redis.url), await openRedis(redis.url)];
    const nextSecret = await openRedis(redis.url, { secret: 'the next secret, also long enough for a test' });
    const heard: string[] = [];
    one.shared.onErased(() => heard.push('one'));
    other.shared.onErased(() => heard.push('other'));
    nextSecret.shared.onErased(() => heard.push('next secret'));
    await store(one, () => answerOf(one.clock, [RECORD]));
    expect(await other.shared.cache.read(LOOKUP)).toBeDefined();
    const startedAt = performance.now();
    await one.shared.erase();
    expect(performance.now() - startedAt).toBeLessThan(2_500);
    expect(heard.sort()).toEqual(['next secret', 'one', 'other']);
    expect(await one.shared.cache.read(LOOKUP)).toBeUndefined();
    expect(await other.shared.cache.read(LOOKUP)).toBeUndefined();
  });

  it('covers the answer of a call that was sent before it and ends after it', async () => {
    const [one, other] = [await openRedis(redis.url), await openRedis(redis.url)];
    let end = (): void => undefined;
    const storing = store(one, async () => {
      const answer = answerOf(one.clock, [RECORD]);
      await new Promise<void>((resolve) => (end = resolve));
      return answer;
    });
    await until(async () => (await keys('*:lease')).length === 1);
    await other.shared.erase();
    end();
    await storing;
    // The answer was written, under a name that nobody reads any more.
    expect(await keys('*:answer')).toHaveLength(1);
    expect(await one.shared.cache.read(LOOKUP)).toBeUndefined();
    expect(await other.shared.cache.read(LOOKUP)).toBeUndefined();
    await store(one, () => answerOf(one.clock, [RECORD]));
    expect(await other.shared.cache.read(LOOKUP)).toBeDefined();
  });

  it('is noticed by a replica that receives no messages, and by one that was not connected', async () => {
    const own = await startRedis({
      appendOnly: true,
      aclRules: '~campaign-subgraph:* resetchannels +@all -subscribe',
    });
    const deaf = await openRedis(own.url);
    let heard = 0;
    deaf.shared.onErased(() => (heard += 1));
    const generationKey = ((await own.command('KEYS', '*:generation')) as string[])[0] ?? '';
    await own.command('SET', generationKey, 'the next');
    await until(() => heard === 1);
    await own.kill();
    await until(() => deaf.shared.state().connection === 'down');
    await expect(deaf.shared.erase()).rejects.toMatchObject({ kind: 'redis-down' });
    await own.restart({ empty: true });
    await until(() => deaf.shared.state().connection === 'up');
    expect(heard).toBe(2);
    await own.close();
  });
});

describe('sealing', () => {
  it('opens what it sealed under the same name, and nothing else', async () => {
    const sealing = createSealing('a secret');
    const sealed = await sealing.seal('name', 'ñandú '.repeat(1_000));
    expect(sealed.length).toBeLessThan(1_000);
    expect(await sealing.open('name', sealed)).toBe('ñandú '.repeat(1_000));
    expect(await sealing.open('another name', sealed)).toBeUndefined();
    expect(await createSealing('another secret').open('name', sealed)).toBeUndefined();
    expect(await sealing.open('name', Buffer.alloc(3))).toBeUndefined();
    sealed[sealed.length - 1] = (sealed.at(-1) ?? 0) ^ 1;
    expect(await sealing.open('name', sealed)).toBeUndefined();
    expect(sealing.nameOf('a', 'b')).not.toBe(sealing.nameOf('ab'));
  });
});

/** The clock of a machine whose time is wrong. */
function shiftedClock(byMs: number): RedisOptions['clock'] {
  let offsetMs = Date.now() + byMs - performance.now();
  return {
    monotonicMs: () => performance.now(),
    epochMs: () => Math.round(performance.now() + offsetMs),
    wallMs: () => Date.now() + byMs,
    setEpochMs: (epochMs) => (offsetMs = epochMs - performance.now()),
  };
}
