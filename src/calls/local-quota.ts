import { DateTime } from 'luxon';
import type { Clock } from '../core/clock.js';
import type { Observe } from '../core/events.js';
import { LookupFailure, toRetryAfterSeconds } from '../core/failure.js';
import { MIDNIGHT_MARGIN_MS, checkDelayMs, quotaWarningPercent, type DailyQuota } from '../core/limits.js';
import { createQuotaFile, type QuotaCount } from './quota-file.js';

export interface LocalQuotaOptions {
  /** Calls a day; undefined: the limit that Wolkvox names, else counted, not limited. */
  readonly limit: number | undefined;
  /** A luxon zone name. The day starts at its midnight. */
  readonly zone: string;
  /** A folder in which the count survives a restart; undefined: it does not. */
  readonly stateDir: string | undefined;
  /** The account's server. It tells accounts apart that share a folder. */
  readonly account: string;
  readonly clock: Clock;
  readonly observe: Observe;
}

/** What Wolkvox said of a day: its calls are used up. */
interface Exhaustion {
  readonly day: string;
  readonly checks: number;
  /** When one call checks whether it is still so. Monotonic milliseconds. */
  readonly nextCheckAt: number;
}

/**
 * The daily quota of one process, or of several that share a folder. A call is counted before it is sent, so a crash
 * leaves a count that is right or one too high.
 *
 * @throws an error with a system error code if the folder cannot be written
 */
export async function createLocalQuota(options: LocalQuotaOptions): Promise<DailyQuota> {
  const { clock, observe } = options;
  const { today, dayAt, startOfTomorrow } = createCalendar(options);
  const count = options.stateDir === undefined ? createMemoryCount() : await createQuotaFile(options);
  let { limit } = options;
  let exhaustion: Exhaustion | undefined;
  /** Calls of other programs that `sync` found. */
  let others: { readonly day: string; readonly calls: number } | undefined;
  let lastWarning: { readonly day: string; readonly percent: number } | undefined;

  return {
    async consume() {
      const day = today();
      checkExhaustion(day);
      // Another process that shares the folder may have taken a call back since the count was read.
      if (limit !== undefined && count.usedOn(day) >= limit && (await counted(() => count.read(day))) >= limit) {
        throw limitReached(limit);
      }
      const used = await counted(() => count.add(day));
      // Another process that shares the folder may have counted the last call at the same time.
      if (limit !== undefined && used > limit) {
        await counted(() => count.remove(day));
        throw limitReached(limit);
      }
      warn(day, used);
      return day;
    },
    async giveBack(day) {
      await counted(() => count.remove(day));
    },
    markExhausted(day) {
      const isKnown = exhaustion?.day === day;
      if (!isKnown && day === today()) {
        exhaustion = nextExhaustion(day, 0);
        observe({ event: 'quota.exhausted', ms: checkDelayMs(0) });
      }
      return Promise.resolve(Math.max(0, (exhaustion?.nextCheckAt ?? 0) - clock.monotonicMs()));
    },
    markAccepted(day) {
      if (exhaustion?.day === day) exhaustion = undefined;
      return Promise.resolve();
    },
    async sync(figures) {
      limit = options.limit ?? figures.limit ?? limit;
      const day = today();
      const { used } = figures;
      if (used !== undefined && day === dayAt(clock.wallMs() - MIDNIGHT_MARGIN_MS)) {
        const unknown = Math.max(0, used - count.usedOn(day));
        if (unknown > 0) await counted(() => count.raise(day, used));
        others = { day, calls: othersOn(day, 0) + unknown };
      }
      warn(day, count.usedOn(day));
    },
    state() {
      const day = today();
      return {
        day,
        used: count.usedOn(day),
        limit,
        usedByOthers: othersOn(day, undefined),
        resetsAt: startOfTomorrow(),
        isExhausted: exhaustion?.day === day,
      };
    },
  };

  /**
   * Lets one call pass if it is time for a check, and sets the time of the next one.
   *
   * @throws LookupFailure `quota-exhausted` before the time of the next check
   */
  function checkExhaustion(day: string): void {
    if (exhaustion?.day !== day) return;
    const remainingMs = exhaustion.nextCheckAt - clock.monotonicMs();
    if (remainingMs > 0) {
      throw new LookupFailure('quota-exhausted', { retryAfterSeconds: toRetryAfterSeconds(remainingMs) });
    }
    exhaustion = nextExhaustion(day, exhaustion.checks);
  }

  function nextExhaustion(day: string, checks: number): Exhaustion {
    return { day, checks: checks + 1, nextCheckAt: clock.monotonicMs() + checkDelayMs(checks) };
  }

  function limitReached(reached: number): LookupFailure {
    return new LookupFailure('quota-used', {
      message:
        `The daily limit of ${reached} calls to Wolkvox is reached. ` +
        "The next day starts at midnight of the account's time zone.",
      retryAfterSeconds: toRetryAfterSeconds(startOfTomorrow() - clock.wallMs()),
    });
  }

  /** A call that cannot be counted is not sent: the count would be too low after a restart. */
  async function counted<T>(change: () => Promise<T>): Promise<T> {
    try {
      return await change();
    } catch (error) {
      const reason = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
      observe({ event: 'quota.write-failed', reason });
      throw new LookupFailure('count-failed', { cause: error });
    }
  }

  function warn(day: string, used: number): void {
    const percent = quotaWarningPercent(used, limit);
    const isNew = lastWarning?.day !== day || lastWarning.percent < percent;
    if (percent === 0 || limit === undefined || !isNew) return;
    lastWarning = { day, percent };
    observe({ event: 'quota.warning', percent, used, limit });
  }

  function othersOn<Unknown>(day: string, unknown: Unknown): number | Unknown {
    return others?.day === day ? others.calls : unknown;
  }
}

/** The days of the account. */
function createCalendar({ zone, clock }: Pick<LocalQuotaOptions, 'zone' | 'clock'>) {
  const dayAt = (epochMs: number): string => DateTime.fromMillis(epochMs, { zone }).toFormat('yyyy-MM-dd');
  return {
    dayAt,
    today: () => dayAt(clock.wallMs()),
    /** Epoch milliseconds. */
    startOfTomorrow: () => DateTime.fromMillis(clock.wallMs(), { zone }).startOf('day').plus({ days: 1 }).toMillis(),
  };
}

/** Counts in memory. It keeps every day, so that a clock that steps to another day and back loses nothing. */
function createMemoryCount(): QuotaCount {
  const counts = new Map<string, number>();
  const usedOn = (day: string): number => counts.get(day) ?? 0;
  const set = (day: string, used: number): Promise<number> => {
    counts.set(day, used);
    return Promise.resolve(used);
  };
  return {
    usedOn,
    read: (day) => Promise.resolve(usedOn(day)),
    add: (day) => set(day, usedOn(day) + 1),
    remove: (day) => set(day, Math.max(0, usedOn(day) - 1)),
    raise: (day, used) => set(day, Math.max(usedOn(day), used)),
  };
}
