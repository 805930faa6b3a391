import type { TestContext } from 'vitest';
import { delay } from '../../src/core/abort.js';
import type { Answer, LookupSource } from '../../src/core/answer.js';
import type { ServiceEvent } from '../../src/core/events.js';
import { LookupFailure } from '../../src/core/failure.js';
import { createRedis, type RedisOptions, type SharedRedis } from '../../src/redis/redis.js';
import { createMovableClock, type MovableClock } from './clock.js';
import { REPLICA_OPTIONS } from './replicas.js';

/** A replica's part in Redis, in this process, and the events that it reported. */
export interface LocalReplica extends SharedRedis {
  readonly clock: MovableClock;
  readonly events: readonly ServiceEvent[];
  /** The layers of the single flight around a call. */
  readonly singleFlight: (call: () => Promise<Answer>) => LookupSource;
}

/** @param url addresses separated by commas, as in REDIS_URL */
export async function startLocalReplica(
  test: Pick<TestContext, 'onTestFinished'>,
  url: string,
  options: Partial<RedisOptions> = {},
): Promise<LocalReplica> {
  const events: ServiceEvent[] = [];
  const clock = createMovableClock();
  const observe = (event: ServiceEvent): void => void events.push(event);
  const redis = createRedis({ ...REPLICA_OPTIONS, urls: url.split(','), clock, observe, ...options });
  test.onTestFinished(() => redis.stop());
  await redis.start();
  return { ...redis, clock, events, singleFlight: (call) => redis.awaitOthers(redis.lead({ find: call })) };
}

/** Calls of local replicas, which last for a time in a slot. */
export interface LocalCalls {
  /** Rejects if the replica gives no slot. */
  make(replica: LocalReplica, ms: number): Promise<void>;
  /** Makes one call after the other, `count` at once, until `isEnough`. Continues after a refusal. */
  makeUntil(replica: LocalReplica, ms: number, count: number, isEnough: () => boolean): Promise<void>;
  ended(): number;
  /** The most calls that ran at once. */
  most(): number;
}

export function createLocalCalls(): LocalCalls {
  const never = new AbortController().signal;
  let ended = 0;
  let running = 0;
  let most = 0;

  async function make(replica: LocalReplica, ms: number): Promise<void> {
    const slot = await replica.slots.acquire(replica.clock.monotonicMs() + 30_000, AbortSignal.timeout(30_000));
    running += 1;
    most = Math.max(most, running);
    try {
      await delay(ms, slot.lost);
      ended += 1;
    } finally {
      running -= 1;
      await slot.release();
    }
  }

  return {
    make,
    async makeUntil(replica, ms, count, isEnough) {
      const work = async (): Promise<void> => {
        while (!isEnough()) {
          try {
            await make(replica, ms);
          } catch (error) {
            if (!(error instanceof LookupFailure)) throw error;
            await delay(20, never);
          }
        }
      };
      await Promise.all(Array.from({ length: count }, work));
    },
    ended: () => ended,
    most: () => most,
  };
}

/** How long an action takes, in milliseconds, and its error. */
export async function measure(action: () => Promise<unknown>): Promise<{ ms: number; error: unknown }> {
  const startedAt = performance.now();
  try {
    await action();
    return { ms: performance.now() - startedAt, error: undefined };
  } catch (error) {
    return { ms: performance.now() - startedAt, error };
  }
}
