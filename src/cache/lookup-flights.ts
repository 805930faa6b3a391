import type { Answer, LookupOptions, LookupSource, Operation } from '../core/answer.js';
import { inAllCampaigns, narrowAnswer } from '../core/broader-lookup.js';
import type { Clock } from '../core/clock.js';
import { LookupFailure } from '../core/failure.js';
import type { Lookup } from '../core/lookup.js';
import { createFlights, type Flight, type WaitOutcome } from './flight.js';
import type { MemoryStore } from './memory-store.js';

/**
 * A caller accepts a failure of another caller after so many flights that it joined. Otherwise a crowd of callers would
 * start one flight after the other, while each is refused at once.
 */
const MAX_FAILED_FLIGHTS = 2;

export interface LookupFlightsOptions {
  readonly store: MemoryStore;
  /** Whether a call without a campaign searches all campaigns (assumed of Wolkvox). */
  readonly searchesAllCampaigns: boolean;
  /** The queue in which shared calls wait. */
  readonly queue: {
    promote(lookup: Lookup, operation: Operation): boolean;
    demote(lookup: Lookup): void;
  };
  readonly clock: Clock;
}

/** How a lookup ended that no cache could answer at first. */
export type Found =
  | { readonly kind: 'answer'; readonly answer: Answer; readonly from: 'memory' | 'shared' | 'flight' | 'wolkvox' }
  /** The call has not ended in time. */
  | { readonly kind: 'stale'; readonly answer: Answer }
  | { readonly kind: 'failure'; readonly error: unknown; readonly isRemembered: boolean };

export interface LookupFlights {
  isUnderWay(lookup: Lookup): boolean;
  /**
   * Joins a flight or starts one, until an answer is fresh enough. Each round joins a later call than the one before.
   *
   * @param staleAt when a stale answer is served, on the monotonic clock, in milliseconds
   */
  find(next: LookupSource, lookup: Lookup, lookupOptions: LookupOptions, staleAt: number): Promise<Found>;
}

/**
 * Lets lookups share calls (single flight). A lookup that names a campaign also joins a flight for the same person in
 * all campaigns, and takes its own records out of that answer.
 */
export function createLookupFlights(options: LookupFlightsOptions): LookupFlights {
  const { store, queue, clock } = options;
  const flights = createFlights();
  const broader = (lookup: Lookup): Lookup | undefined =>
    options.searchesAllCampaigns ? inAllCampaigns(lookup) : undefined;

  return {
    isUnderWay: (lookup) => flights.underWay(lookup).length > 0,

    async find(next, lookup, lookupOptions, staleAt) {
      const { minSentAt, signal } = lookupOptions;
      let broaderLookup = broader(lookup);
      for (let failedFlights = 0; ; failedFlights += 1) {
        const cached = findInMemory(store, lookup, minSentAt);
        if (cached !== undefined) return cached;
        if (signal.aborted) return { kind: 'failure', error: signal.reason, isRemembered: false };
        const joined = joinFlight(lookup, lookupOptions) ?? joinFlight(broaderLookup, lookupOptions);
        const flight = joined ?? startFlight(next, lookupToCall(lookup, broaderLookup, lookupOptions), lookupOptions);
        const outcome = await flight.wait(signal, staleAt - clock.monotonicMs(), () =>
          takeStale(flight, lookup, lookupOptions),
        );
        const acceptsFailure = failedFlights >= MAX_FAILED_FLIGHTS;
        const found = conclude(outcome, { lookup, flight, minSentAt, isJoined: joined !== undefined, acceptsFailure });
        if (found === 'narrower') broaderLookup = undefined;
        else if (found !== 'again') return found;
      }
    },
  };

  /** The earliest flight whose answer will be fresh enough. */
  function joinFlight(lookup: Lookup | undefined, { operation, minSentAt }: LookupOptions): Flight | undefined {
    const underWay = lookup === undefined ? [] : flights.underWay(lookup);
    if (lookup === undefined || underWay.length === 0) return undefined;
    const isUnsent = queue.promote(lookup, operation);
    return underWay.find((flight) => flight.startedAt >= minSentAt) ?? (isUnsent ? underWay.at(-1) : undefined);
  }

  /**
   * All campaigns, if the operation names several of them. A broader call that failed, or whose fresh answer is cached
   * but did not answer the lookup, is not made again.
   */
  function lookupToCall(
    lookup: Lookup,
    broaderLookup: Lookup | undefined,
    { mergesCampaigns, minSentAt }: LookupOptions,
  ): Lookup {
    if (broaderLookup === undefined || !mergesCampaigns) return lookup;
    const isUseless = store.failure(broaderLookup) ?? store.answer(broaderLookup, minSentAt);
    return isUseless === undefined ? broaderLookup : lookup;
  }

  function startFlight(next: LookupSource, lookup: Lookup, lookupOptions: LookupOptions): Flight {
    const erasures = store.erasures();
    const startedAt = clock.epochMs();
    const flight = flights.start(lookup, startedAt, (signal) => next.find(lookup, { ...lookupOptions, signal }));
    void flight.result.then((result) => {
      if (erasures !== store.erasures()) return;
      if (result.kind === 'answer') store.putAnswer(lookup, result.answer);
      else if (result.error instanceof LookupFailure) store.putFailure(lookup, result.error, startedAt);
    });
    return flight;
  }

  /** A stale answer for a waiter of a slow flight. */
  function takeStale(flight: Flight, lookup: Lookup, { minStaleSentAt }: LookupOptions): Answer | undefined {
    const stale = store.answer(lookup, minStaleSentAt);
    // The call goes on for the cache. It is not urgent, unless another caller waits.
    if (stale !== undefined && flights.waiters(flight.lookup) === 1) queue.demote(flight.lookup);
    return stale;
  }
}

/** What the cache in memory has for a lookup. */
export function findInMemory(store: MemoryStore, lookup: Lookup, minSentAt: number): Found | undefined {
  const answer = store.answer(lookup, minSentAt);
  if (answer !== undefined) return { kind: 'answer', answer, from: 'memory' };
  const failure = store.failure(lookup, minSentAt);
  return failure === undefined ? undefined : { kind: 'failure', error: failure, isRemembered: true };
}

/** How a caller waited for a flight. */
interface Waited {
  readonly lookup: Lookup;
  readonly flight: Flight;
  readonly minSentAt: number;
  /** Whether another caller started the flight. */
  readonly isJoined: boolean;
  /** Whether the caller starts no further flight. */
  readonly acceptsFailure: boolean;
}

/**
 * What the end of a flight means for one caller. `again`: the caller looks for a later flight. `narrower`: it looks for
 * a flight of its own lookup, because the answer for all campaigns is of no use.
 */
function conclude(outcome: WaitOutcome, waited: Waited): Found | 'again' | 'narrower' {
  const { lookup, flight, minSentAt, isJoined, acceptsFailure } = waited;
  const isBroader = flight.lookup.campaignId !== lookup.campaignId;
  switch (outcome.kind) {
    case 'stale':
      return outcome;
    case 'answer': {
      const answer = isBroader ? narrowAnswer(outcome.answer, lookup) : outcome.answer;
      if (answer === undefined) return 'narrower';
      if (isJoined && answer.sentAt < minSentAt) return 'again';
      return { kind: 'answer', answer, from: isJoined ? 'flight' : answer.source };
    }
    case 'failure':
      if (isBroader && concernsLookup(outcome.error)) return 'narrower';
      if (isJoined && needsOwnFlight(flight, outcome.error)) {
        return acceptsFailure ? { kind: 'failure', error: othersRefused(), isRemembered: false } : 'again';
      }
      return { ...outcome, isRemembered: false };
  }
}

/** The failures of other callers, such as their deadlines, say nothing about this one. */
function othersRefused(): LookupFailure {
  const message = 'The callers whose calls this lookup waited for were refused, or left. Try again.';
  return new LookupFailure('displaced', { message });
}

/** Whether a failure concerns one lookup alone, such as an answer that is too large. */
function concernsLookup(error: unknown): boolean {
  return error instanceof LookupFailure && error.policy.rememberMs !== undefined;
}

/**
 * Whether a caller that joined a failed flight starts its own. A failure of the caller who started the flight says
 * nothing about this one, and a flight that all callers had left makes no second attempt.
 */
function needsOwnFlight(joined: Flight, error: unknown): boolean {
  return error instanceof LookupFailure && (error.policy.isOfCaller === true || joined.isCancelled());
}
