import { setMaxListeners } from 'node:events';
import type { Operation } from '../core/answer.js';
import type { Clock } from '../core/clock.js';
import { LookupFailure } from '../core/failure.js';

/** An operation from its start to its end. */
export interface RunningOperation {
  readonly operation: Operation;
  /** On the monotonic clock, in milliseconds. */
  readonly deadline: number;
  /** Aborts at the deadline, or at `end`. The reason is a LookupFailure. */
  readonly signal: AbortSignal;
  /** Milliseconds since its start. */
  elapsedMs(): number;
  /** Whether `end` was called. Before the response is sent, it means that the client closed the connection. */
  hasEnded(): boolean;
  /** Ends the operation: its pending lookups are abandoned and its timer is cleared. A second call does nothing. */
  end(): void;
}

/**
 * @param deadlineMs the time that the whole operation may take, in milliseconds
 * @param requestId names its HTTP request in the log
 */
export function startOperation(deadlineMs: number, clock: Clock, requestId?: string): RunningOperation {
  const controller = new AbortController();
  // Each pending lookup listens to the signal, and an operation may have hundreds of them.
  setMaxListeners(0, controller.signal);
  const message =
    `The operation did not finish within its deadline of ${deadlineMs / 1_000} s. ` +
    'Try again: some answers may be cached by then.';
  const timer = setTimeout(() => controller.abort(new LookupFailure('deadline', { message })), deadlineMs).unref();

  const startedAtMs = clock.monotonicMs();
  let hasEnded = false;

  return {
    operation: { startedAt: clock.epochMs(), requestId },
    deadline: startedAtMs + deadlineMs,
    signal: controller.signal,
    elapsedMs: () => Math.round(clock.monotonicMs() - startedAtMs),
    hasEnded: () => hasEnded,
    end() {
      clearTimeout(timer);
      hasEnded = true;
      controller.abort(new LookupFailure('abandoned'));
    },
  };
}
