import type { CallOptions, Reply, Source } from './answer.js';

/** The token's simultaneous calls. Replicas share them through Redis. Without Redis the queue bounds them. */
export interface Slots {
  /**
   * Waits for a free slot, and for the end of a pause.
   *
   * @param deadline on the monotonic clock, in milliseconds
   * @param signal ends the wait; its reason is thrown
   * @throws LookupFailure `wait-too-long` if a pause lasts beyond the deadline, `redis-down` if the slots are unknown
   */
  acquire(deadline: number, signal: AbortSignal): Promise<Slot>;
  /**
   * Sends no call for a while, because Wolkvox refused one.
   *
   * @param ms how long, in milliseconds
   * @param mode `exact`: for `ms`, because Wolkvox named the time. `doubling`: for `ms`. If the next refusal comes soon
   *   after the end of a pause (within the length of that pause), the new pause is twice as long, at most
   *   `MAX_PAUSE_MS`. A refusal during a pause changes nothing, because its call was sent before.
   */
  pause(ms: number, mode: 'exact' | 'doubling'): Promise<void>;
  /** How long calls are held back, in milliseconds, as far as this process knows; 0: they are not. */
  pausedForMs(): number;
}

/** A slot that is held until `release`. */
export interface Slot {
  /** Aborts if the slot may be given to another replica: the call must end at once. Its reason is a LookupFailure. */
  readonly lost: AbortSignal;
  /** Frees the slot. A second call does nothing. */
  release(): Promise<void>;
}

/** The longest pause, in milliseconds. */
export const MAX_PAUSE_MS = 60_000;
/** A doubling pause is longer by up to this share, so that it does not always end with a call of another program. */
export const PAUSE_JITTER = 0.25;

/** The account's calls of a day. */
export interface DailyQuota {
  /**
   * Counts one call before it is sent. If a reply of Redis is lost, a call may be counted that is not sent.
   *
   * @returns the account's day in which it was counted, `2026-11-23`
   * @throws LookupFailure `quota-used`, `quota-exhausted`, `count-failed` or `redis-down`
   */
  consume(): Promise<string>;
  /** Takes back a call of that day that was counted and of which no byte was sent. */
  giveBack(day: string): Promise<void>;
  /**
   * Wolkvox says that the calls of that day are used up. No call is sent before the next check.
   *
   * @returns milliseconds until the next check
   */
  markExhausted(day: string): Promise<number>;
  /** Wolkvox accepted a call of that day, so it is not used up. Cheap if it was not marked. */
  markAccepted(day: string): Promise<void>;
  /**
   * Takes over what Wolkvox says of the account. Its limit counts if none is configured. The day's count is raised to
   * `used`, and never lowered. A call that is under way may or may not be part of `used`: with the larger of the two
   * numbers no call counts twice, and at most the call under way does not count.
   *
   * @throws LookupFailure `count-failed` or `redis-down`
   */
  sync(figures: QuotaFigures): Promise<void>;
  state(): DailyQuotaState;
}

/** What Wolkvox says of the account. Undefined: it says nothing, or nothing that can be right. */
export interface QuotaFigures {
  /** Calls a day. */
  readonly limit: number | undefined;
  /** Calls of the current day, by all programs that use the account. */
  readonly used: number | undefined;
}

export type QuotaReport = Reply & QuotaFigures;
export type QuotaSource = Source<'quota', CallOptions, QuotaReport>;

/** Lets one of several replicas ask Wolkvox for the account's figures. Rejects with LookupFailure `redis-down`. */
export interface QuotaSyncSchedule {
  /** @returns 0: this replica asks, and no other one for `ms`. Otherwise milliseconds until the next attempt */
  claim(ms: number): Promise<number>;
  /** No replica asks for `ms`. */
  postpone(ms: number): Promise<void>;
}

/**
 * In the first minutes of the day Wolkvox's count may still be that of the day before, because its midnight may differ
 * from ours. Such a count raises nothing. The time is longer than a call can take.
 */
export const MIDNIGHT_MARGIN_MS = 15 * 60_000;

export interface DailyQuotaState {
  /** The account's day, `2026-11-23`. */
  readonly day: string;
  readonly used: number;
  /** Calls a day; undefined: counted, not limited. */
  readonly limit: number | undefined;
  /**
   * Calls of other programs that are part of `used`, the number by which `sync` has raised it. Undefined: Wolkvox has
   * not reported the use of this day. Without Redis it is also unknown after a restart, until the next sync.
   */
  readonly usedByOthers: number | undefined;
  /** When the next day of the account begins. Epoch milliseconds. */
  readonly resetsAt: number;
  /** Whether Wolkvox says that the day's calls are used up. */
  readonly isExhausted: boolean;
}

/**
 * After Wolkvox said that the day is used up, one call checks whether it still is: after 10 s, 1, 5 and 15 minutes,
 * then every hour. Its midnight may differ from ours by seconds, and the limit may be raised during the day.
 */
const CHECK_DELAYS_MS = [10_000, 60_000, 300_000, 900_000, 3_600_000] as const;

/** @param checks how many checks were made already */
export function checkDelayMs(checks: number): number {
  return CHECK_DELAYS_MS[Math.min(checks, CHECK_DELAYS_MS.length - 1)] ?? 3_600_000;
}

/** Shares of the daily limit that are reported when they are passed, in percent. */
export const QUOTA_WARNING_PERCENTS = [100, 95, 80] as const;

/** The highest warning that `used` has reached; 0: none. */
export function quotaWarningPercent(used: number, limit: number | undefined): 0 | 80 | 95 | 100 {
  if (limit === undefined || limit === 0) return 0;
  return QUOTA_WARNING_PERCENTS.find((percent) => used >= Math.ceil((limit * percent) / 100)) ?? 0;
}
