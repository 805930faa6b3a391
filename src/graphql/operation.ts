import { setMaxListeners } from 'node:events';
import { LookupFailure } from '../records/failure.js';
import type { Operation } from '../records/source.js';

export interface OperationLimits {
  /** One operation in all, waiting included, milliseconds. */
  readonly deadlineMs: number;
  /** Calls that one operation may cause at most. */
  readonly calls: number;
}

/** An operation that is running, with the means to end it. */
export interface RunningOperation extends Operation {
  /** The response is out, or the caller hung up: what still waits for it is dropped, and no timer is left behind. */
  end(): void;
}

export function startOperation(limits: OperationLimits, now: () => number): RunningOperation {
  const controller = new AbortController();
  // Each question that waits listens, and there may be hundreds; they all leave when they are answered.
  setMaxListeners(0, controller.signal);
  let callsLeft = limits.calls;
  const timer = setTimeout(() => {
    controller.abort(
      new LookupFailure('UPSTREAM_TIMEOUT', `No answer within the ${limits.deadlineMs / 1000} s of an operation.`),
    );
  }, limits.deadlineMs).unref();

  return {
    deadline: now() + limits.deadlineMs,
    signal: controller.signal,
    claimCall() {
      if (callsLeft === 0) return false;
      callsLeft -= 1;
      return true;
    },
    end() {
      clearTimeout(timer);
      controller.abort(new LookupFailure('UPSTREAM_TIMEOUT', 'Nobody waits for the answer any more.'));
    },
  };
}
