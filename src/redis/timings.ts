/**
 * The durations that the shared places rest on, in milliseconds. They depend on each other:
 * `beatMs` + the command timeout < `lostAfterMs` < `deadAfterMs`, so that a holder that cannot reach Redis has ended its call
 * before Redis gives its place to another; and `lostAfterMs` < `localAfterMs`, so that nobody goes on alone before that either.
 */
export interface Timings {
  /** How long a place may be held in all: the longest call, and `lostAfterMs` before it begins. */
  readonly leaseMs: number;
  /** A holder renews its proof of life so often while it holds a place for longer. */
  readonly beatMs: number;
  /** A holder without a proof of life for so long must take its place for lost. */
  readonly lostAfterMs: number;
  /** A place is freed when its holder's connection is gone and its last proof of life is so old. */
  readonly deadAfterMs: number;
  /** An offered place must be confirmed within. */
  readonly reservationMs: number;
  /** An answer that took longer than this is no ground to begin a call: the place may have been freed since. */
  readonly promptMs: number;
  /** A Redis that has just started waits so long for replicas that knew the former state. */
  readonly graceMs: number;
  /** How often somebody who waits looks whether the holders live. */
  readonly lookMs: number;
  /** After so long without Redis those who wait are refused. */
  readonly patienceMs: number;
  /** After so long without Redis a replica goes on with its share, where that is wanted. */
  readonly localAfterMs: number;
  /** How often a replica that holds nothing shows itself. */
  readonly idleBeatMs: number;
  /** A replica that has not shown itself for so long is forgotten. */
  readonly memberKeepMs: number;
  /** The state expires so long after it was last used. */
  readonly keepMs: number;
}

export function timingsFor(callTimeoutMs: number): Timings {
  return {
    // Wolkvox ends a call after 60 s, whatever a frozen process does or does not (documented: "API consumption time limit: 60 seconds").
    leaseMs: Math.max(callTimeoutMs, 60_000) + 10_000,
    beatMs: 1_500,
    lostAfterMs: 5_000,
    deadAfterMs: 6_000,
    reservationMs: 3_000,
    promptMs: 2_000,
    graceMs: 2_500,
    lookMs: 2_000,
    patienceMs: 500,
    localAfterMs: 6_000,
    idleBeatMs: 60_000,
    memberKeepMs: 200_000,
    keepMs: 600_000,
  };
}
