import type { Reply } from '../core/answer.js';
import type { Clock } from '../core/clock.js';
import { LookupFailure } from '../core/failure.js';

/** The mean of this many latest calls is the estimate. */
const MEASURED_CALLS = 20;
/** The estimate before a first call has ended, in milliseconds. */
const FIRST_ESTIMATE_MS = 100;

/** Estimates how long the next calls take, by the latest ones. */
export interface DurationEstimate {
  measure<Result extends Reply>(call: () => Promise<Result>): Promise<Result>;
  /** The mean duration of the latest calls, in milliseconds. */
  meanMs(): number;
}

export function createDurationEstimate(clock: Clock): DurationEstimate {
  const durations: number[] = [];
  const add = (ms: number): void => {
    durations.push(ms);
    if (durations.length > MEASURED_CALLS) durations.shift();
  };
  return {
    async measure(call) {
      const startedAt = clock.monotonicMs();
      try {
        const result = await call();
        if (result.source === 'wolkvox') add(clock.monotonicMs() - startedAt);
        return result;
      } catch (error) {
        if (error instanceof LookupFailure && error.endsCall) add(clock.monotonicMs() - startedAt);
        throw error;
      }
    },
    meanMs: () =>
      durations.length === 0 ? FIRST_ESTIMATE_MS : durations.reduce((sum, ms) => sum + ms, 0) / durations.length,
  };
}
