import type { Operation, Reply, SharedRequest } from '../core/answer.js';
import type { Observe } from '../core/events.js';
import { LookupFailure, allowsStale } from '../core/failure.js';
import type { Flight, WaitOutcome } from './flights.js';

/** How a request was answered. */
export type Found<Result extends Reply> =
  | { readonly kind: 'answer'; readonly answer: Result; readonly from: 'memory' | 'shared' | 'flight' | 'wolkvox' }
  /** The call has not ended in time. */
  | { readonly kind: 'stale'; readonly answer: Result }
  | { readonly kind: 'failure'; readonly error: unknown; readonly isRemembered: boolean };

/**
 * A caller accepts a failure of another caller after this many flights that it joined. Otherwise many callers would
 * start one flight after the other, while each is refused at once.
 */
const MAX_FAILED_FLIGHTS = 2;

/** How a caller waited for a flight. */
export interface Waited {
  readonly flight: Flight<SharedRequest, Reply>;
  /** Whether another caller started the flight. */
  readonly isJoined: boolean;
  /** The caller accepts an answer of the flight that was sent at or after this time. Epoch milliseconds. */
  readonly minSentAt: number;
  readonly signal: AbortSignal;
  /** How many flights it waited for before. */
  readonly earlierFlights: number;
}

/** What the end of a flight means for one caller. Undefined: nothing, so it looks for a later flight. */
export function conclude<Result extends Reply>(
  outcome: WaitOutcome<Result>,
  { flight, isJoined, minSentAt, signal, earlierFlights }: Waited,
): Found<Result> | undefined {
  switch (outcome.kind) {
    case 'stale':
      return outcome;
    case 'answer': {
      const { answer } = outcome;
      if (isJoined && answer.sentAt < minSentAt) return undefined;
      return { kind: 'answer', answer, from: isJoined ? 'flight' : answer.source };
    }
    case 'failure':
      if (!isJoined || !isOfOthers(flight, outcome.error)) return failed(outcome.error);
      // A caller that has left looks once more, and then fails with the reason of its own signal.
      return earlierFlights < MAX_FAILED_FLIGHTS || signal.aborted ? undefined : failed(othersRefused());
  }
}

export function failed(error: unknown): Extract<Found<never>, { kind: 'failure' }> {
  return { kind: 'failure', error, isRemembered: false };
}

/**
 * Whether a failure says nothing about a caller that joined: it concerns the caller who started the flight, or all
 * callers had left, so that no second attempt was made.
 */
function isOfOthers(flight: Waited['flight'], error: unknown): boolean {
  return error instanceof LookupFailure && (error.policy.isOfCaller === true || flight.isCancelled());
}

function othersRefused(): LookupFailure {
  const message = 'The callers whose calls this lookup waited for were refused, or left. Try again.';
  return new LookupFailure('displaced', { message });
}

/**
 * Gives what was found to an operation, and reports it.
 *
 * @param findStale asked for a stale answer if Wolkvox, or the way to it, failed (stale-if-error, RFC 5861)
 * @throws the failure that was found, if no stale answer replaces it
 */
export function serve<Result extends Reply>(
  found: Found<Result>,
  findStale: () => Result | undefined,
  operation: Operation,
  observe: Observe,
): Result {
  switch (found.kind) {
    case 'answer':
      observe({ event: 'answer.served', from: found.from, operation });
      return found.answer;
    case 'stale':
      observe({ event: 'answer.served', from: 'stale', reason: 'slow', operation });
      return found.answer;
    case 'failure':
      return serveStale(found, findStale, operation, observe);
  }
}

function serveStale<Result extends Reply>(
  { error, isRemembered }: Extract<Found<Result>, { kind: 'failure' }>,
  findStale: () => Result | undefined,
  operation: Operation,
  observe: Observe,
): Result {
  if (!(error instanceof LookupFailure)) throw error;
  const { code, kind, endsCall } = error;
  const stale = allowsStale(code) ? findStale() : undefined;
  if (stale !== undefined) {
    observe({ event: 'answer.served', from: 'stale', reason: code, operation });
    return stale;
  }
  if (isRemembered || !endsCall) observe({ event: 'lookup.refused', code, reason: kind, operation });
  throw error;
}
