import type { Answer, Freshness, Layer, LookupOptions, LookupSource, Operation, SharedCache } from '../core/answer.js';
import type { Clock } from '../core/clock.js';
import type { Observe } from '../core/events.js';
import { LookupFailure, allowsStale } from '../core/failure.js';
import { lookupKey, type Lookup } from '../core/lookup.js';
import type { Person } from '../core/person.js';
import { createMemoryStore } from './memory-store.js';
import { createFlights, type Flight } from './flight.js';

/**
 * A caller accepts a failure of another caller after so many flights that it joined. Otherwise a crowd of callers would
 * start one flight after the other, while each is refused at once.
 */
const MAX_FAILED_FLIGHTS = 2;

export interface LookupCacheOptions {
  readonly freshness: Freshness;
  /** A stale answer is served this many milliseconds after the start of a lookup, although its call still runs. */
  readonly staleAfterMs: number;
  /** Bound of the cached answers, in bytes. */
  readonly maxBytes: number;
  /** The cache behind memory that replicas share; undefined: there is none. */
  readonly sharedCache?: SharedCache | undefined;
  /** The queue in which shared calls wait. */
  readonly queue: {
    promote(lookup: Lookup, operation: Operation): boolean;
    demote(lookup: Lookup): void;
  };
  readonly clock: Clock;
  readonly observe: Observe;
}

export interface LookupCache {
  readonly layer: Layer;
  /** Drops the answers about a person, or all; returns how many. An answer that is under way is not cached. */
  erase(person?: Person): number;
  state(): { readonly entries: number; readonly bytes: number };
}

/** How a lookup ended. */
type Found =
  | {
      readonly kind: 'answer';
      readonly answer: Answer;
      readonly from: 'memory' | 'shared' | 'flight' | 'wolkvox';
    }
  /** The call has not ended after `staleAfterMs`. */
  | { readonly kind: 'stale'; readonly answer: Answer }
  | { readonly kind: 'failure'; readonly error: unknown; readonly isRemembered: boolean };

/**
 * Caches answers, and lets equal lookups share one call (single flight).
 *
 * - A cached answer is served if its call was sent at or after `minSentAt`.
 * - Otherwise the lookup joins a call that is under way, or starts one. When the call ends, each caller decides for
 *   itself whether the answer is fresh enough; if it is not, the caller looks again.
 * - A stale answer is served if Wolkvox fails (stale-if-error), or has not answered after `staleAfterMs`; the call then
 *   goes on into the cache.
 * - A call is cancelled if every caller leaves before it is sent.
 */
export function createLookupCache(options: LookupCacheOptions): LookupCache {
  const { staleAfterMs, sharedCache, queue, clock, observe } = options;
  const store = createMemoryStore(options);
  const flights = createFlights();
  let erasures = 0;

  return {
    layer: (next) => ({ find: (lookup, lookupOptions) => find(next, lookup, lookupOptions) }),
    erase(person) {
      erasures += 1;
      const entries = store.erase(person);
      observe({ event: 'cache.erased', entries });
      return entries;
    },
    state: () => store.state(),
  };

  async function find(next: LookupSource, lookup: Lookup, lookupOptions: LookupOptions): Promise<Answer> {
    const found = await findFresh(next, lookup, lookupOptions);
    switch (found.kind) {
      case 'answer':
        observe({ event: 'answer.served', from: found.from });
        return found.answer;
      case 'stale':
        observe({ event: 'answer.served', from: 'stale', reason: 'slow' });
        return found.answer;
      case 'failure':
        return staleIfError(found, lookup, lookupOptions);
    }
  }

  /** Looks until an answer is fresh enough. Each round joins a later call than the one before, or starts one. */
  async function findFresh(next: LookupSource, lookup: Lookup, lookupOptions: LookupOptions): Promise<Found> {
    const { minSentAt, signal } = lookupOptions;
    const staleAt = clock.monotonicMs() + staleAfterMs;
    for (let failedFlights = 0; ; failedFlights += 1) {
      const cached = findInMemory(lookup, minSentAt);
      if (cached !== undefined) return cached;
      if (signal.aborted) return { kind: 'failure', error: signal.reason, isRemembered: false };
      const joined = joinFlight(lookup, lookupOptions);
      const flight = joined ?? startFlight(next, lookup, lookupOptions);
      const outcome = await flight.wait(signal, staleAt - clock.monotonicMs(), () => {
        const stale = store.answer(lookup, lookupOptions.minStaleSentAt);
        // The call goes on for the cache. It is not urgent, unless another caller waits.
        if (stale !== undefined && flights.waiters(lookupKey(lookup)) === 1) queue.demote(lookup);
        return stale;
      });
      switch (outcome.kind) {
        case 'stale':
          return outcome;
        case 'answer':
          if (joined !== undefined && outcome.answer.sentAt < minSentAt) continue;
          return { ...outcome, from: joined === undefined ? outcome.answer.source : 'flight' };
        case 'failure':
          if (joined !== undefined && failedFlights < MAX_FAILED_FLIGHTS && needsOwnFlight(joined, outcome.error))
            continue;
          return { ...outcome, isRemembered: false };
      }
    }
  }

  function findInMemory(lookup: Lookup, minSentAt: number): Found | undefined {
    const answer = store.answer(lookup, minSentAt);
    if (answer !== undefined) return { kind: 'answer', answer, from: 'memory' };
    const failure = store.failure(lookup, minSentAt);
    return failure === undefined ? undefined : { kind: 'failure', error: failure, isRemembered: true };
  }

  function staleIfError(
    { error, isRemembered }: Extract<Found, { kind: 'failure' }>,
    lookup: Lookup,
    lookupOptions: LookupOptions,
  ): Answer {
    if (!(error instanceof LookupFailure)) throw error;
    const { code, kind, endsCall } = error;
    const stale = allowsStale(code) ? store.answer(lookup, lookupOptions.minStaleSentAt) : undefined;
    if (stale !== undefined) {
      observe({ event: 'answer.served', from: 'stale', reason: code });
      return stale;
    }
    if (isRemembered || !endsCall) observe({ event: 'lookup.refused', code, reason: kind });
    throw error;
  }

  /** The earliest flight whose answer will be fresh enough. */
  function joinFlight(lookup: Lookup, { operation, minSentAt }: LookupOptions): Flight | undefined {
    const underWay = flights.underWay(lookupKey(lookup));
    if (underWay.length === 0) return undefined;
    const isUnsent = queue.promote(lookup, operation);
    return underWay.find((flight) => flight.startedAt >= minSentAt) ?? (isUnsent ? underWay.at(-1) : undefined);
  }

  function startFlight(next: LookupSource, lookup: Lookup, lookupOptions: LookupOptions): Flight {
    const erasuresBefore = erasures;
    const startedAt = clock.epochMs();
    const flight = flights.start(lookupKey(lookup), startedAt, async (signal) => {
      const shared = await sharedCache?.read(lookup);
      if (shared !== undefined && erasures === erasuresBefore) store.putAnswer(lookup, shared);
      if (shared !== undefined && shared.sentAt >= lookupOptions.minSentAt) return shared;
      return next.find(lookup, { ...lookupOptions, signal });
    });
    void flight.result.then((result) => {
      if (erasures !== erasuresBefore) return;
      if (result.kind === 'answer') store.putAnswer(lookup, result.answer);
      else if (result.error instanceof LookupFailure) store.putFailure(lookup, result.error, startedAt);
    });
    return flight;
  }
}

/**
 * Whether a caller that joined a failed flight starts its own. A failure of the caller who started the flight says
 * nothing about this one, and a flight that all callers had left makes no second attempt.
 */
function needsOwnFlight(joined: Flight, error: unknown): boolean {
  return error instanceof LookupFailure && (error.policy.isOfCaller === true || joined.isCancelled());
}
