import { setTimeout as sleep } from 'node:timers/promises';
import PQueue from 'p-queue';
import type { Observe, RefusalReason } from '../records/events.js';
import { LookupFailure } from '../records/failure.js';
import type { Place, Places } from '../records/limits.js';
import type { Lookup } from '../records/lookup.js';
import type { Answer, Asking, RecordSource } from '../records/source.js';
import { WolkvoxFailure } from './failure.js';
import { Rotation, type TurnOptions } from './rotation.js';

/** Somebody else uses the token's places: so long at most, with jitter, until theirs may be free. */
const SIMULTANEOUS_PAUSE_MS = 1_000;
/** HTTP 429 without a Retry-After. */
const THROTTLED_PAUSE_MS = 1_000;
/** A Retry-After beyond this may be a mistake, such as a date by a wrong clock; one call finds out. */
const LONGEST_PAUSE_MS = 600_000;

const TOO_LATE = 'The turn would come after the deadline of the operation.';

/** So many of the latest calls tell how long the next ones will take. */
const REMEMBERED_CALLS = 20;

export interface TurnstileOptions {
  /** Simultaneous calls, 1 or 2. */
  readonly concurrency: number;
  /** Calls that may wait at most. */
  readonly queueLimit: number;
  readonly places: Places;
  /** Sends one call in a place; settles only when nothing of it runs any more. */
  readonly send: (lookup: Lookup, asking: Asking, place: Place) => Promise<Answer>;
  readonly observe: Observe;
  readonly now: () => number;
  /** 0 to 1, for the jitter. */
  readonly random: () => number;
}

export interface Turnstile extends RecordSource {
  /** Calls that wait for their turn. */
  readonly waiting: number;
  /** Calls that hold a slot. */
  readonly running: number;
}

/**
 * Lets calls through one by one: never more than `concurrency` at once, operations in rotation, nobody who would come too late.
 *
 * Rejects with UPSTREAM_BUSY where the queue is full or the turn cannot come before the deadline, also because Wolkvox asks for a pause, and with the reason of
 * `asking.signal` where everybody left before the call was sent; such a call is never sent. One that is under way ends by itself.
 */
export function createTurnstile(options: TurnstileOptions): Turnstile {
  const { concurrency, places, send, observe, now, random } = options;
  const queue = new PQueue<Rotation, TurnOptions>({ concurrency, queueClass: Rotation });
  const durations: number[] = [];
  /** Until then Wolkvox takes no call: each would be refused, and count. */
  let pausedUntil = 0;

  return {
    find,
    get waiting() {
      return queue.size;
    },
    get running() {
      return queue.pending;
    },
  };

  async function find(lookup: Lookup, asking: Asking): Promise<Answer> {
    admit(asking);
    // p-queue would free the slot of a running call when its signal aborts; so its signal ends where the call begins.
    const wait = new AbortController();
    const leave = (): void => wait.abort(asking.signal.reason);
    if (asking.signal.aborted) leave();
    asking.signal.addEventListener('abort', leave, { once: true });
    try {
      return await queue.add(
        () => {
          asking.signal.removeEventListener('abort', leave);
          return callInPlace(lookup, asking);
        },
        { asking, signal: wait.signal },
      );
    } catch (error) {
      if (wait.signal.aborted) observe({ event: 'refused', code: codeOf(error), why: 'nobody-waits' });
      throw error;
    } finally {
      asking.signal.removeEventListener('abort', leave);
    }
  }

  async function callInPlace(lookup: Lookup, asking: Asking): Promise<Answer> {
    const { place, startedAt } = await placeFor(asking);
    try {
      const answer = await send(lookup, asking, place);
      learn(now() - startedAt);
      return answer;
    } catch (error) {
      // Refusals of our own are no calls, and take no time.
      if (error instanceof WolkvoxFailure) {
        learn(now() - startedAt);
        pausedUntil = Math.max(pausedUntil, now() + pauseAfter(error));
      }
      throw error;
    } finally {
      place.release();
    }
  }

  /** A place, outside of every pause, for somebody who still waits. */
  async function placeFor(asking: Asking): Promise<{ readonly place: Place; readonly startedAt: number }> {
    for (;;) {
      try {
        await waitOutPause(asking);
        const startedAt = now();
        const place = await places.take(asking.signal);
        if (!asking.signal.aborted && now() >= pausedUntil) return { place, startedAt };
        // The wait for a place may be long: everybody may have left, or Wolkvox have asked for a pause.
        place.release();
        asking.signal.throwIfAborted();
      } catch (error) {
        if (asking.signal.aborted) observe({ event: 'refused', code: codeOf(error), why: 'nobody-waits' });
        throw error;
      }
    }
  }

  async function waitOutPause(asking: Asking): Promise<void> {
    const { signal } = asking;
    for (let ms = pausedUntil - now(); ms > 0; ms = pausedUntil - now()) {
      if (pausedUntil > asking.deadline) refuse('wait-too-long', TOO_LATE, ms - (asking.deadline - now()));
      await sleep(ms, undefined, { signal }).catch(() => signal.throwIfAborted());
    }
  }

  function pauseAfter({ kind, retryAfterSeconds }: WolkvoxFailure): number {
    if (kind === 'throttled') {
      return retryAfterSeconds === undefined
        ? THROTTLED_PAUSE_MS
        : Math.min(LONGEST_PAUSE_MS, retryAfterSeconds * 1000);
    }
    return kind === 'simultaneous' ? SIMULTANEOUS_PAUSE_MS * (0.5 + random() / 2) : 0;
  }

  function learn(ms: number): void {
    durations.push(ms);
    if (durations.length > REMEMBERED_CALLS) durations.shift();
  }

  function admit(asking: Asking): void {
    if (queue.size >= options.queueLimit) {
      refuse('queue-full', `${queue.size} calls wait already, as many as may.`, timeFor(queue.size));
    }
    const waitMs = timeFor(queue.sizeBy({ asking })) + Math.max(0, pausedUntil - now());
    const remainingMs = asking.deadline - now();
    if (waitMs > remainingMs) {
      refuse('wait-too-long', TOO_LATE, waitMs - remainingMs);
    }
  }

  function timeFor(calls: number): number {
    if (durations.length === 0) return 0;
    const mean = durations.reduce((sum, ms) => sum + ms, 0) / durations.length;
    return (calls * mean) / concurrency;
  }

  function refuse(why: RefusalReason, message: string, afterMs: number): never {
    observe({ event: 'refused', code: 'UPSTREAM_BUSY', why });
    throw new LookupFailure('UPSTREAM_BUSY', message, { retryAfterSeconds: Math.max(1, Math.ceil(afterMs / 1000)) });
  }
}

/** The places of a process that shares its token with nobody: the queue's own bound is the limit. */
export const unsharedPlaces: Places = {
  take() {
    return Promise.resolve({
      lost: undefined,
      release() {
        // The queue's slot is the place.
      },
    });
  },
};

function codeOf(error: unknown): LookupFailure['code'] {
  return error instanceof LookupFailure ? error.code : 'UPSTREAM_TIMEOUT';
}
