import { createLookupCache, type LookupCache } from '../../src/cache/lookup-cache.js';
import type { Answer, LookupOptions, LookupSource, SharedCache } from '../../src/core/answer.js';
import type { Clock } from '../../src/core/clock.js';
import type { ServiceEvent } from '../../src/core/events.js';
import type { Lookup } from '../../src/core/lookup.js';
import {
  createManualClock,
  createManualSource,
  lookupOptions,
  settle,
  type ManualClock,
  type ManualSource,
} from './lookup-source.js';
import { campaignRecord, fingerprintsOf } from './record.js';

export const FRESH_MS = 300_000;
export const STALE_MS = 3_600_000;
export const STALE_AFTER_MS = 3_000;
export const ANA: Lookup = { customerId: '20111222' };
export const BEA: Lookup = { phone: '3001112233' };

/** The calls of the queue are recorded; by default no call waits. */
interface RecordedQueue {
  readonly promoted: Lookup[];
  readonly demoted: Lookup[];
  hasWaitingCall: boolean;
}

/** A lookup cache over calls that the test ends one by one. */
export interface TestCache<TestClock extends Clock> {
  readonly cache: LookupCache;
  readonly clock: TestClock;
  readonly source: ManualSource;
  readonly queue: RecordedQueue;
  readonly events: ServiceEvent[];
  /** Starts a lookup. Its failure is not an unhandled rejection. */
  readonly find: (lookup: Lookup, options?: Partial<LookupOptions>) => Promise<Answer>;
}

interface CacheSettings {
  readonly freshMs?: number;
  readonly maxBytes?: number;
  readonly searchesAllCampaigns?: boolean;
  readonly sharedCache?: SharedCache;
  /** Stands between the cache and the calls. */
  readonly layer?: (next: LookupSource) => LookupSource;
}

/** Default: a clock that stands still, and a cache that searches all campaigns. */
export function createTestCache(settings?: CacheSettings): TestCache<ManualClock>;
export function createTestCache<TestClock extends Clock>(
  settings: CacheSettings,
  clock: TestClock,
): TestCache<TestClock>;
export function createTestCache(settings: CacheSettings = {}, clock: Clock = createManualClock()): TestCache<Clock> {
  const { freshMs = FRESH_MS, maxBytes = 1_000_000, searchesAllCampaigns = true, sharedCache, layer } = settings;
  const source = createManualSource(clock);
  const queue: RecordedQueue = { promoted: [], demoted: [], hasWaitingCall: false };
  const events: ServiceEvent[] = [];
  const cache = createLookupCache({
    freshness: { freshMs, staleMs: STALE_MS },
    staleAfterMs: STALE_AFTER_MS,
    maxBytes,
    searchesAllCampaigns,
    fingerprintsOf,
    sharedCache,
    queue: {
      promote(lookup) {
        queue.promoted.push(lookup);
        return queue.hasWaitingCall;
      },
      demote: (lookup) => queue.demoted.push(lookup),
    },
    clock,
    observe: (event) => events.push(event),
  });
  const top = cache.layer(layer?.(source) ?? source);
  return {
    ...{ cache, clock, source, queue, events },
    find(lookup, options) {
      const answer = top.find(lookup, lookupOptions(clock, options));
      answer.catch(() => undefined);
      return answer;
    },
  };
}

/** Makes the cache hold an answer that was sent now. */
export async function fill({ find, source }: TestCache<Clock>, lookup: Lookup, text = 'cached'): Promise<void> {
  const found = find(lookup, { minSentAt: Infinity });
  await settle();
  await source.call(source.calls.length - 1).answer({ records: [campaignRecord({ customerName: text })] });
  await found;
}
