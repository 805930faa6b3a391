import { onAbort } from '../core/abort.js';
import { requestKey, type Operation, type Reply, type SharedRequest } from '../core/answer.js';
import type { Clock } from '../core/clock.js';
import { LookupFailure } from '../core/failure.js';

/** The queue in which shared calls wait. */
export interface FlightQueue<Request extends SharedRequest> {
  promote(request: Request, operation: Operation): boolean;
  demote(request: Request): void;
}

/** How a flight ended. */
type FlightResult<Result> =
  { readonly kind: 'answer'; readonly answer: Result } | { readonly kind: 'failure'; readonly error: unknown };

/** What a waiter gets: the result of the flight, or a stale answer before it. */
export type WaitOutcome<Result> = FlightResult<Result> | { readonly kind: 'stale'; readonly answer: Result };

/** One request on its way to Wolkvox, and the callers that wait for it (single flight). */
export interface Flight<Request extends SharedRequest, Result extends Reply> {
  readonly request: Request;
  /** Epoch milliseconds. The call of the flight is sent at this time or later. */
  readonly startedAt: number;
  /** Settles when the flight has ended; never rejects. */
  readonly result: Promise<FlightResult<Result>>;
  hasEnded(): boolean;
  /** Whether every caller had left at some time. The call is then not sent, or makes no second attempt. */
  isCancelled(): boolean;
  waiters(): number;
  /**
   * Waits for the flight. To be called before it has ended.
   *
   * @param signal ends the wait with a failure; if it was the last waiter, the flight is cancelled
   * @param staleAt at this time `staleAnswer` is asked; if it has one, the flight goes on without this waiter, and
   *   nothing cancels it any more. On the monotonic clock, in milliseconds
   */
  wait(signal: AbortSignal, staleAt: number, staleAnswer: () => Result | undefined): Promise<WaitOutcome<Result>>;
}

/**
 * The flights under way. A request may have several, if a caller needs a later answer than that of a call that is sent.
 */
export interface Flights<Request extends SharedRequest, Result extends Reply> {
  isUnderWay(request: Request): boolean;
  /**
   * The earliest flight whose answer will be fresh enough. Its call moves up in the queue, if the operation has a
   * better position there.
   *
   * @param minSentAt the caller accepts an answer that is sent at or after this time, in epoch milliseconds
   */
  join(request: Request, operation: Operation, minSentAt: number): Flight<Request, Result> | undefined;
  /**
   * @param run gets the answer; its signal aborts when the flight is cancelled, without effect once the call is sent
   */
  start(request: Request, run: (signal: AbortSignal) => Promise<Result>): Flight<Request, Result>;
}

export function createFlights<Request extends SharedRequest, Result extends Reply>(
  queue: FlightQueue<Request>,
  clock: Clock,
): Flights<Request, Result> {
  const flights = new Map<string, readonly Flight<Request, Result>[]>();
  const underWay = (request: Request): Flight<Request, Result>[] =>
    (flights.get(requestKey(request)) ?? []).filter((flight) => !flight.hasEnded());

  /** A waiter, still counted, leaves with a stale answer. The call is then not urgent, unless another one waits. */
  function onStale(request: Request): void {
    const waiters = underWay(request).reduce((sum, flight) => sum + flight.waiters(), 0);
    if (waiters === 1) queue.demote(request);
  }

  return {
    isUnderWay: (request) => underWay(request).length > 0,
    join(request, operation, minSentAt) {
      const joinable = underWay(request);
      if (joinable.length === 0) return undefined;
      const isUnsent = queue.promote(request, operation);
      // A call that still waits will be sent later than any `minSentAt`. Only the latest flight can have one.
      return joinable.find(({ startedAt }) => startedAt >= minSentAt) ?? (isUnsent ? joinable.at(-1) : undefined);
    },
    start(request, run) {
      const key = requestKey(request);
      const flight = createFlight<Request, Result>(request, run, clock, () => onStale(request));
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

/** @param onStale called when a waiter gets a stale answer, before it stops waiting */
function createFlight<Request extends SharedRequest, Result extends Reply>(
  request: Request,
  run: (signal: AbortSignal) => Promise<Result>,
  clock: Clock,
  onStale: () => void,
): Flight<Request, Result> {
  const cancelled = new AbortController();
  const startedAt = clock.epochMs();
  /** A function for each waiter that ends its wait. */
  const ends = new Set<(outcome: WaitOutcome<Result>) => void>();
  let hasEnded = false;
  /** A caller got a stale answer, so the answer of the flight is wanted for the cache. */
  let isForCache = false;
  const result: Promise<FlightResult<Result>> = run(cancelled.signal)
    .then(
      (answer): FlightResult<Result> => ({ kind: 'answer', answer }),
      (error: unknown): FlightResult<Result> => ({ kind: 'failure', error }),
    )
    .finally(() => {
      hasEnded = true;
    });
  void result.then((outcome) => ends.forEach((end) => end(outcome)));

  return {
    ...{ request, startedAt, result },
    hasEnded: () => hasEnded,
    isCancelled: () => cancelled.signal.aborted,
    waiters: () => ends.size,
    wait(signal, staleAt, staleAnswer) {
      return new Promise((resolve) => {
        let cancel = (): void => undefined;
        const end = (outcome: WaitOutcome<Result>): void => {
          if (!ends.delete(end)) return;
          clearTimeout(timer);
          cancel();
          if (ends.size === 0 && !hasEnded && !isForCache) cancelled.abort(new LookupFailure('abandoned'));
          resolve(outcome);
        };
        const serveStale = (): void => {
          const answer = staleAnswer();
          if (answer === undefined) return;
          isForCache = true;
          onStale();
          end({ kind: 'stale', answer });
        };
        ends.add(end);
        const timer = setTimeout(serveStale, Math.max(0, staleAt - clock.monotonicMs()));
        cancel = onAbort(signal, () => end({ kind: 'failure', error: signal.reason }));
      });
    },
  };
}
