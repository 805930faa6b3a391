import type { CallLayer } from '../core/answer.js';
import { LookupFailure, toRetryAfterSeconds } from '../core/failure.js';
import type { DailyQuota } from '../core/limits.js';

/** Counts each call before it is sent, and takes it back if no byte of it was sent. */
export function withQuota(quota: DailyQuota): CallLayer {
  return (next) => ({
    async find(request, options) {
      const day = await quota.consume();
      // A call that was sent before Wolkvox said that the day is used up shows nothing.
      const isCheck = quota.state().isExhausted;
      if (options.signal.aborted) {
        await quota.giveBack(day).catch(reportedByQuota);
        options.signal.throwIfAborted();
      }
      return send(() => next.find(request, options), day, isCheck && request !== 'quota');
    },
  });

  /** @param showsUse whether a result shows that the day is not used up. The account's figures do not (assumed). */
  async function send<Result>(call: () => Promise<Result>, day: string, showsUse: boolean): Promise<Result> {
    try {
      const result = await call();
      if (showsUse) await quota.markAccepted(day).catch(reportedByQuota);
      return result;
    } catch (error) {
      if (!(error instanceof LookupFailure)) throw error;
      if (error.kind === 'not-connected') await quota.giveBack(day).catch(reportedByQuota);
      if (error.kind !== 'quota') throw error;
      const nextCheckMs = await quota.markExhausted(day).catch(reportedByQuota);
      if (nextCheckMs === undefined) throw error;
      throw new LookupFailure('quota', {
        retryAfterSeconds: toRetryAfterSeconds(nextCheckMs),
        facts: error.facts,
      });
    }
  }
}

function reportedByQuota(): undefined {
  // The answer or the failure of the call matters more. The count may be one too high now.
}
