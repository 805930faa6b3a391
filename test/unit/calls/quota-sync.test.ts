import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { createLocalQuota } from '../../../src/calls/local-quota.js';
import { withQuota } from '../../../src/calls/quota.js';
import { createQuotaSync, type QuotaSync, type QuotaSyncOptions } from '../../../src/calls/quota-sync.js';
import type { CallOptions } from '../../../src/core/answer.js';
import { createClock } from '../../../src/core/clock.js';
import type { ServiceEvent } from '../../../src/core/events.js';
import { LookupFailure, type FailureKind } from '../../../src/core/failure.js';
import type { DailyQuota, QuotaFigures, QuotaSource } from '../../../src/core/limits.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const NONE: QuotaFigures = { limit: undefined, used: undefined };

beforeEach(() =>
  vi.useFakeTimers({
    toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'],
    now: Date.UTC(2026, 10, 23, 15, 0),
  }),
);
afterEach(() => vi.useRealTimers());

interface TestSync {
  readonly sync: QuotaSync;
  readonly quota: DailyQuota;
  readonly events: readonly ServiceEvent[];
  /** The options of each call that was sent. */
  readonly calls: readonly CallOptions[];
  /** What Wolkvox answers from now on. */
  reply: () => Promise<QuotaFigures>;
  /** Makes a call that Wolkvox refuses, because the day is used up. */
  readonly beRefused: () => Promise<void>;
}

async function createTestSync(options: Partial<QuotaSyncOptions> = {}): Promise<TestSync> {
  const events: ServiceEvent[] = [];
  const calls: CallOptions[] = [];
  const clock = createClock();
  const observe = (event: ServiceEvent): void => {
    events.push(event);
    test.sync.observe(event);
  };
  const account = { limit: undefined, zone: 'UTC-5', stateDir: undefined, account: '0042' };
  const quota = await createLocalQuota({ ...account, clock, observe });
  const wolkvox: QuotaSource = {
    async find(_request, callOptions) {
      calls.push(callOptions);
      return { ...(await test.reply()), sentAt: clock.epochMs(), source: 'wolkvox' };
    },
  };
  const source = withQuota(quota)(wolkvox);
  const onBug = (error: unknown): never => expect.fail(String(error));
  const sync = createQuotaSync({ source, quota, intervalMs: HOUR, clock, observe, onBug, ...options });
  onTestFinished(() => sync.stop());
  const test: TestSync = {
    ...{ sync, quota, events, calls },
    reply: () => Promise.resolve({ limit: 1_000, used: 90 }),
    async beRefused() {
      const day = await quota.consume();
      await quota.markExhausted(day);
    },
  };
  return test;
}

/** Lets the work end that is under way. */
const settle = (): Promise<unknown> => vi.advanceTimersByTimeAsync(0);
const failing = (kind: FailureKind, retryAfterSeconds?: number) => (): Promise<never> =>
  Promise.reject(new LookupFailure(kind, { retryAfterSeconds }));

describe('The sync of the daily quota', () => {
  it('asks at the start and then at each interval, as one operation with one call', async () => {
    const { sync, quota, calls, events } = await createTestSync();
    sync.start();
    await settle();
    expect(calls).toHaveLength(1);
    // The call itself counts, too: Wolkvox has counted more.
    expect(quota.state()).toMatchObject({ used: 90, limit: 1_000 });
    expect(events).toEqual([{ event: 'quota.synced', used: 90, limit: 1_000 }]);
    await vi.advanceTimersByTimeAsync(HOUR - 1);
    expect(calls).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(3 * HOUR);
    expect(calls).toHaveLength(4);
    expect(quota.state().used).toBe(93);
    expect(new Set(calls.map(({ operation }) => operation)).size).toBe(4);
    for (const { deadline, signal } of calls) {
      expect(deadline).toBeLessThanOrEqual(performance.now() + MINUTE);
      expect(signal.aborted).toBe(false);
    }
  });

  it('never asks if the interval is 0, also after a refusal', async () => {
    const test = await createTestSync({ intervalMs: 0 });
    test.sync.start();
    await test.beRefused();
    await vi.advanceTimersByTimeAsync(24 * HOUR);
    expect(test.calls).toEqual([]);
  });

  it('changes nothing if the answer has no figures, and says so', async () => {
    const test = await createTestSync();
    test.reply = () => Promise.resolve(NONE);
    test.sync.start();
    await settle();
    expect(test.calls).toHaveLength(1);
    expect(test.quota.state()).toMatchObject({ used: 1, limit: undefined });
    expect(test.events).toEqual([{ event: 'quota.sync-failed', reason: 'no-figures' }]);
  });

  it.each([['limit'], ['used']] as const)('takes over the %s alone, if the answer has nothing else', async (name) => {
    const test = await createTestSync();
    test.reply = () => Promise.resolve({ ...NONE, [name]: 50 });
    test.sync.start();
    await settle();
    const expected = { used: 1, limit: undefined, [name]: 50 };
    expect(test.quota.state()).toMatchObject(expected);
    expect(test.events).toEqual([{ event: 'quota.synced', ...expected }]);
  });

  it('asks again 5 minutes after a failure, or when the failure says', async () => {
    const test = await createTestSync();
    test.reply = failing('server');
    test.sync.start();
    await vi.advanceTimersByTimeAsync(5 * MINUTE - 1);
    expect(test.calls).toHaveLength(1);
    expect(test.events).toEqual([{ event: 'quota.sync-failed', reason: 'server' }]);
    test.reply = failing('throttled', 1_200);
    await vi.advanceTimersByTimeAsync(1);
    expect(test.calls).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(20 * MINUTE - 1);
    expect(test.calls).toHaveLength(2);
    test.reply = failing('throttled', 100_000);
    await vi.advanceTimersByTimeAsync(1);
    expect(test.calls).toHaveLength(3);
    await vi.advanceTimersByTimeAsync(HOUR);
    expect(test.calls).toHaveLength(4);
  });

  it('asks at its interval after a failure, if that is shorter than 5 minutes', async () => {
    const test = await createTestSync({ intervalMs: MINUTE });
    test.reply = failing('server');
    test.sync.start();
    await vi.advanceTimersByTimeAsync(3 * MINUTE);
    expect(test.calls).toHaveLength(4);
  });

  it('ends with the service: the waiting call is cancelled, and no other one follows', async () => {
    const test = await createTestSync();
    test.reply = () => new Promise(() => undefined);
    await test.beRefused();
    test.sync.stop();
    test.sync.start();
    await settle();
    await vi.advanceTimersByTimeAsync(24 * HOUR);
    expect(test.calls).toEqual([]);
    const other = await createTestSync();
    other.reply = () => new Promise(() => undefined);
    other.sync.start();
    await settle();
    other.sync.stop();
    expect(other.calls[0]?.signal.reason).toMatchObject({ kind: 'abandoned' });
    expect(vi.getTimerCount()).toBe(0);
  });

  it('hands an error that is no LookupFailure to the service, and goes on', async () => {
    const bugs: unknown[] = [];
    const test = await createTestSync({ onBug: (error) => bugs.push(error) });
    const bug = new TypeError('a bug');
    test.reply = () => Promise.reject(bug);
    test.sync.start();
    await vi.advanceTimersByTimeAsync(5 * MINUTE);
    expect(bugs).toEqual([bug, bug]);
    expect(test.events).toEqual([]);
  });
});

describe('A sync after Wolkvox refused a call because the day is used up', () => {
  it('does not end the wait for the next check, if it was sent before', async () => {
    const test = await createTestSync();
    let answer: (figures: { limit: number; used: number }) => void = () => undefined;
    test.reply = () => new Promise((resolve) => (answer = resolve));
    test.sync.start();
    await settle();
    await test.beRefused();
    answer({ limit: 2_000, used: 1_500 });
    await settle();
    expect(test.quota.state()).toMatchObject({ used: 1_500, isExhausted: true });
  });

  it('is the call that checks the day, and is made once', async () => {
    const test = await createTestSync();
    test.sync.start();
    await settle();
    await Promise.all([test.beRefused(), test.beRefused()]);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(test.calls).toHaveLength(1);
    test.reply = () => Promise.resolve({ limit: 2_000, used: 1_500 });
    await vi.advanceTimersByTimeAsync(MINUTE);
    expect(test.calls).toHaveLength(2);
    // Wolkvox answered it, so the day is open again.
    expect(test.quota.state()).toMatchObject({ used: 1_500, limit: 2_000, isExhausted: false });
    await vi.advanceTimersByTimeAsync(HOUR - 2 * MINUTE);
    expect(test.calls).toHaveLength(2);
  });

  it('is not followed by another one if Wolkvox refuses it, too', async () => {
    const test = await createTestSync();
    test.sync.start();
    await settle();
    await test.beRefused();
    test.reply = failing('quota');
    await vi.advanceTimersByTimeAsync(50 * MINUTE);
    expect(test.calls).toHaveLength(2);
    expect(test.events.filter(({ event }) => event === 'quota.exhausted')).toHaveLength(1);
    expect(test.events.at(-1)).toEqual({ event: 'quota.sync-failed', reason: 'quota' });
  });

  it('is not made if the refused call was that of a sync', async () => {
    const test = await createTestSync();
    test.reply = failing('quota');
    test.sync.start();
    await vi.advanceTimersByTimeAsync(4 * MINUTE);
    expect(test.events.map(({ event }) => event)).toEqual(['quota.exhausted', 'quota.sync-failed']);
    expect(test.calls).toHaveLength(1);
  });
});

describe('A sync of several replicas', () => {
  it('is made by the replica whose claim is granted, and the others try again when the claim ends', async () => {
    const claims: number[] = [];
    const postponed: number[] = [];
    let dueInMs = 7 * MINUTE;
    const test = await createTestSync({
      schedule: {
        async claim(ms) {
          claims.push(ms);
          return dueInMs;
        },
        postpone: async (ms) => void postponed.push(ms),
      },
    });
    test.sync.start();
    await vi.advanceTimersByTimeAsync(7 * MINUTE - 1);
    expect(claims).toEqual([5 * MINUTE]);
    expect(test.calls).toEqual([]);
    dueInMs = 0;
    await vi.advanceTimersByTimeAsync(1);
    expect(test.calls).toHaveLength(1);
    expect(postponed).toEqual([HOUR]);
    test.reply = failing('server');
    await vi.advanceTimersByTimeAsync(HOUR);
    expect(test.calls).toHaveLength(2);
    // After a failure the claim ends by itself, and any replica asks.
    expect(postponed).toEqual([HOUR]);
  });

  it('is tried again if Redis is unreachable', async () => {
    const claim = vi.fn(() => Promise.reject(new LookupFailure('redis-down', { retryAfterSeconds: 2 })));
    const test = await createTestSync({ schedule: { claim, postpone: () => Promise.resolve() } });
    test.sync.start();
    await vi.advanceTimersByTimeAsync(5 * MINUTE);
    expect(claim).toHaveBeenCalledTimes(2);
    expect(test.calls).toEqual([]);
    expect(test.events[0]).toEqual({ event: 'quota.sync-failed', reason: 'redis-down' });
  });
});
