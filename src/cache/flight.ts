import type { Answer } from '../core/answer.js';
import { LookupFailure } from '../core/failure.js';
import { lookupKey, type Lookup } from '../core/lookup.js';

/** How a flight ended. */
export type FlightResult =
  { readonly kind: 'answer'; readonly answer: Answer } | { readonly kind: 'failure'; readonly error: unknown };

/** What a waiter gets: the result of the flight, or a stale answer before it. */
export type WaitOutcome = FlightResult | { readonly kind: 'stale'; readonly answer: Answer };

/** One lookup on its way to Wolkvox, and the callers that wait for it (single flight). */
export interface Flight {
  readonly lookup: Lookup;
  /** Epoch milliseconds. The call of the flight is sent at this time or later. */
  readonly startedAt: number;
  /** Settles when the flight has ended; never rejects. */
  readonly result: Promise<FlightResult>;
  hasEnded(): boolean;
  /** Whether every caller had left at some time. The call is then not sent, or makes no second attempt. */
  isCancelled(): boolean;
  waiters(): number;
  /**
   * Waits for the flight.
   *
   * @param signal ends the wait with a failure; if it was the last waiter, the flight is cancelled
   * @param staleInMs after this time `staleAnswer` is asked; if it has one, the flight goes on without this waiter, and
   *   nothing cancels it any more
   */
  wait(signal: AbortSignal, staleInMs: number, staleAnswer: () => Answer | undefined): Promise<WaitOutcome>;
}

/**
 * The flights under way. A lookup may have several, if a caller needs a later answer than that of a call that is sent.
 */
export interface Flights {
  /** The flights of a lookup, in the order of their starts. */
  underWay(lookup: Lookup): readonly Flight[];
  /** How many callers wait for the flights of a lookup. */
  waiters(lookup: Lookup): number;
  /**
   * @param run gets the answer; its signal aborts when the flight is cancelled, without effect once the call is sent
   */
  start(lookup: Lookup, startedAt: number, run: (signal: AbortSignal) => Promise<Answer>): Flight;
}

export function createFlights(): Flights {
  const flights = new Map<string, readonly Flight[]>();
  const underWay = (lookup: Lookup): Flight[] =>
    (flights.get(lookupKey(lookup)) ?? []).filter((flight) => !flight.hasEnded());
  return {
    underWay,
    waiters: (lookup) => underWay(lookup).reduce((sum, flight) => sum + flight.waiters(), 0),
    start(lookup, startedAt, run) {
      const key = lookupKey(lookup);
      const flight = createFlight(lookup, startedAt, run);
      flights.set(key, [...(flights.get(key) ?? []), flight]);
      void flight.result.then(() => {
        const others = (flights.get(key) ?? []).filter((other) => other !== flight);
        if (others.length > 0) flights.set(key, others);
        else flights.delete(key);
      });
      return flight;
    },
  };
}

function createFlight(lookup: Lookup, startedAt: number, run: (signal: AbortSignal) => Promise<Answer>): Flight {
  const cancelled = new AbortController();
  let waiters = 0;
  let hasEnded = false;
  /** A caller got a stale answer, so the answer of the flight is wanted for the cache. */
  let isForCache = false;
  const result: Promise<FlightResult> = run(cancelled.signal)
    .then(
      (answer): FlightResult => ({ kind: 'answer', answer }),
      (error: unknown): FlightResult => ({ kind: 'failure', error }),
    )
    .finally(() => {
      hasEnded = true;
    });

  return {
    lookup,
    startedAt,
    result,
    hasEnded: () => hasEnded,
    isCancelled: () => cancelled.signal.aborted,
    waiters: () => waiters,
    async wait(signal, staleInMs, staleAnswer) {
      waiters += 1;
      const wait = createWait(signal, staleInMs, staleAnswer);
      try {
        const outcome = await Promise.race([result, wait.outcome]);
        isForCache ||= outcome.kind === 'stale';
        return outcome;
      } finally {
        wait.end();
        waiters -= 1;
        if (waiters === 0 && !hasEnded && !isForCache) cancelled.abort(new LookupFailure('abandoned'));
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
