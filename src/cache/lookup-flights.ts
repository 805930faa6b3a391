import type { Answer, LookupOptions, LookupSource } from '../core/answer.js';
import { inAllCampaigns, narrowAnswer } from '../core/broader-lookup.js';
import type { Clock } from '../core/clock.js';
import { LookupFailure } from '../core/failure.js';
import type { Lookup } from '../core/lookup.js';
import { createFlights, type Flight, type FlightQueue, type WaitOutcome } from './flights.js';
import { conclude, failed, type Found } from './found.js';
import type { MemoryStore } from './memory-store.js';

export interface LookupFlightsOptions {
  readonly store: MemoryStore;
  /** Whether a call without a campaign searches all campaigns (assumed of Wolkvox). */
  readonly searchesAllCampaigns: boolean;
  readonly queue: FlightQueue<Lookup>;
  readonly clock: Clock;
}

export interface LookupFlights {
  isUnderWay(lookup: Lookup): boolean;
  /**
   * Joins a flight or starts one, until an answer is fresh enough. Each round joins a later call than the one before.
   *
   * @param staleAt when a stale answer is served, on the monotonic clock, in milliseconds
   */
  find(next: LookupSource, lookup: Lookup, lookupOptions: LookupOptions, staleAt: number): Promise<Found<Answer>>;
}

type LookupFlight = Flight<Lookup, Answer>;

/**
 * Lets lookups share calls (single flight). A lookup that names a campaign also joins a flight for the same person in
 * all campaigns, and takes its own records out of that answer.
 */
export function createLookupFlights(options: LookupFlightsOptions): LookupFlights {
  const { store, queue, clock } = options;
  const flights = createFlights<Lookup, Answer>(queue, clock);

  return {
    isUnderWay: (lookup) => flights.isUnderWay(lookup),

    async find(next, lookup, lookupOptions, staleAt) {
      const { operation, minSentAt, minStaleSentAt, signal } = lookupOptions;
      let broaderLookup = options.searchesAllCampaigns ? inAllCampaigns(lookup) : undefined;
      for (let earlierFlights = 0; ; earlierFlights += 1) {
        const cached = findInMemory(store, lookup, minSentAt);
        if (cached !== undefined) return cached;
        if (signal.aborted) return failed(signal.reason);
        const joined =
          flights.join(lookup, operation, minSentAt) ??
          (broaderLookup && flights.join(broaderLookup, operation, minSentAt));
        const flight = joined ?? startFlight(next, lookupToCall(lookup, broaderLookup, lookupOptions), lookupOptions);
        const ended = await flight.wait(signal, staleAt, () => store.answer(lookup, minStaleSentAt));
        const outcome = narrow(ended, flight, lookup);
        if (outcome === undefined) broaderLookup = undefined;
        const isJoined = joined !== undefined;
        const found = outcome && conclude(outcome, { flight, isJoined, minSentAt, signal, earlierFlights });
        if (found !== undefined) return found;
      }
    },
  };

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
    const known = store.failure(broaderLookup) ?? store.answer(broaderLookup, minSentAt);
    return known === undefined ? broaderLookup : lookup;
  }

  function startFlight(next: LookupSource, lookup: Lookup, lookupOptions: LookupOptions): LookupFlight {
    const erasures = store.erasures();
    const startedAt = clock.epochMs();
    // The result is stored before the flight ends, so that a caller finds one or the other.
    return flights.start(lookup, async (signal) => {
      try {
        const answer = await next.find(lookup, { ...lookupOptions, signal });
        if (erasures === store.erasures()) store.putAnswer(lookup, answer);
        return answer;
      } catch (error) {
        const isUseful = error instanceof LookupFailure && erasures === store.erasures();
        if (isUseful) store.putFailure(lookup, error, startedAt);
        throw error;
      }
    });
  }
}

/** What the cache in memory has for a lookup. */
export function findInMemory(store: MemoryStore, lookup: Lookup, minSentAt: number): Found<Answer> | undefined {
  const answer = store.answer(lookup, minSentAt);
  if (answer !== undefined) return { kind: 'answer', answer, from: 'memory' };
  const failure = store.failure(lookup, minSentAt);
  return failure === undefined ? undefined : { kind: 'failure', error: failure, isRemembered: true };
}

/**
 * What the end of a flight says of a lookup that waited for it. Undefined: the flight was for all campaigns, and its
 * end is of no use to the lookup, which needs a flight of its own.
 */
function narrow(
  outcome: WaitOutcome<Answer>,
  { request }: LookupFlight,
  lookup: Lookup,
): WaitOutcome<Answer> | undefined {
  if (request.campaignId === lookup.campaignId || outcome.kind === 'stale') return outcome;
  if (outcome.kind === 'failure') return concernsRequest(outcome.error) ? undefined : outcome;
  const answer = narrowAnswer(outcome.answer, lookup);
  return answer && { kind: 'answer', answer };
}

/** Whether a failure concerns one request alone, such as an answer that is too large. */
function concernsRequest(error: unknown): boolean {
  return error instanceof LookupFailure && error.policy.rememberMs !== undefined;
}
