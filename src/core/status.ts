import type { ErrorCounts } from './error-codes.js';
import type { AnswerSource } from './events.js';

/**
 * The state of the service at one moment, as plain JSON. Reading it causes no call. It has no personal data and
 * no secret. Counts begin with the start of this process, unless the field says otherwise, and each replica has its own
 * ones.
 */
export interface ServiceStatus {
  /** The version of the service. */
  readonly version: string;
  /** `open`: no calls are sent. `half-open`: one call checks whether Wolkvox works again. */
  readonly circuit: 'closed' | 'open' | 'half-open';
  readonly queue: QueueStatus;
  readonly dailyQuota: DailyQuotaStatus;
  /** Undefined: no Redis is configured. */
  readonly redis: RedisStatus | undefined;
  readonly cache: CacheStatus;
  /** Who caused calls or was refused. The one with the most calls comes first. At most 52. */
  readonly clients: readonly ClientUse[];
  /**
   * The last hour by minutes, the oldest first, without gaps. The last entry is the current minute. At most 60: there
   * are no minutes before the start of the process.
   */
  readonly recent: readonly RecentMinute[];
}

/** The calls of this replica. */
export interface QueueStatus {
  /** Calls that wait in the queue. The sum of `waitingByPriority`. */
  readonly waiting: number;
  readonly waitingByPriority: {
    /** The next call of each operation that waits. They start before the others. */
    readonly next: number;
    /** Further calls of these operations. */
    readonly later: number;
    /** Calls for the cache only: their callers got a stale answer. They start last. */
    readonly background: number;
  };
  /** Calls that left the queue and have not ended. With Redis some of them may wait for a slot. */
  readonly running: number;
  /** Calls that may run at once, 1 or 2. Replicas with the same Redis share them. */
  readonly concurrency: number;
  /** How long the call that has waited longest is in the queue, in milliseconds; 0: none waits. */
  readonly oldestWaitMs: number;
  /** For how long no call is sent, because Wolkvox refused one, in milliseconds; 0: calls are sent. */
  readonly pausedForMs: number;
}

/** The account's calls of its current day. With Redis they are those of all replicas. */
export interface DailyQuotaStatus {
  /** Calls a day; undefined: they are counted, not limited. */
  readonly limit: number | undefined;
  /** Calls that count today. Those of other programs are part of it, as far as Wolkvox reported them. */
  readonly used: number;
  /** Calls of other programs, as of the last report of the account's use; undefined: there was none today. */
  readonly usedByOthers: number | undefined;
  /** Calls left today; undefined: they are not limited. */
  readonly remaining: number | undefined;
  /** When the next day of the account begins. Epoch milliseconds. */
  readonly resetsAt: number;
  /**
   * `used` at the end of the day, if this service and its replicas go on as in the last hour and other programs send
   * nothing more. It may be more than the limit. Undefined: they were counted for less than five minutes.
   */
  readonly projectedUse: number | undefined;
  /** Whether Wolkvox says that the day's calls are used up. */
  readonly isExhausted: boolean;
}

export interface RedisStatus {
  readonly connection: 'up' | 'down';
  /** Slots that this replica holds. */
  readonly slotsHeld: number;
  /** Calls of this replica that wait for a slot. */
  readonly slotsWaiting: number;
}

/** The cache in memory. */
export interface CacheStatus {
  /** Cached answers. */
  readonly entries: number;
  /** Their estimated size, with that of their texts. */
  readonly bytes: number;
}

/** The calls that somebody caused. */
export interface CallerUse {
  /** `unnamed`: there is no name, or one that is not accepted. `other`: all names after the first 50. */
  readonly name: string;
  /** Calls that were sent to Wolkvox. */
  readonly calls: number;
  /** Lookups that failed without a call. */
  readonly refusals: number;
}

/** The calls of a client. */
export interface ClientUse extends CallerUse {
  /** The same by the names of its operations, the one with the most calls first. At most 52. */
  readonly operations: readonly CallerUse[];
}

/** What happened in one minute. */
export interface RecentMinute {
  /** Epoch milliseconds. */
  readonly startedAt: number;
  /** Answers by their source; `stale` are the stale ones. */
  readonly answers: Readonly<Record<AnswerSource, number>>;
  /** Errors that callers got, by their code. A code that did not occur is absent. */
  readonly errors: ErrorCounts;
  /** Lookups that failed without a call. */
  readonly refusals: number;
  readonly calls: RecentCalls;
}

/** The calls that ended in one minute. */
export interface RecentCalls {
  readonly answered: number;
  readonly failed: number;
  /** The mean duration of one call, without its wait, in milliseconds; 0: no call ended. */
  readonly meanMs: number;
  /** The longest duration, in milliseconds; 0: no call ended. */
  readonly slowestMs: number;
  /** How many calls took at most as long as each of `CALL_DURATION_BOUNDS_MS`, and longer than the one before. */
  readonly byDuration: readonly number[];
}

/** The upper bounds of durations of calls, in milliseconds. */
export const CALL_DURATION_BOUNDS_MS = [50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000, Infinity];
