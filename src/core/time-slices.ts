/**
 * Shares the event loop among operations. Work that may be long is cut into parts, and each part asks before it starts.
 * Parts run one after the other until the slice is over; then the process handles its sockets and timers first.
 */
export interface TimeSlices {
  /**
   * Asks for the next part. Parts that wait start in the order in which they asked.
   *
   * @returns undefined if the part may start at once
   */
  next(): Promise<void> | undefined;
}

/** A health check waits for one slice and one part, so this must be well below 100 ms. */
const SLICE_MS = 15;

export function createTimeSlices(sliceMs = SLICE_MS): TimeSlices {
  const waiting: (() => void)[] = [];
  /** On the clock of `performance.now`. Undefined: no part has run since the process last handled its sockets. */
  let endsAt: number | undefined;

  function begin(): number {
    setImmediate(end);
    return performance.now() + sliceMs;
  }

  function end(): void {
    endsAt = undefined;
    if (waiting.length === 0) return;
    endsAt = begin();
    startNext();
  }

  /** Starts one part, and the next one when that has nothing more to do in this slice. */
  function startNext(): void {
    if (endsAt === undefined || performance.now() >= endsAt) return;
    const start = waiting.shift();
    if (start === undefined) return;
    start();
    // A tick comes after all microtasks, so after everything that the part does without waiting for I/O.
    queueMicrotask(() => process.nextTick(startNext));
  }

  return {
    next() {
      endsAt ??= begin();
      if (waiting.length === 0 && performance.now() < endsAt) return undefined;
      return new Promise((resolve) => waiting.push(resolve));
    },
  };
}
