import { delay } from '../core/abort.js';
import type { CallLayer } from '../core/answer.js';
import type { Clock } from '../core/clock.js';
import type { Observe } from '../core/events.js';
import { LookupFailure, toRetryAfterSeconds } from '../core/failure.js';
import { MAX_PAUSE_MS, PAUSE_JITTER, type Slots } from '../core/limits.js';

/** A longer Retry-After may be a mistake, such as a date by a wrong clock. One call after this time checks that. */
const MAX_RETRY_AFTER_MS = 600_000;

/**
 * Runs each call in a slot. From here on the signal is that of the slot: a call that is sent ends by itself, although
 * its callers may have left. If Wolkvox refuses a call because of its rate, all calls pause.
 */
export function withSlots(slots: Slots, observe: Observe): CallLayer {
  return (next) => ({
    async find(request, options) {
      const slot = await slots.acquire(options.deadline, options.signal);
      try {
        return await next.find(request, { ...options, signal: slot.lost });
      } catch (error) {
        if (error instanceof LookupFailure) await pauseAfter(error);
        throw error;
      } finally {
        await slot.release();
      }
    },
  });

  async function pauseAfter({ kind, policy, retryAfterSeconds }: LookupFailure): Promise<void> {
    if (policy.pauseMs === undefined) return;
    const exactMs =
      retryAfterSeconds === undefined ? undefined : Math.min(MAX_RETRY_AFTER_MS, retryAfterSeconds * 1_000);
    await slots.pause(exactMs ?? policy.pauseMs, exactMs === undefined ? 'doubling' : 'exact');
    observe({ event: 'calls.paused', reason: kind, ms: slots.pausedForMs() });
  }
}

/**
 * The slots of a process that shares its token with no other replica: the queue bounds the calls, only pauses are left.
 */
export function createLocalSlots(clock: Clock, random: () => number = Math.random): Slots {
  let pausedUntil = -Infinity;
  let lastPauseMs = 0;
  const never = new AbortController().signal;
  const pausedForMs = (): number => Math.max(0, pausedUntil - clock.monotonicMs());

  return {
    async acquire(deadline, signal) {
      for (let ms = pausedForMs(); ms > 0; ms = pausedForMs()) {
        if (pausedUntil > deadline) {
          throw new LookupFailure('wait-too-long', { retryAfterSeconds: toRetryAfterSeconds(ms) });
        }
        await delay(ms, signal);
      }
      signal.throwIfAborted();
      return { lost: never, release: () => Promise.resolve() };
    },
    pause(ms, mode) {
      const now = clock.monotonicMs();
      if (mode === 'exact') {
        pausedUntil = Math.max(pausedUntil, now + ms);
      } else if (now >= pausedUntil) {
        const isSoon = now < pausedUntil + lastPauseMs;
        lastPauseMs = isSoon ? Math.min(MAX_PAUSE_MS, 2 * lastPauseMs) : ms;
        pausedUntil = now + Math.min(MAX_PAUSE_MS, lastPauseMs * (1 + PAUSE_JITTER * random()));
      }
      return Promise.resolve();
    },
    pausedForMs,
  };
}
