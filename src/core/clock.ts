/** The three readings of time. Tests replace them. */
export interface Clock {
  /** For durations and deadlines inside the process. Milliseconds; never steps. */
  monotonicMs(): number;
  /**
   * For times that are compared later or by another replica (`Answer.sentAt`). Epoch milliseconds. It follows the
   * monotonic clock, so that a step of the system's clock makes no answer younger.
   */
  epochMs(): number;
  /** The system's clock, for the account's day, traces and sessions. Epoch milliseconds; it may step. */
  wallMs(): number;
  /** Moves `epochMs` to a time that all replicas share, such as that of Redis. */
  setEpochMs(epochMs: number): void;
}

export function createClock(): Clock {
  let offsetMs = Date.now() - performance.now();
  return {
    monotonicMs: () => performance.now(),
    epochMs: () => Math.round(performance.now() + offsetMs),
    wallMs: () => Date.now(),
    setEpochMs(epochMs) {
      offsetMs = epochMs - performance.now();
    },
  };
}
