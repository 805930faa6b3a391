import type {
  Answer,
  Freshness,
  Layer,
  LookupOptions,
  LookupSource,
  RecordCache,
  SharedCache,
} from '../core/answer.js';
import { inAllCampaigns, inWholeCampaign } from '../core/broader-lookup.js';
import type { Clock } from '../core/clock.js';
import type { Observe } from '../core/events.js';
import type { Lookup } from '../core/lookup.js';
import type { Person } from '../core/person.js';
import { serve, type Found } from './found.js';
import { createLookupFlights, findInMemory, type LookupFlightsOptions } from './lookup-flights.js';
import { createMemoryStore } from './memory-store.js';
import { createSharedReader } from './shared-reader.js';

export interface LookupCacheOptions {
  readonly freshness: Freshness;
  /** A stale answer is served this many milliseconds after the start of a lookup, although its call still runs. */
  readonly staleAfterMs: number;
  /** Bound of the cached answers, in bytes. */
  readonly maxBytes: number;
  /**
   * Whether a call without a campaign searches all campaigns (assumed of Wolkvox). If not, an answer to such a call
   * never answers a lookup that names a campaign.
   */
  readonly searchesAllCampaigns: boolean;
  /** A text for each record of an answer, equal for the same record of different answers. */
  readonly fingerprintsOf: (answer: Answer) => readonly string[];
  /** The cache behind memory that replicas share; undefined: there is none. */
  readonly sharedCache?: SharedCache | undefined;
  readonly queue: LookupFlightsOptions['queue'];
  readonly clock: Clock;
  readonly observe: Observe;
}

export interface LookupCache extends RecordCache {
  readonly layer: Layer;
  /** Whether an answer is in the cache. One that was erased while its call ran is not. */
  has(answer: Answer): boolean;
  /** Drops the answers about a person, or all; returns how many. An answer that is under way is not cached. */
  erase(person?: Person): number;
  state(): { readonly entries: number; readonly bytes: number };
}

/**
 * Caches answers, and lets lookups share calls.
 *
 * - A cached answer is served if its call was sent at or after `minSentAt`. It may be a part of the answer to a broader
 *   lookup: the same person in all campaigns, or the whole campaign of a customer.
 * - Otherwise the lookup joins a call that is under way, or starts one (single flight). When the call ends, each caller
 *   decides for itself whether the answer is fresh enough; if it is not, the caller looks again.
 * - A stale answer is served if Wolkvox fails (stale-if-error), or has not answered after `staleAfterMs`; the call then
 *   goes on into the cache.
 * - A call is cancelled if every caller leaves before it is sent.
 */
export function createLookupCache(options: LookupCacheOptions): LookupCache {
  const { staleAfterMs, searchesAllCampaigns, sharedCache, clock, observe } = options;
  const broaderLookups = (lookup: Lookup): Lookup[] => {
    const broader = [searchesAllCampaigns ? inAllCampaigns(lookup) : undefined, inWholeCampaign(lookup)];
    return broader.filter((each) => each !== undefined);
  };
  const store = createMemoryStore({ ...options, broaderLookups });
  const flights = createLookupFlights({ ...options, store });
  const readShared = sharedCache && createSharedReader(sharedCache, broaderLookups);

  return {
    layer: (next) => ({ find: (lookup, lookupOptions) => find(next, lookup, lookupOptions) }),
    answerTo(lookup, minSentAt, operation) {
      const answer = store.answer(lookup, minSentAt);
      if (answer !== undefined) observe({ event: 'answer.served', from: 'memory', operation });
      return answer;
    },
    answerWith(fingerprint, minSentAt, operation, failure) {
      const answer = store.answerWith(fingerprint, minSentAt);
      if (answer === undefined) return undefined;
      if (failure === undefined) observe({ event: 'answer.served', from: 'memory', operation });
      else observe({ event: 'answer.served', from: 'stale', reason: failure.code, operation });
      return answer;
    },
    has: (answer) => store.has(answer),
    erase(person) {
      const entries = store.erase(person);
      observe({ event: 'cache.erased', entries });
      return entries;
    },
    state: () => store.state(),
  };

  async function find(next: LookupSource, lookup: Lookup, lookupOptions: LookupOptions): Promise<Answer> {
    const staleAt = clock.monotonicMs() + staleAfterMs;
    const found =
      findInMemory(store, lookup, lookupOptions.minSentAt) ??
      (flights.isUnderWay(lookup) ? undefined : await findShared(lookup, lookupOptions)) ??
      (await flights.find(next, lookup, lookupOptions, staleAt));
    return serve(found, () => store.answer(lookup, lookupOptions.minStaleSentAt), lookupOptions.operation, observe);
  }

  /** Copies what the shared cache has for a lookup to memory, and looks there. */
  async function findShared(lookup: Lookup, lookupOptions: LookupOptions): Promise<Found<Answer> | undefined> {
    if (readShared === undefined) return undefined;
    const erasures = store.erasures();
    const shared = await readShared(lookup, lookupOptions, erasures);
    if (erasures !== store.erasures()) return undefined;
    for (const { lookup: answered, answer } of shared) store.putAnswer(answered, answer);
    const answer = store.answer(lookup, lookupOptions.minSentAt);
    return answer === undefined ? undefined : { kind: 'answer', answer, from: 'shared' };
  }
}
