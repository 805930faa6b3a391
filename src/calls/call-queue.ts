import PQueue from 'p-queue';
import { followAbort } from '../core/abort.js';
import type { Answer, Layer, LookupOptions, LookupSource, Operation } from '../core/answer.js';
import type { Clock } from '../core/clock.js';
import { LookupFailure, toRetryAfterSeconds, type FailureKind } from '../core/failure.js';
import { lookupKey, type Lookup } from '../core/lookup.js';

/** The mean of this many latest calls estimates how long the next ones take. */
const MEASURED_CALLS = 20;
/** The estimate before a first call has ended, in milliseconds. */
const FIRST_ESTIMATE_MS = 100;
/** The tag after all others. p-queue accepts finite priorities only. */
const LAST_TAG = Number.MAX_SAFE_INTEGER;

export interface CallQueueOptions {
  /** Simultaneous calls, 1 or 2. */
  readonly concurrency: number;
  /** Calls that may wait. */
  readonly limit: number;
  /** How long calls are held back at this moment, in milliseconds. */
  readonly pausedForMs: () => number;
  readonly clock: Clock;
}

export interface CallQueue {
  readonly layer: Layer;
  /**
   * Another operation wants the answer of a waiting call: the call moves to the position that this operation would get,
   * if that is better.
   *
   * @returns whether a call for the lookup still waits, so that its answer will be sent from now on
   */
  promote(lookup: Lookup, operation: Operation): boolean;
  /** No operation waits for the call any more, but its answer is still useful: it goes to the end of the queue. */
  demote(lookup: Lookup): void;
  state(): { readonly waiting: number; readonly running: number };
}

/** A call that waits for its turn. */
interface WaitingCall {
  readonly id: string;
  readonly key: string;
  /** Calls start in the order of their tags. `LAST_TAG`: after all others. */
  tag: number;
  readonly cancel: (failure: LookupFailure) => void;
}

/**
 * Orders the calls of all operations and runs at most `concurrency` at once.
 *
 * The order is start-time fair queuing over operations. Each call has a tag, and the lowest tag starts first. An
 * operation's next call gets `max(V + 0.5, its last tag + 1)`, and V is the tag of the call that started last. So an
 * operation's first call waits for at most one call of each other waiting operation, and no operation starves.
 *
 * A lookup is refused with `wait-too-long` if its call would start after its deadline, and with `queue-full` if `limit`
 * calls of better or equal priority wait. A better call displaces the worst waiting one. A call whose signal aborts
 * while it waits is never sent.
 */
export function createCallQueue(options: CallQueueOptions): CallQueue {
  const { concurrency, limit, pausedForMs, clock } = options;
  const queue = new PQueue({ concurrency });
  const waiting = new Map<string, WaitingCall>();
  const lastTags = new WeakMap<Operation, number>();
  const estimate = createEstimate();
  let lastStartedTag = 0;
  let lastId = 0;

  return {
    layer: (next) => ({ find: (lookup, lookupOptions) => enqueue(next, lookup, lookupOptions) }),
    promote,
    demote(lookup) {
      for (const call of callsFor(lookup)) move(call, LAST_TAG);
    },
    state: () => ({ waiting: waiting.size, running: queue.pending }),
  };

  async function enqueue(next: LookupSource, lookup: Lookup, lookupOptions: LookupOptions): Promise<Answer> {
    lookupOptions.signal.throwIfAborted();
    const tag = nextTag(lookupOptions.operation);
    admit(tag, lookupOptions.deadline);
    lastTags.set(lookupOptions.operation, tag);
    // p-queue frees the slot of a running job if its signal aborts, so this signal ends when the job starts.
    const { controller, unfollow } = followAbort(lookupOptions.signal);
    lastId += 1;
    const call: WaitingCall = {
      id: String(lastId),
      key: lookupKey(lookup),
      tag,
      cancel: (failure) => controller.abort(failure),
    };
    waiting.set(call.id, call);
    // p-queue removes the job at once, too. A call that is not in its queue must not be moved.
    controller.signal.addEventListener('abort', () => waiting.delete(call.id), { once: true });
    try {
      return await queue.add(
        () => {
          waiting.delete(call.id);
          unfollow();
          if (call.tag < LAST_TAG) lastStartedTag = call.tag;
          return run(next, lookup, lookupOptions);
        },
        { id: call.id, priority: -tag, signal: controller.signal },
      );
    } finally {
      waiting.delete(call.id);
      unfollow();
    }
  }

  async function run(next: LookupSource, lookup: Lookup, lookupOptions: LookupOptions): Promise<Answer> {
    const startedAt = clock.monotonicMs();
    try {
      const answer = await next.find(lookup, lookupOptions);
      if (answer.source === 'wolkvox') estimate.add(clock.monotonicMs() - startedAt);
      return answer;
    } catch (error) {
      if (error instanceof LookupFailure && error.endsCall) estimate.add(clock.monotonicMs() - startedAt);
      throw error;
    }
  }

  function nextTag(operation: Operation): number {
    return Math.max(lastStartedTag + 0.5, (lastTags.get(operation) ?? 0) + 1);
  }

  function promote(lookup: Lookup, operation: Operation): boolean {
    const calls = callsFor(lookup);
    const tag = nextTag(operation);
    for (const call of calls) {
      if (tag >= call.tag) continue;
      move(call, tag);
      lastTags.set(operation, tag);
    }
    return calls.length > 0;
  }

  function callsFor(lookup: Lookup): WaitingCall[] {
    const key = lookupKey(lookup);
    return [...waiting.values()].filter((call) => call.key === key);
  }

  function move(call: WaitingCall, tag: number): void {
    call.tag = tag;
    queue.setPriority(call.id, -tag);
  }

  /** Refuses a call that would start too late, and makes room in a full queue. */
  function admit(tag: number, deadline: number): void {
    const { ahead, worst } = survey(tag);
    const waitMs = timeFor(ahead) + pausedForMs();
    const remainingMs = deadline - clock.monotonicMs();
    if (waitMs > remainingMs) throw refusal('wait-too-long', waitMs - remainingMs);
    if (waiting.size < limit) return;
    if (worst === undefined || worst.tag <= tag) throw refusal('queue-full', timeFor(waiting.size));
    worst.cancel(refusal('displaced', timeFor(waiting.size)));
  }

  /** How many waiting calls start before one with this tag, and the call that starts last. */
  function survey(tag: number): { ahead: number; worst: WaitingCall | undefined } {
    let ahead = 0;
    let worst: WaitingCall | undefined;
    for (const call of waiting.values()) {
      if (call.tag <= tag) ahead += 1;
      if (worst === undefined || call.tag >= worst.tag) worst = call;
    }
    return { ahead, worst };
  }

  function timeFor(calls: number): number {
    return (calls * estimate.meanMs()) / concurrency;
  }
}

function refusal(kind: FailureKind, afterMs: number): LookupFailure {
  return new LookupFailure(kind, { retryAfterSeconds: toRetryAfterSeconds(afterMs) });
}

/** The mean duration of the latest calls, in milliseconds. */
function createEstimate(): { add(ms: number): void; meanMs(): number } {
  const durations: number[] = [];
  return {
    add(ms) {
      durations.push(ms);
      if (durations.length > MEASURED_CALLS) durations.shift();
    },
    meanMs: () =>
      durations.length === 0 ? FIRST_ESTIMATE_MS : durations.reduce((sum, ms) => sum + ms, 0) / durations.length,
  };
}
