import type { LookupFailure } from './failure.js';
import { lookupKey, type Lookup } from './lookup.js';
import type { CampaignRecord } from './record.js';

/** What every reply of Wolkvox says of its call. */
export interface Reply {
  /** When the call to Wolkvox was sent, in epoch milliseconds. The graph shows it as `fetchedAt`. */
  readonly sentAt: number;
  /** Whether this process received it from Wolkvox or from the cache that replicas share. */
  readonly source: 'wolkvox' | 'shared';
}

/** The records that match a lookup. An empty list means that nobody matches. Shared by all callers: never change it. */
export interface Answer extends Reply {
  readonly records: readonly CampaignRecord[];
}

/**
 * One GraphQL operation, or one task of the service itself. Layers compare it by identity, for its queue position and
 * its number of calls.
 */
export interface Operation {
  /** Epoch milliseconds. */
  readonly startedAt: number;
  /** Names the HTTP request of the operation in the log. */
  readonly requestId?: string | undefined;
}

/** What a call needs of its caller, as plain values. */
export interface CallOptions {
  readonly operation: Operation;
  /** When the caller needs its answer, on the monotonic clock (`Clock.monotonicMs`), in milliseconds. */
  readonly deadline: number;
  /**
   * Ends the request; its reason is a LookupFailure. It aborts when no caller waits any more, and below the slots when
   * the slot is lost.
   */
  readonly signal: AbortSignal;
}

/** What a caller needs of a lookup, as plain values. */
export interface LookupOptions extends CallOptions {
  /** The caller accepts an answer whose call was sent at or after this time. Epoch milliseconds. */
  readonly minSentAt: number;
  /** If Wolkvox cannot answer, the caller accepts an answer that was sent at or after this time. Epoch milliseconds. */
  readonly minStaleSentAt: number;
  /**
   * Whether one call for all campaigns of the person is better than a call for the lookup's own campaign, because other
   * lookups of the operation name other campaigns of the person.
   */
  readonly mergesCampaigns: boolean;
}

/** What Wolkvox can be asked for: records, or the account's use of its daily quota. */
export type WolkvoxRequest = Lookup | 'quota';

/** A text that is equal for equal requests. It may hold personal data, as `lookupKey` does. */
export function requestKey(request: WolkvoxRequest): string {
  return typeof request === 'string' ? request : lookupKey(request);
}

/** Answers requests of one kind. It rejects with a LookupFailure; any other error is a bug. */
export interface Source<Request extends WolkvoxRequest, Options extends CallOptions, Result extends Reply> {
  find(request: Request, options: Options): Promise<Result>;
}

/** Answers lookups. */
export type LookupSource = Source<Lookup, LookupOptions, Answer>;

/** One step between the graph and Wolkvox. `service.ts` lists all of them in order. */
export type Layer = (next: LookupSource) => LookupSource;

/** A layer that requests of every kind pass. */
export type CallLayer = <Request extends WolkvoxRequest, Options extends CallOptions, Result extends Reply>(
  next: Source<Request, Options, Result>,
) => Source<Request, Options, Result>;

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
  /** @param minSentAt the answer must have been sent at or after this time, in epoch milliseconds; default: any time */
  read(lookup: Lookup, minSentAt?: number): Promise<Answer | undefined>;
}

/** The cached answers of this process by their records. */
export interface RecordCache {
  /**
   * The latest cached answer that holds a record.
   *
   * @param minSentAt when its call was sent at the earliest, in epoch milliseconds
   * @param failure the failure that a stale answer replaces; undefined: a fresh answer is asked for
   */
  answerWith(fingerprint: string, minSentAt: number, operation: Operation, failure?: LookupFailure): Answer | undefined;
}
