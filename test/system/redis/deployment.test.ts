import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { ServiceEvent } from '../../../src/core/events.js';
import { LookupFailure } from '../../../src/core/failure.js';
import { readLookup } from '../../../src/core/lookup.js';
import { closeAtEnd } from '../../support/close-at-end.js';
import {
  createLocalCalls,
  startLocalReplica,
  type LocalCalls,
  type LocalReplica,
} from '../../support/local-replicas.js';
import { until } from '../../support/replicas.js';
import { lookupOptions } from '../../support/shared-redis.js';
import { startRedis } from '../../support/redis-server.js';
import { startRedisCluster } from '../../support/redis-topologies.js';
import { runScript } from '../../support/script-process.js';

const LOOKUP = readLookup({ phone: '3005550142' });
/** The rights of a Redis user that the documentation lists: `~keys &channels +command …`. */
const RIGHTS = /^~campaign-subgraph:.*$/m.exec(readFileSync('docs/configuration.md', 'utf8'))?.[0] ?? '';
const MESSAGES = ['&campaign-subgraph:*', '+publish', '+subscribe', '+ping'];
const COMMANDS = [...RIGHTS.matchAll(/\+(\w+)/g)].flatMap(([right, name = '']) =>
  MESSAGES.includes(right) ? [] : name,
);

function rightsWithout(...rights: readonly string[]): string {
  return RIGHTS.split(' ')
    .filter((right) => !rights.includes(right))
    .join(' ');
}

describe.concurrent('Replicas in unusual deployments', () => {
  it('share slots and quota while RECORD_ID_SECRET changes from replica to replica (defect 20)', async (test) => {
    const redis = await closeAtEnd(test, startRedis());
    const calls = createLocalCalls();
    const before = await startLocalReplica(test, redis.url, { dailyLimit: 60 });
    const after = await startLocalReplica(test, redis.url, { dailyLimit: 60, secret: 'another secret, just as long' });
    const [sentBefore = 0, sentAfter = 0] = await Promise.all(
      [before, after].map((replica) => useUpQuota(replica, calls)),
    );
    expect(Math.min(sentBefore, sentAfter)).toBeGreaterThan(0);
    expect(sentBefore + sentAfter).toBe(60);
    expect(calls.most()).toBe(2);
  });

  it('keep the quota and the answers when the token changes (defect 20)', async (test) => {
    const redis = await closeAtEnd(test, startRedis());
    const before = await startLocalReplica(test, redis.url);
    await before.quota.consume();
    await storeAnswer(before);
    const after = await startLocalReplica(test, redis.url, { token: 'next-token-1c9e' });
    expect(await after.cache.read(LOOKUP)).toMatchObject({ records: [] });
    expect(after.quota.state()).toMatchObject({ used: 1 });
    const other = await startLocalReplica(test, redis.url, { account: '0043' });
    expect(await other.cache.read(LOOKUP)).toBeUndefined();
    expect(other.quota.state()).toMatchObject({ used: 0 });
  });

  it('send at once when two environments use two databases of one Redis (defect 29)', async (test) => {
    const redis = await closeAtEnd(test, startRedis());
    const calls = createLocalCalls();
    const production = await startLocalReplica(test, `${redis.url}/0`);
    const staging = await startLocalReplica(test, `${redis.url}/1`, {
      token: 'token-of-staging-55d0',
      account: '0043',
    });
    await Promise.all([production, production, staging, staging].map((replica) => calls.make(replica, 500)));
    expect(calls.most()).toBe(4);
    expect(await redis.command('INFO', 'keyspace')).toMatch(/db0:[^]*db1:/);
  });

  it('work with a user that has the documented rights only (defect 28)', async (test) => {
    expect(COMMANDS.length).toBeGreaterThan(5);
    const redis = await closeAtEnd(test, startRedis({ aclRules: RIGHTS }));
    const [one, other] = [await startLocalReplica(test, redis.url), await startLocalReplica(test, redis.url)];
    await useEverything(one, other);
    expect(redisEvents(one)).toEqual([{ event: 'redis.up' }]);
    expect(one.state()).toMatchObject({ connection: 'up', missing: [], errors: {} });
  });

  it('work with a user that may neither publish nor subscribe, and say so (defect 28)', async (test) => {
    const aclRules = `resetchannels ${rightsWithout(...MESSAGES)}`;
    const redis = await closeAtEnd(test, startRedis({ aclRules }));
    const [one, other] = [await startLocalReplica(test, redis.url), await startLocalReplica(test, redis.url)];
    await useEverything(one, other);
    await until(() => one.state().missing.length === 2);
    expect(one.state().missing).toEqual(['publish', 'subscribe']);
    expect(one.state().connection).toBe('up');
    expect(one.events).toContainEqual({ event: 'redis.command-refused', command: 'publish', reason: 'NOPERM' });
    expect(one.events).toContainEqual({ event: 'redis.command-refused', command: 'subscribe', reason: 'NOPERM' });
  });

  it.for(COMMANDS)('name the command %s if the user lacks the right to it (defect 28)', async (missing, test) => {
    const redis = await closeAtEnd(test, startRedis({ aclRules: rightsWithout(`+${missing}`) }));
    const [one, other] = [await startLocalReplica(test, redis.url), await startLocalReplica(test, redis.url)];
    await useEverything(one, other).catch(() => undefined);
    const events = [...redisEvents(one), ...redisEvents(other)];
    const refused = events.map((event) => (event.event === 'redis.command-refused' ? event.command : ''));
    expect(new Set(refused.filter((command) => command !== ''))).toEqual(new Set([missing]));
  });

  it('say why if the password is wrong, without the password', async (test) => {
    const redis = await closeAtEnd(test, startRedis({ password: 'right' }));
    const right = await startLocalReplica(test, redis.url);
    expect(right.state().connection).toBe('up');
    const wrong = await startLocalReplica(test, redis.url.replace('right', 'wrong-7c21'));
    expect(wrong.state().connection).toBe('down');
    expect(JSON.stringify(wrong.events)).toMatch(/WRONGPASS/);
    expect(JSON.stringify(wrong.events)).not.toMatch(/7c21/);
  });

  it('work over a cluster of three nodes, with the documented rights only (defect 30)', async (test) => {
    const cluster = await closeAtEnd(test, startRedisCluster({ aclRules: `${RIGHTS} +cluster|slots` }));
    const calls = createLocalCalls();
    const [one, other] = [
      await startLocalReplica(test, cluster.url, { dailyLimit: 60 }),
      await startLocalReplica(test, cluster.url, { dailyLimit: 60 }),
    ];
    await useEverything(one, other);
    const sent = await Promise.all([one, other].map((replica) => useUpQuota(replica, calls)));
    expect(Math.min(...sent)).toBeGreaterThan(0);
    expect(calls.most()).toBe(2);
    expect(one.quota.state().used).toBe(60);
    expect(redisEvents(one)).toEqual([{ event: 'redis.up' }]);
    for (let index = 0; index < 20; index += 1) await storeAnswer(one, `${3_005_550_000 + index}`);
    const sizes = await Promise.all(cluster.nodes.map((node) => node.command('DBSIZE')));
    expect(Math.min(...sizes.map(Number))).toBeGreaterThan(0);
  });

  it('work over TLS if the certificate is trusted, and say why if it is not', async (test) => {
    const redis = await closeAtEnd(test, startRedis({ tls: true }));
    const untrusting = await startLocalReplica(test, redis.url);
    expect(untrusting.state().connection).toBe('down');
    expect(untrusting.events).toEqual([{ event: 'redis.down', reason: 'DEPTH_ZERO_SELF_SIGNED_CERT' }]);
    const script = `
      const { createLocalCalls, startLocalReplica } = await import('./test/support/local-replicas.ts');
      const replica = await startLocalReplica({ onTestFinished() {} }, process.env.TEST_REDIS_URL);
      const calls = createLocalCalls();
      await calls.make(replica, 1);
      console.log(JSON.stringify({ ...replica.state(), ended: calls.ended() }));
      process.exit();
    `;
    const env = { TEST_REDIS_URL: redis.url, NODE_EXTRA_CA_CERTS: redis.caFile ?? '' };
    const trusting = runScript(test, script, env);
    expect(await trusting.nextLine()).toMatchObject({ connection: 'up', ended: 1 });
  });
});

function redisEvents({ events }: LocalReplica): readonly ServiceEvent[] {
  return events.filter(({ event }) => event.startsWith('redis.'));
}

/** Makes calls until the quota is used up; returns how many. */
async function useUpQuota(replica: LocalReplica, calls: LocalCalls): Promise<number> {
  let sent = 0;
  const work = async (): Promise<void> => {
    for (;;) {
      try {
        await replica.quota.consume();
      } catch (error) {
        if (error instanceof LookupFailure && error.kind === 'quota-used') return;
        throw error;
      }
      sent += 1;
      await calls.make(replica, 20);
    }
  };
  await Promise.all([work(), work(), work()]);
  return sent;
}

async function storeAnswer(replica: LocalReplica, phone = '3005550142'): Promise<void> {
  const answer = { records: [], sentAt: replica.clock.epochMs(), source: 'wolkvox' } as const;
  const lookup = readLookup({ phone });
  await replica.singleFlight(() => Promise.resolve(answer)).find(lookup, lookupOptions(replica.clock));
  expect(await replica.cache.read(lookup)).toMatchObject({ sentAt: answer.sentAt });
}

/** Uses every function of two replicas of one Redis, and checks that they share it. */
async function useEverything(one: LocalReplica, other: LocalReplica): Promise<void> {
  const calls = createLocalCalls();
  await Promise.all([one, one, other, other].map((replica) => calls.make(replica, 20)));
  expect(calls.most()).toBe(2);
  const day = await one.quota.consume();
  await other.quota.consume();
  expect(other.quota.state().used).toBe(2);
  await one.quota.giveBack(day);
  await one.quota.markExhausted(day);
  await expect(other.quota.consume()).rejects.toThrow(LookupFailure);
  await one.quota.markAccepted(day);
  await other.quota.consume();
  await storeAnswer(one);
  expect(await other.cache.read(LOOKUP)).toMatchObject({ records: [] });
  let erasures = 0;
  other.onErased(() => (erasures += 1));
  await one.erase();
  expect(await other.cache.read(LOOKUP)).toBeUndefined();
  expect(erasures).toBe(1);
  await one.slots.pause(20, 'doubling');
  await calls.make(one, 1);
}
