import type { LookupFailure } from './failure.js';
import { lookupKey, type Lookup } from './lookup.js';
import type { CampaignRecord } from './record.js';
import type { CallerSpan, SpanContext } from './tracing.js';

/** The facts that every reply has about its call. */
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

/** The sender of an operation, in a form that is safe to log: no name can be a sentence or a phone. */
export interface Caller {
  /** Names the HTTP request of the operation in the log. */
  readonly requestId?: string | undefined;
  /** The name that the client gave itself. Undefined: it gave none that is accepted, or names are not trusted. */
  readonly clientName?: string | undefined;
  /** The name of the operation, as far as the request names it. Undefined: as for `clientName`. */
  readonly operationName?: string | undefined;
  /** The span that its request belongs to. Undefined: it named none. */
  readonly parent?: CallerSpan | undefined;
}

/**
 * One GraphQL operation, or one task of the service itself. Layers compare it by identity, for its queue position and
 * its number of calls.
 */
export interface Operation extends Caller {
  /** Epoch milliseconds. */
  readonly startedAt: number;
  /** Its span. Undefined: it is not traced. */
  readonly trace?: SpanContext | undefined;
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

/** What a caller needs of a call whose reply is shared, as plain values. */
export interface SharedCallOptions extends CallOptions {
  /** The caller accepts a reply whose call was sent at or after this time. Epoch milliseconds. */
  readonly minSentAt: number;
}

/** What a caller needs of a lookup, as plain values. */
export interface LookupOptions extends SharedCallOptions {
  /** If Wolkvox cannot answer, the caller accepts an answer that was sent at or after this time. Epoch milliseconds. */
  readonly minStaleSentAt: number;
  /**
   * Whether one call for all campaigns of the person is better than a call for the lookup's own campaign, because other
   * lookups of the operation name other campaigns of the person.
   */
  readonly mergesCampaigns: boolean;
}

/** The requests whose replies operations and replicas share: records, or the list of the account's campaigns. */
export type SharedRequest = Lookup | 'campaigns';

/** What Wolkvox can be asked for: records, the campaigns, or the account's use of its daily quota. */
export type WolkvoxRequest = SharedRequest | 'quota';

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

/** A layer that requests pass whose replies replicas share. */
export type SharedCallLayer = <Request extends SharedRequest, Options extends SharedCallOptions, Result extends Reply>(
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
export interface SharedCache<Request extends SharedRequest = Lookup, Result extends Reply = Answer> {
  /** @param minSentAt the reply must have been sent at or after this time, in epoch milliseconds; default: any time */
  read(request: Request, minSentAt?: number): Promise<Result | undefined>;
}

/** The cached answers of this process, without waiting. */
export interface RecordCache {
  /**
   * The cached answer to a lookup.
   *
   * @param minSentAt when its call was sent at the earliest, in epoch milliseconds
   */
  answerTo(lookup: Lookup, minSentAt: number, operation: Operation): Answer | undefined;
  /**
   * The latest cached answer that holds a record.
   *
   * @param minSentAt when its call was sent at the earliest, in epoch milliseconds
   * @param failure the failure that a stale answer replaces; undefined: a fresh answer is asked for
   */
  answerWith(fingerprint: string, minSentAt: number, operation: Operation, failure?: LookupFailure): Answer | undefined;
}
