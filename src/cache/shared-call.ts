import type { Answer } from '../core/answer.js';
import { LookupFailure } from '../core/failure.js';

/** How a call ended. */
export type CallResult =
  { readonly kind: 'answer'; readonly answer: Answer } | { readonly kind: 'failure'; readonly error: unknown };

/** What a waiter gets: the end of the call, or a stale answer before it. */
export type WaitOutcome = CallResult | { readonly kind: 'stale'; readonly answer: Answer };

/** One call, and the callers that wait for it. */
export interface SharedCall {
  /** Epoch milliseconds. The call is sent at this time or later. */
  readonly startedAt: number;
  /** Settles when the call has ended; never rejects. */
  readonly result: Promise<CallResult>;
  hasEnded(): boolean;
  /** Whether every caller had left at some time. The call is then not sent, or makes no second attempt. */
  isCancelled(): boolean;
  waiters(): number;
  /**
   * Waits for the call.
   *
   * @param signal ends the wait with a failure; if it was the last waiter, the call is cancelled unless it is sent
   * @param staleInMs after this time `staleAnswer` is asked; the call goes on
   */
  wait(signal: AbortSignal, staleInMs: number, staleAnswer: () => Answer | undefined): Promise<WaitOutcome>;
}

/**
 * The calls under way. A lookup may have several, if a caller needs a later answer than that of a call which is sent.
 */
export interface SharedCalls {
  /** The calls for a lookup, in the order of their starts. */
  underWay(key: string): readonly SharedCall[];
  start(key: string, startedAt: number, run: (signal: AbortSignal) => Promise<Answer>): SharedCall;
}

export function createSharedCalls(): SharedCalls {
  const calls = new Map<string, readonly SharedCall[]>();
  return {
    underWay: (key) => (calls.get(key) ?? []).filter((call) => !call.hasEnded()),
    start(key, startedAt, run) {
      const call = createSharedCall(startedAt, run);
      calls.set(key, [...(calls.get(key) ?? []), call]);
      void call.result.then(() => {
        const others = (calls.get(key) ?? []).filter((other) => other !== call);
        if (others.length > 0) calls.set(key, others);
        else calls.delete(key);
      });
      return call;
    },
  };
}

/** @param run makes the call; its signal aborts when the call is cancelled, which has no effect once it is sent */
export function createSharedCall(startedAt: number, run: (signal: AbortSignal) => Promise<Answer>): SharedCall {
  const cancelled = new AbortController();
  let waiters = 0;
  let hasEnded = false;
  const result: Promise<CallResult> = run(cancelled.signal)
    .then(
      (answer): CallResult => ({ kind: 'answer', answer }),
      (error: unknown): CallResult => ({ kind: 'failure', error }),
    )
    .finally(() => {
      hasEnded = true;
    });

  return {
    startedAt,
    result,
    hasEnded: () => hasEnded,
    isCancelled: () => cancelled.signal.aborted,
    waiters: () => waiters,
    async wait(signal, staleInMs, staleAnswer) {
      waiters += 1;
      const wait = createWait(signal, staleInMs, staleAnswer);
      try {
        return await Promise.race([result, wait.outcome]);
      } finally {
        wait.end();
        waiters -= 1;
        if (waiters === 0 && signal.aborted) cancelled.abort(new LookupFailure('abandoned'));
      }
    },
  };
}

/** Resolves early: with a failure when the signal aborts, or with a stale answer when the time has come. */
function createWait(
  signal: AbortSignal,
  staleInMs: number,
  staleAnswer: () => Answer | undefined,
): { readonly outcome: Promise<WaitOutcome>; end(): void } {
  let end = (): void => undefined;
  const outcome = new Promise<WaitOutcome>((resolve) => {
    const leave = (): void => resolve({ kind: 'failure', error: signal.reason });
    const timer = setTimeout(
      () => {
        const answer = staleAnswer();
        if (answer !== undefined) resolve({ kind: 'stale', answer });
      },
      Math.max(0, staleInMs),
    );
    end = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', leave);
    };
    if (signal.aborted) leave();
    else signal.addEventListener('abort', leave, { once: true });
  });
  return { outcome, end };
}
