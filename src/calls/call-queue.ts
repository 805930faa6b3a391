import PQueue from 'p-queue';
import { followAbort } from '../core/abort.js';
import { requestKey } from '../core/answer.js';
import type { CallLayer, CallOptions, Operation, Reply, WolkvoxRequest } from '../core/answer.js';
import type { Clock } from '../core/clock.js';
import { LookupFailure, toRetryAfterSeconds, type FailureKind } from '../core/failure.js';
import type { QueueStatus } from '../core/status.js';

/** The mean of this many latest calls estimates how long the next ones take. */
const MEASURED_CALLS = 20;
/** The estimate before a first call has ended, in milliseconds. */
const FIRST_ESTIMATE_MS = 100;
/**
 * An operation's first call comes this much after the call that started last. It is well below 1, so that a small
 * operation waits for a part of the others only, and above 0, so that the others move on meanwhile.
 */
const FIRST_STEP = 0.25;
const GOLDEN_RATIO = (1 + Math.sqrt(5)) / 2;
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
  readonly layer: CallLayer;
  /**
   * Another operation wants the result of a waiting call: the call moves to the position that this operation would get,
   * if that is better.
   *
   * @returns whether a call for the request still waits, so that its result will be sent from now on
   */
  promote(request: WolkvoxRequest, operation: Operation): boolean;
  /** No operation waits for the call any more, but its result is still useful: it goes to the end of the queue. */
  demote(request: WolkvoxRequest): void;
  state(): { readonly waiting: number; readonly running: number };
  /** More of its state. It takes longer, in proportion to the calls that wait. */
  status(): QueueStatus;
}

/** A call that waits for its turn. */
interface WaitingCall {
  readonly id: string;
  readonly key: string;
  readonly operation: Operation;
  /** Monotonic milliseconds. */
  readonly enteredAt: number;
  /** Calls start in the order of their tags. `LAST_TAG`: after all others. */
  tag: number;
  readonly cancel: (failure: LookupFailure) => void;
}

/**
 * Orders the calls of all operations and runs at most `concurrency` at once.
 *
 * The order is start-time fair queuing over operations. Each call has a tag, and the lowest tag starts first. An
 * operation's next call gets `max(V + 0.25, its last tag + 1)`, and V is the tag of the call that started last. So an
 * operation's first call waits for at most one call of each other waiting operation, and no operation starves. The
 * second call of each operation gets another distance than 1, between 0.5 and 1.5, so that the calls of operations
 * that began together have different tags. Otherwise a first call would often wait for one call of all of them.
 *
 * A request is refused with `wait-too-long` if its call would start after its deadline, and with `queue-full` if
 * `limit` calls of better or equal priority wait. A better call displaces the worst waiting one. A call whose signal
 * aborts while it waits is never sent.
 */
export function createCallQueue(options: CallQueueOptions): CallQueue {
  const { concurrency, limit, pausedForMs, clock } = options;
  const queue = new PQueue({ concurrency });
  const waiting = new Map<string, WaitingCall>();
  const tags = createTags();
  const estimate = createEstimate(clock);
  let lastId = 0;

  return {
    layer: (next) => ({
      find: (request, callOptions) => enqueue(request, callOptions, () => next.find(request, callOptions)),
    }),
    promote,
    demote(request) {
      for (const call of callsFor(request)) move(call, LAST_TAG);
    },
    state: () => ({ waiting: waiting.size, running: queue.pending }),
    status: () => ({
      ...{ waiting: waiting.size, running: queue.pending, concurrency, pausedForMs: pausedForMs() },
      ...describeWaiting([...waiting.values()], clock.monotonicMs()),
    }),
  };

  async function enqueue<Result extends Reply>(
    request: WolkvoxRequest,
    { operation, deadline, signal }: CallOptions,
    call: () => Promise<Result>,
  ): Promise<Result> {
    signal.throwIfAborted();
    const tag = tags.next(operation);
    admit(tag, deadline);
    tags.take(operation, tag);
    // p-queue frees the slot of a running job if its signal aborts, so this signal ends when the job starts.
    const { controller, unfollow } = followAbort(signal);
    lastId += 1;
    const entry: WaitingCall = {
      id: String(lastId),
      key: requestKey(request),
      operation,
      enteredAt: clock.monotonicMs(),
      tag,
      cancel: (failure) => controller.abort(failure),
    };
    waiting.set(entry.id, entry);
    // p-queue removes the job at once, too. A call that is not in its queue must not be moved.
    controller.signal.addEventListener('abort', () => waiting.delete(entry.id), { once: true });
    try {
      return await queue.add(
        () => {
          waiting.delete(entry.id);
          unfollow();
          if (entry.tag < LAST_TAG) tags.start(entry.tag);
          return estimate.measure(call);
        },
        { id: entry.id, priority: -tag, signal: controller.signal },
      );
    } finally {
      waiting.delete(entry.id);
      unfollow();
    }
  }

  function promote(request: WolkvoxRequest, operation: Operation): boolean {
    const calls = callsFor(request);
    const tag = tags.next(operation);
    for (const call of calls) {
      if (tag >= call.tag) continue;
      move(call, tag);
      tags.take(operation, tag);
    }
    return calls.length > 0;
  }

  function callsFor(request: WolkvoxRequest): WaitingCall[] {
    const key = requestKey(request);
    const calls: WaitingCall[] = [];
    // Thousands of lookups may ask at once, so no copy is made of all waiting calls.
    for (const call of waiting.values()) if (call.key === key) calls.push(call);
    return calls;
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

function describeWaiting(
  calls: readonly WaitingCall[],
  nowMs: number,
): Pick<QueueStatus, 'waitingByPriority' | 'oldestWaitMs'> {
  const wanted = calls.filter(({ tag }) => tag < LAST_TAG);
  const next = new Set(wanted.map(({ operation }) => operation)).size;
  const oldestAt = calls.reduce((oldest, { enteredAt }) => Math.min(oldest, enteredAt), nowMs);
  return {
    waitingByPriority: { next, later: wanted.length - next, background: calls.length - wanted.length },
    oldestWaitMs: Math.round(nowMs - oldestAt),
  };
}

/** Start-time fair queuing over operations. */
interface Tags {
  /** The tag of an operation's next call. */
  next(operation: Operation): number;
  /** The operation has a call with this tag. */
  take(operation: Operation, tag: number): void;
  /** A call with this tag starts. */
  start(tag: number): void;
}

function createTags(): Tags {
  const nextTags = new WeakMap<Operation, number>();
  let lastStartedTag = 0;
  let phase = 0;

  return {
    next: (operation) => Math.max(lastStartedTag + FIRST_STEP, nextTags.get(operation) ?? 0),
    take(operation, tag) {
      if (nextTags.has(operation)) {
        nextTags.set(operation, tag + 1);
        return;
      }
      // Multiples of the golden ratio spread evenly over the interval, however many there are.
      phase = (phase + GOLDEN_RATIO) % 1;
      nextTags.set(operation, tag + 0.5 + phase);
    },
    start(tag) {
      lastStartedTag = tag;
    },
  };
}

function refusal(kind: FailureKind, afterMs: number): LookupFailure {
  return new LookupFailure(kind, { retryAfterSeconds: toRetryAfterSeconds(afterMs) });
}

/** Estimates the duration of a call. */
interface Estimate {
  measure<Result extends Reply>(call: () => Promise<Result>): Promise<Result>;
  /** The mean duration of the latest calls, in milliseconds. */
  meanMs(): number;
}

function createEstimate(clock: Clock): Estimate {
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
