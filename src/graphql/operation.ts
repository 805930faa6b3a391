import type { Caller, Operation } from '../core/answer.js';
import type { Clock } from '../core/clock.js';
import { LookupFailure } from '../core/failure.js';
import type { SpanContext } from '../core/tracing.js';

/** An operation from its start to its end. */
export interface RunningOperation {
  readonly operation: Operation;
  /** On the monotonic clock, in milliseconds. */
  readonly deadline: number;
  /**
   * A signal that aborts at the deadline, or at `end`. The reason is a LookupFailure. The signal and its timer are made
   * at the first call, because an operation needs them only if it waits for something.
   */
  signal(): AbortSignal;
  /** @throws LookupFailure `deadline` or `abandoned`, as the reason of the signal */
  throwIfEnded(): void;
  /** Milliseconds since its start. */
  elapsedMs(): number;
  /** Whether `end` was called. Before the response is sent, it means that the client closed the connection. */
  hasEnded(): boolean;
  /** Ends the operation: its pending lookups are abandoned and its timer is cleared. A second call does nothing. */
  end(): void;
}

/**
 * @param deadlineMs the time that the whole operation may take, in milliseconds
 * @param caller who asks
 * @param trace its span; undefined: it is not traced
 */
export function startOperation(
  deadlineMs: number,
  clock: Clock,
  caller: Caller = {},
  trace?: SpanContext,
): RunningOperation {
  const startedAtMs = clock.monotonicMs();
  const deadline = startedAtMs + deadlineMs;
  let controller: AbortController | undefined;
  let timer: NodeJS.Timeout | undefined;
  let hasEnded = false;

  function createController(): AbortController {
    const created = new AbortController();
    const remainingMs = deadline - clock.monotonicMs();
    if (hasEnded) created.abort(new LookupFailure('abandoned'));
    else timer = setTimeout(() => created.abort(deadlinePassed(deadlineMs)), Math.max(0, remainingMs)).unref();
    return created;
  }

  return {
    operation: { startedAt: clock.epochMs(), ...caller, trace },
    deadline,
    signal() {
      controller ??= createController();
      return controller.signal;
    },
    throwIfEnded() {
      controller?.signal.throwIfAborted();
      if (hasEnded) throw new LookupFailure('abandoned');
      if (clock.monotonicMs() >= deadline) throw deadlinePassed(deadlineMs);
    },
    elapsedMs: () => Math.round(clock.monotonicMs() - startedAtMs),
    hasEnded: () => hasEnded,
    end() {
      if (hasEnded) return;
      hasEnded = true;
      clearTimeout(timer);
      controller?.abort(new LookupFailure('abandoned'));
    },
  };
}

function deadlinePassed(deadlineMs: number): LookupFailure {
  const message =
    `The operation did not finish within its deadline of ${deadlineMs / 1_000} s. ` +
    'Try again: some answers may be cached by then.';
  return new LookupFailure('deadline', { message });
}
