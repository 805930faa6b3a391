import { delay } from '../core/abort.js';
import type { CallLayer } from '../core/answer.js';
import type { Observe } from '../core/events.js';
import { LookupFailure } from '../core/failure.js';

/** Second attempts may be this share of the recent calls, so that an outage of Wolkvox does not double the calls. */
const SHARE_OF_CALLS = 0.1;
const INITIAL_BUDGET = 3;
const MAX_BUDGET = 10;
/** If Wolkvox asks for a longer delay (Retry-After), the caller gets the failure at once instead. */
const MAX_DELAY_MS = 10_000;

export interface RetryOptions {
  readonly observe: Observe;
  /** 0 to 1, for the jitter. */
  readonly random?: () => number;
}

/**
 * Makes a second attempt after a failure that may pass (`retryWithinMs` in the table of failures), if a caller still
 * waits and the retry budget is not used up. There are at most two attempts; the second failure is final.
 */
export function createRetry({ observe, random = Math.random }: RetryOptions): CallLayer {
  let budget = INITIAL_BUDGET;
  const addToBudget = (): void => {
    budget = Math.min(MAX_BUDGET, budget + SHARE_OF_CALLS);
  };

  return (next) => ({
    async find(request, options) {
      try {
        const result = await next.find(request, options);
        if (result.source === 'wolkvox') addToBudget();
        return result;
      } catch (error) {
        if (!(error instanceof LookupFailure)) throw error;
        if (error.endsCall && !error.isShared) addToBudget();
        const { retryWithinMs } = error.policy;
        if (retryWithinMs === undefined || budget < 1 || options.signal.aborted) throw error;
        const delayMs = Math.round((error.retryAfterSeconds ?? 0) * 1_000 + random() * retryWithinMs);
        if (delayMs > MAX_DELAY_MS) throw error;
        budget -= 1;
        observe({ event: 'call.retried', reason: error.kind, delayMs, operation: options.operation });
        await delay(delayMs, options.signal).catch(() => {
          // No caller waits any more.
          throw error;
        });
        return next.find(request, options);
      }
    },
  });
}
