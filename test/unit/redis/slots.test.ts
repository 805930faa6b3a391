import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Slot, Slots } from '../../../src/core/limits.js';
import { startRedis, type RedisServer } from '../../support/redis-server.js';
import { until } from '../../support/replicas.js';
import { openRedis } from '../../support/shared-redis.js';

let redis: RedisServer;

beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.close());
beforeEach(() => redis.command('FLUSHALL'));

const patience = (ms = 15_000): AbortSignal => AbortSignal.timeout(ms);
const acquire = (slots: Slots, signal = patience()): Promise<Slot> => slots.acquire(Infinity, signal);
const slotKeys = async (): Promise<string[]> => ((await redis.command('KEYS', '*:slot:*')) as string[]).sort();

describe('slots', () => {
  it('are two for all replicas, and a released one goes to a waiter', async () => {
    const [one, other] = [await openRedis(redis.url), await openRedis(redis.url)];
    const held = [await acquire(one.shared.slots), await acquire(other.shared.slots)];
    await expect(acquire(other.shared.slots, patience(700))).rejects.toThrow('aborted due to timeout');
    const waiting = acquire(other.shared.slots);
    await until(() => other.shared.state().slotsWaiting === 1);
    await held[0]?.release();
    await waiting;
    expect(other.shared.state()).toMatchObject({ slotsHeld: 2, slotsWaiting: 0 });
    expect(one.shared.state()).toMatchObject({ slotsHeld: 0 });
  });

  it('is one if the concurrency is one', async () => {
    const { shared } = await openRedis(redis.url, { concurrency: 1 });
    const slot = await acquire(shared.slots);
    await expect(acquire(shared.slots, patience(300))).rejects.toThrow();
    await slot.release();
    await acquire(shared.slots);
  });

  it('are shared by replicas with different secrets, and not by different tokens or databases', async () => {
    const one = await openRedis(redis.url);
    const other = await openRedis(redis.url, { secret: 'the next secret, also long enough for a test' });
    await acquire(one.shared.slots);
    await acquire(other.shared.slots);
    await expect(acquire(other.shared.slots, patience(300))).rejects.toThrow();
    for (const stranger of [
      await openRedis(redis.url, { token: 'another token' }),
      await openRedis(`${redis.url}/1`, { token: 'a third token' }),
    ]) {
      await acquire(stranger.shared.slots);
      await acquire(stranger.shared.slots);
    }
  });

  it('are released if their waiter leaves before it gets them', async () => {
    const { shared } = await openRedis(redis.url);
    const leaving = new AbortController();
    const waiting = acquire(shared.slots, leaving.signal);
    leaving.abort(new Error('The caller left.'));
    await expect(waiting).rejects.toThrow('The caller left.');
    await until(async () => (await slotKeys()).length === 0 && shared.state().slotsHeld === 0);
    await acquire(shared.slots);
    await acquire(shared.slots);
  });

  it('expire without renewal, and are held longer than their lease by renewal', async () => {
    const { shared } = await openRedis(redis.url);
    const slot = await acquire(shared.slots);
    const [key = ''] = await slotKeys();
    await sleep(4_500);
    expect(Number(await redis.command('PTTL', key))).toBeGreaterThan(7_000);
    expect(Number(await redis.command('PTTL', key))).toBeLessThanOrEqual(10_000);
    await slot.release();
    await until(async () => (await slotKeys()).length === 0);
  });

  it('are set again after a loss of data, and are lost if another holder has them', async () => {
    const { shared, events } = await openRedis(redis.url);
    const [first, second] = [await acquire(shared.slots), await acquire(shared.slots)];
    const [firstKey = ''] = await slotKeys();
    await redis.command('FLUSHALL');
    await redis.command('SET', firstKey, 'of another');
    await until(() => first.lost.aborted || second.lost.aborted);
    await until(async () => (await slotKeys()).length === 2);
    expect([first, second].filter(({ lost }) => lost.aborted)).toHaveLength(1);
    expect(events).toContainEqual({ event: 'slot.lost', reason: 'taken' });
    expect(shared.state().leasesLost).toBe(1);
    await Promise.all([first.release(), second.release()]);
    await until(async () => (await slotKeys()).length === 1);
    expect(await redis.command('GET', firstKey)).toBe('of another');
  });

  it('are lost before their lease ends if Redis is frozen', async () => {
    const own = await startRedis();
    const { shared, events } = await openRedis(own.url);
    const slot = await acquire(shared.slots);
    const frozenAt = performance.now();
    own.freeze();
    await until(() => slot.lost.aborted);
    expect(performance.now() - frozenAt).toBeLessThan(9_500);
    expect(slot.lost.reason).toMatchObject({ kind: 'lease-lost' });
    expect(events).toContainEqual({ event: 'slot.lost', reason: 'not-renewed' });
    await expect(acquire(shared.slots)).rejects.toMatchObject({ kind: 'redis-down' });
    own.thaw();
    await until(() => shared.state().connection === 'up');
    await slot.release();
    await acquire(shared.slots);
    await acquire(shared.slots);
    await own.close();
  });

  it('that were released without Redis are free as soon as it is back', async () => {
    const own = await startRedis({ appendOnly: true });
    const { shared } = await openRedis(own.url);
    const held = [await acquire(shared.slots), await acquire(shared.slots)];
    await own.kill();
    await until(() => shared.state().connection === 'down');
    for (const slot of held) await slot.release();
    await own.restart({ empty: false });
    const backAt = performance.now();
    await until(() => shared.state().connection === 'up');
    await acquire(shared.slots);
    await acquire(shared.slots);
    expect(performance.now() - backAt).toBeLessThan(3_000);
    await own.close();
  });

  it('go to the waiters of another replica too if the user may not subscribe or publish', async () => {
    const own = await startRedis({ aclRules: '~campaign-subgraph:* resetchannels +@all -publish -subscribe' });
    const [one, other] = [await openRedis(own.url, { concurrency: 1 }), await openRedis(own.url, { concurrency: 1 })];
    await until(() => one.shared.state().missing.length === 2);
    expect(one.events).toContainEqual({ event: 'redis.command-refused', command: 'subscribe', reason: 'NOPERM' });
    const counts = [0, 0];
    const end = performance.now() + 4_000;
    const work = async (slots: Slots, index: number): Promise<void> => {
      while (performance.now() < end) {
        const slot = await acquire(slots);
        counts[index] = (counts[index] ?? 0) + 1;
        await sleep(20);
        await slot.release();
      }
    };
    // Two workers each, so that the process that releases the slot has a waiter of its own.
    await Promise.all([one, one, other, other].map(({ shared }, index) => work(shared.slots, index % 2)));
    const [first = 0, second = 0] = counts;
    expect(first + second).toBeGreaterThan(30);
    expect(Math.min(first, second) / (first + second)).toBeGreaterThan(0.25);
    await own.close();
  });
});

describe('a pause', () => {
  it('stops the calls of all replicas, and refuses callers that cannot wait for its end', async () => {
    const [one, other] = [await openRedis(redis.url), await openRedis(redis.url)];
    await one.shared.slots.pause(600, 'exact');
    expect(one.shared.slots.pausedForMs()).toBeGreaterThan(400);
    const startedAt = performance.now();
    await expect(other.shared.slots.acquire(other.clock.monotonicMs() + 100, patience())).rejects.toMatchObject({
      kind: 'wait-too-long',
      retryAfterSeconds: 1,
    });
    await acquire(other.shared.slots);
    expect(performance.now() - startedAt).toBeGreaterThan(400);
  });

  it('doubles while refusals go on, is at most a minute long, and starts anew after a time without refusals', async () => {
    const { shared } = await openRedis(redis.url);
    const [pauseKey] = await pausedFor(shared.slots, 200, 200);
    expect(pauseKey).toMatch(/:pause$/);
    // A refusal of a call that was sent before the pause changes nothing.
    await shared.slots.pause(200, 'doubling');
    expect(shared.slots.pausedForMs()).toBeLessThanOrEqual(250);
    await acquire(shared.slots);
    await pausedFor(shared.slots, 200, 400);
    await acquire(shared.slots);
    await sleep(450);
    await pausedFor(shared.slots, 200, 200);
    await redis.command('DEL', pauseKey ?? '');
    await redis.command('SET', (pauseKey ?? '').replace(/pause$/, 'last-pause'), 50_000);
    await pausedFor(shared.slots, 200, 60_000);
  });

  it('is longer by a random part of up to a quarter, so that it does not always end with another call', async () => {
    const { shared } = await openRedis(redis.url);
    const pauses: number[] = [];
    for (let pause = 0; pause < 20; pause += 1) {
      await redis.command('FLUSHALL');
      await shared.slots.pause(10_000, 'doubling');
      pauses.push(shared.slots.pausedForMs());
    }
    expect(Math.min(...pauses)).toBeGreaterThan(9_000);
    expect(Math.max(...pauses)).toBeLessThanOrEqual(12_500);
    expect(Math.max(...pauses) - Math.min(...pauses)).toBeGreaterThan(100);
  });

  async function pausedFor(slots: Slots, ms: number, expectedMs: number): Promise<string[]> {
    await slots.pause(ms, 'doubling');
    expect(slots.pausedForMs()).toBeGreaterThan(expectedMs * 0.6);
    expect(slots.pausedForMs()).toBeLessThanOrEqual(Math.min(60_000, 1.25 * expectedMs));
    return (await redis.command('KEYS', '*:pause')) as string[];
  }
});
