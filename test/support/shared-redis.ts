import { onTestFinished } from 'vitest';
import type { Answer, LookupOptions } from '../../src/core/answer.js';
import type { ServiceEvent } from '../../src/core/events.js';
import type { RedisOptions, SharedRedis } from '../../src/redis/redis.js';
import type { MovableClock } from './clock.js';
import { startLocalReplica } from './local-replicas.js';

/** A replica's part in Redis, inside the process of the test. */
export interface OpenedRedis {
  readonly shared: SharedRedis;
  readonly events: readonly ServiceEvent[];
  readonly clock: MovableClock;
}

/** Connects to a Redis, or to a cluster whose addresses are separated by commas. It stops with the test. */
export async function openRedis(url: string, options: Partial<RedisOptions> = {}): Promise<OpenedRedis> {
  const replica = await startLocalReplica({ onTestFinished }, url, options);
  return { shared: replica, events: replica.events, clock: replica.clock };
}

/** A caller that waits for 20 s and accepts an answer of the last minute, unless `overrides` say otherwise. */
export function lookupOptions(clock: MovableClock, overrides: Partial<LookupOptions> = {}): LookupOptions {
  const now = clock.epochMs();
  return {
    operation: { startedAt: now },
    deadline: clock.monotonicMs() + 20_000,
    signal: AbortSignal.timeout(20_000),
    minSentAt: now - 60_000,
    minStaleSentAt: now - 60_000,
    mergesCampaigns: false,
    ...overrides,
  };
}

export function answerOf(clock: MovableClock, records: Answer['records'] = []): Answer {
  return { records, sentAt: clock.epochMs(), source: 'wolkvox' };
}
