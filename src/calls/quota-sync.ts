import type { Caller } from '../core/answer.js';
import type { Clock } from '../core/clock.js';
import type { Observe } from '../core/events.js';
import { LookupFailure } from '../core/failure.js';
import type { DailyQuota, QuotaSource, QuotaSyncSchedule } from '../core/limits.js';

/** How long the call may wait for its slot. */
const MAX_WAIT_MS = 60_000;
/** Wolkvox is asked again this long after a failure, if the interval is not shorter. */
const RETRY_MS = 300_000;
/** The check after a refusal is due at a time, and a timer may end a little before it. */
const CHECK_MARGIN_MS = 50;

/** The name under which the calls of the service itself are counted. */
const CALLER: Caller = { clientName: 'service', operationName: 'QuotaSync' };

export interface QuotaSyncOptions {
  /** Asks Wolkvox. It costs one call. */
  readonly source: QuotaSource;
  readonly quota: DailyQuota;
  /** Milliseconds between two syncs; 0: there are none. */
  readonly intervalMs: number;
  /** Chooses the replica that asks. Undefined: there is only this process. */
  readonly schedule?: QuotaSyncSchedule | undefined;
  readonly clock: Clock;
  readonly observe: Observe;
  /** Gets an error that is no LookupFailure. */
  readonly onBug: (error: unknown) => void;
}

export interface QuotaSync {
  /** Asks now, in the background, and then at each interval. */
  start(): void;
  /** To be called with each event. After `quota.exhausted` the next check of the day is a sync. */
  readonly observe: Observe;
  stop(): void;
}

/**
 * Takes over the account's figures from Wolkvox: at the start, at each interval, and once after Wolkvox refused a call
 * because the day is used up. A sync that fails changes nothing.
 */
export function createQuotaSync(options: QuotaSyncOptions): QuotaSync {
  const { source, quota, intervalMs, schedule, clock, observe, onBug } = options;
  const stopped = new AbortController();
  const timers = new Set<NodeJS.Timeout>();
  let isSyncing = false;

  return {
    start() {
      if (intervalMs > 0) void repeat();
    },
    observe(event) {
      if (event.event !== 'quota.exhausted' || intervalMs === 0) return;
      // If Wolkvox refuses the sync itself, no other one follows.
      if (!isSyncing) after(event.ms + CHECK_MARGIN_MS, () => sync().catch(reportFailure));
    },
    stop() {
      stopped.abort(new LookupFailure('abandoned'));
      for (const timer of timers) clearTimeout(timer);
    },
  };

  async function repeat(): Promise<void> {
    const nextInMs = await syncIfDue().catch(reportFailure);
    after(nextInMs, repeat);
  }

  /** @returns milliseconds until the next sync */
  async function syncIfDue(): Promise<number> {
    const dueInMs = (await schedule?.claim(Math.min(intervalMs, RETRY_MS))) ?? 0;
    if (dueInMs > 0) return dueInMs;
    await sync();
    await schedule?.postpone(intervalMs);
    return intervalMs;
  }

  /** @throws LookupFailure if Wolkvox cannot be asked, or the figures cannot be stored */
  async function sync(): Promise<void> {
    if (isSyncing) return;
    isSyncing = true;
    try {
      // Figures that were asked for before Wolkvox said that the day is used up show nothing.
      const wasExhausted = quota.state().isExhausted;
      const figures = await source.find('quota', {
        operation: { startedAt: clock.epochMs(), ...CALLER },
        deadline: clock.monotonicMs() + MAX_WAIT_MS,
        signal: stopped.signal,
      });
      await quota.sync(figures);
      const { day, used, limit } = quota.state();
      const isKnown = figures.used !== undefined && figures.limit !== undefined;
      if (wasExhausted && isKnown && figures.used < figures.limit) await quota.markAccepted(day);
      const isBlank = figures.used === undefined && figures.limit === undefined;
      observe(isBlank ? { event: 'quota.sync-failed', reason: 'no-figures' } : { event: 'quota.synced', used, limit });
    } finally {
      isSyncing = false;
    }
  }

  /** @returns milliseconds until another attempt makes sense */
  function reportFailure(error: unknown): number {
    let afterMs = RETRY_MS;
    if (error instanceof LookupFailure) {
      if (!stopped.signal.aborted) observe({ event: 'quota.sync-failed', reason: error.kind });
      // A failure that would be remembered for a lookup does not pass within minutes.
      if (error.policy.rememberMs !== undefined) return intervalMs;
      afterMs = Math.max(afterMs, (error.retryAfterSeconds ?? 0) * 1_000);
    } else {
      onBug(error);
    }
    return Math.min(intervalMs, afterMs);
  }

  /** The timers do not keep the process alive. */
  function after(ms: number, work: () => Promise<unknown>): void {
    if (stopped.signal.aborted) return;
    const timer = setTimeout(() => {
      timers.delete(timer);
      void work();
    }, ms).unref();
    timers.add(timer);
  }
}
