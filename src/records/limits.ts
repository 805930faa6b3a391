/**
 * What the token and the account allow. One process keeps it in memory, several share it; whoever sends a call holds a place and
 * has counted the call first.
 */

/** The simultaneous requests of the token. */
export interface Places {
  /**
   * Waits for a place, first come first served.
   *
   * @param signal aborts the wait, not what runs in the place
   * @throws LookupFailure UPSTREAM_UNAVAILABLE where the places cannot be known
   */
  take(signal: AbortSignal): Promise<Place>;
}

/** A place that is held until `release`. */
export interface Place {
  /**
   * Aborts when the place can no longer be held for certain: what runs in it must end at once. Undefined where that cannot be.
   */
  readonly lost: AbortSignal | undefined;
  /** Gives the place back; the second call does nothing. */
  release(): void;
}

/** The account's calls of a day. */
export interface DayBudget {
  /**
   * Counts one call, before it is sent.
   *
   * @throws LookupFailure UPSTREAM_QUOTA_EXHAUSTED, with the seconds to the next day, where none is left; nothing is counted then
   */
  spend(): Promise<void>;
  /** Wolkvox itself says that the day's calls are used up. */
  exhausted(): Promise<void>;
  /** Wolkvox has taken a call, so what `exhausted` noted is over. Cheap when there is nothing to clear. */
  accepted(): Promise<void>;
  /** The count as it is known, for metrics. */
  readonly state: DayBudgetState;
}

export interface DayBudgetState {
  /** The account's day, `2026-11-23`. */
  readonly day: string;
  readonly spent: number;
  /** Calls a day; undefined: counted, not limited. */
  readonly limit: number | undefined;
  /** Until when Wolkvox refuses, epoch milliseconds; undefined: it does not. */
  readonly exhaustedUntil: number | undefined;
}
