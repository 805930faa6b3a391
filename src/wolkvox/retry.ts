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

/**
 * Asks a second time, in a new turn, where a failure may pass, somebody still waits, and the budget of second attempts allows it. Two
 * attempts at most; a second one that fails gives its own failure.
 */
export function createRetry(source: RecordSource, options: RetryOptions): RecordSource {
  const { observe, now, random } = options;
  let saved = SAVED_AT_START;

  return {
    async find(lookup: Lookup, asking: Asking): Promise<Answer> {
      try {
        const answer = await source.find(lookup, asking);
        save();
        return answer;
      } catch (error) {
        // Only what Wolkvox failed at was a call: refusals of our own earn no second attempts.
        if (!(error instanceof WolkvoxFailure)) throw error;
        save();
        const delayMs = delayBeforeRetry(error, asking);
        // A second attempt is one of the calls that an operation may cause.
        if (delayMs === undefined || ![...asking.operations].some((operation) => operation.claimCall())) throw error;
        saved -= 1;
        observe({ event: 'retry', kind: error.kind, delayMs });
        if (!(await waited(delayMs, asking.signal))) throw error;
        return source.find(lookup, asking);
      }
    },
  };

  function save(): void {
    saved = Math.min(SAVED_AT_MOST, saved + SHARE_OF_CALLS);
  }

  /** Full jitter, after what Wolkvox itself asks for; undefined where there is to be no second attempt. */
  function delayBeforeRetry({ kind, retryAfterSeconds = 0 }: WolkvoxFailure, asking: Asking): number | undefined {
    const bound = PASSING[kind];
    if (bound === undefined || saved < 1 || asking.signal.aborted) return undefined;
    const delayMs = Math.round(retryAfterSeconds * 1000 + random() * bound);
    return now() + delayMs < asking.deadline ? delayMs : undefined;
  }
}

/** True after the time; false as soon as nobody waits any more. */
async function waited(ms: number, signal: AbortSignal): Promise<boolean> {
  try {
    await sleep(ms, undefined, { signal });
    return true;
  } catch (error) {
    if (signal.aborted) return false;
    throw error;
  }
}
