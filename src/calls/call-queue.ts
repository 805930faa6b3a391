import PQueue from 'p-queue';
import { followAbort } from '../core/abort.js';
import { requestKey } from '../core/answer.js';
import type { CallLayer, CallOptions, Operation, Reply, WolkvoxRequest } from '../core/answer.js';
import type { Clock } from '../core/clock.js';
import { LookupFailure, toRetryAfterSeconds, type FailureKind } from '../core/failure.js';
import type { QueueStatus } from '../core/status.js';
import { createDurationEstimate } from './duration-estimate.js';
import { createFairTags } from './fair-tags.js';

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
 * Orders the calls of all operations, fairly to each of them (`FairTags`), and runs at most `concurrency` at once.
 *
 * A request is refused with `wait-too-long` if its call would start after its deadline, and with `queue-full` if
 * `limit` calls of better or equal priority wait. A better call displaces the worst waiting one. A call whose signal
 * aborts while it waits is never sent.
 */
export function createCallQueue(options: CallQueueOptions): CallQueue {
  const { concurrency, limit, pausedForMs, clock } = options;
  const queue = new PQueue({ concurrency });
  const waiting = new Map<string, WaitingCall>();
  const tags = createFairTags();
  const estimate = createDurationEstimate(clock);
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
          // The tags of later calls follow this one, so a call that was moved to the end does not count.
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

function refusal(kind: FailureKind, afterMs: number): LookupFailure {
  return new LookupFailure(kind, { retryAfterSeconds: toRetryAfterSeconds(afterMs) });
}
