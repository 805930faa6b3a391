import { setTimeout as sleep } from 'node:timers/promises';
import type { Observe } from '../records/events.js';
import type { Lookup } from '../records/lookup.js';
import type { Answer, Asking, RecordSource } from '../records/source.js';
import { WolkvoxFailure } from './failure.js';

/**
 * The kinds of failure that may be over in a moment, with the bound of the wait before the second attempt in milliseconds. Whoever
 * else uses the token needs longer to be done. Maintenance lasts for minutes: not worth a call.
 */
const PASSING: Readonly<Partial<Record<WolkvoxFailure['kind'], number>>> = {
  connection: 400,
  server: 400,
  timeout: 400,
  throttled: 1_000,
  simultaneous: 1_500,
};

/** Second attempts may be a tenth of recent calls, and a few at the start when there are none. */
const SHARE_OF_CALLS = 0.1;
const SAVED_AT_START = 3;
const SAVED_AT_MOST = 10;

export interface RetryOptions {
  readonly observe: Observe;
  readonly now: () => number;
  /** 0 to 1, for the jitter. */
  readonly random: () => number;
}

/** Asks a second time, in a new turn, where a failure may pass, somebody still waits, and the budget of second attempts allows it. */
export function createRetry(source: RecordSource, options: RetryOptions): RecordSource {
  const { observe, now, random } = options;
  let saved = SAVED_AT_START;

  return {
    async find(lookup: Lookup, asking: Asking): Promise<Answer> {
      saved = Math.min(SAVED_AT_MOST, saved + SHARE_OF_CALLS);
      try {
        return await source.find(lookup, asking);
      } catch (error) {
        const delayMs = delayBeforeRetry(error, asking);
        if (delayMs === undefined || !(error instanceof WolkvoxFailure)) throw error;
        saved -= 1;
        observe({ event: 'retry', kind: error.kind, delayMs });
        await sleep(delayMs);
        if (asking.signal.aborted) throw error;
        return source.find(lookup, asking);
      }
    },
  };

  function delayBeforeRetry(error: unknown, asking: Asking): number | undefined {
    if (!(error instanceof WolkvoxFailure)) return undefined;
    const bound = PASSING[error.kind];
    if (bound === undefined || saved < 1 || asking.signal.aborted) return undefined;
    const delayMs = Math.round((error.retryAfterSeconds ?? 0) * 1000 + random() * bound);
    return now() + delayMs < asking.deadline ? delayMs : undefined;
  }
}
