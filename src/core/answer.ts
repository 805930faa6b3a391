import type { Lookup } from './lookup.js';
import type { CampaignRecord } from './record.js';

/** The records that match a lookup. An empty list means that nobody matches. Shared by all callers: never change it. */
export interface Answer {
  readonly records: readonly CampaignRecord[];
  /** When the call to Wolkvox was sent, in epoch milliseconds. The graph shows it as `fetchedAt`. */
  readonly sentAt: number;
  /** Whether this process received it from Wolkvox or from the cache that replicas share. */
  readonly source: 'wolkvox' | 'shared';
}

/** One GraphQL operation. Layers compare it by identity, for its queue position and its number of calls. */
export interface Operation {
  /** Epoch milliseconds. */
  readonly startedAt: number;
}

/** What a caller needs of a lookup, as plain values. */
export interface LookupOptions {
  readonly operation: Operation;
  /** When the caller needs its answer, on the monotonic clock (`Clock.monotonicMs`), in milliseconds. */
  readonly deadline: number;
  /**
   * Ends the lookup; its reason is a LookupFailure. It aborts when no caller waits any more, and below the slots when
   * the slot is lost.
   */
  readonly signal: AbortSignal;
  /** The caller accepts an answer whose call was sent at or after this time. Epoch milliseconds. */
  readonly minSentAt: number;
  /** If Wolkvox cannot answer, the caller accepts an answer that was sent at or after this time. Epoch milliseconds. */
  readonly minStaleSentAt: number;
}

/** Answers lookups. It rejects with a LookupFailure; any other error is a bug. */
export interface LookupSource {
  find(lookup: Lookup, options: LookupOptions): Promise<Answer>;
}

/** One step between the graph and Wolkvox. `service.ts` lists all of them in order. */
export type Layer = (next: LookupSource) => LookupSource;

/** How long an answer is used, in milliseconds from `sentAt`. */
export interface Freshness {
  /** It is fresh for this time. 0: answers are not cached. */
  readonly freshMs: number;
  /** After that it may be served for this time if Wolkvox is slow or fails. */
  readonly staleMs: number;
}

/**
 * The cache that replicas share, behind the memory cache. The replica that makes a call fills it. It never rejects:
 * without Redis it is empty.
 */
export interface SharedCache {
  read(lookup: Lookup): Promise<Answer | undefined>;
}
