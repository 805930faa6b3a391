import type { Operation } from './answer.js';
import type { ErrorCode, ErrorCounts } from './error-codes.js';
import type { FailureCode, FailureFacts, FailureKind } from './failure.js';

/** The request that an event belongs to. */
interface OfRequest {
  /** The header `x-request-id`, the trace id of `traceparent`, or a random id. */
  readonly requestId?: string | undefined;
}

/** The operation that an event belongs to. The log shows its request and its names. */
interface OfOperation {
  readonly operation?: Operation | undefined;
}

/** Where an answer came from. `flight`: the caller joined a call that was under way. */
export const ANSWER_SOURCES = ['memory', 'shared', 'flight', 'wolkvox', 'stale'] as const;
export type AnswerSource = (typeof ANSWER_SOURCES)[number];

/**
 * What the parts report of their work, for the log and the metrics. Every field is a number, a word of this project or
 * an error code, so no personal data and no secret can reach them. A caller chose its names (`Caller`); they have
 * neither the form of a sentence nor of a phone. `problems` holds keys of the operator's own file. `reason` always says
 * why.
 */
export type ServiceEvent =
  /** The response to an operation has errors. `ms` counts from the start of the operation. */
  | ({
      readonly event: 'operation.failed';
      readonly errors: ErrorCounts;
      readonly ms: number;
      /** As in `Caller`. */
      readonly clientName?: string | undefined;
      /** The name of the operation in its document. Undefined: it has none, or the document was not read. */
      readonly operationName?: string | undefined;
      /** The trace of the operation. Undefined: it is not traced. */
      readonly traceId?: string | undefined;
    } & OfRequest)
  /** A request to another address than that of the graph, or one that is not HTTP, got an error. */
  | ({ readonly event: 'request.refused'; readonly code: ErrorCode; readonly httpStatus: number } & OfRequest)
  /** A request was refused, because it has no known secret of that kind, or names an unknown host. */
  | ({
      readonly event: 'request.unauthenticated';
      readonly reason: 'router-secret' | 'metrics-token' | 'host';
    } & OfRequest)
  /** A lookup was answered, or an operation got the list of campaigns. */
  | ({ readonly event: 'answer.served'; readonly from: Exclude<AnswerSource, 'stale'> } & OfOperation)
  /** A stale answer was served because of `reason`; `slow`: Wolkvox has not answered for STALE_AFTER_MS. */
  | ({ readonly event: 'answer.served'; readonly from: 'stale'; readonly reason: FailureCode | 'slow' } & OfOperation)
  /** A lookup failed without a call of its own. */
  | ({ readonly event: 'lookup.refused'; readonly code: FailureCode; readonly reason: FailureKind } & OfOperation)
  /** The calls have the operation that caused them. Other operations may share them. */
  | ({ readonly event: 'call.answered'; readonly ms: number; readonly records: number } & OfOperation)
  | ({
      readonly event: 'call.failed';
      readonly code: FailureCode;
      readonly reason: FailureKind;
      readonly ms: number;
    } & FailureFacts &
      OfOperation)
  | ({ readonly event: 'call.retried'; readonly reason: FailureKind; readonly delayMs: number } & OfOperation)
  | { readonly event: 'calls.paused'; readonly reason: FailureKind; readonly ms: number }
  | { readonly event: 'circuit.opened'; readonly reason: FailureKind; readonly ms: number }
  | { readonly event: 'circuit.probing' }
  | { readonly event: 'circuit.closed' }
  /** The day's count passed a share of the limit. */
  | { readonly event: 'quota.warning'; readonly percent: 80 | 95 | 100; readonly used: number; readonly limit: number }
  /** Wolkvox says that the day's calls are used up; the next check is made after `ms`. */
  | { readonly event: 'quota.exhausted'; readonly ms: number }
  /** Wolkvox reported the account's figures. `used` and `limit` are those that count from now on. */
  | { readonly event: 'quota.synced'; readonly used: number; readonly limit: number | undefined }
  /** `no-figures`: Wolkvox answered, but reported neither a limit nor a use. */
  | { readonly event: 'quota.sync-failed'; readonly reason: FailureKind | 'no-figures' }
  | { readonly event: 'quota.write-failed'; readonly reason: string }
  | { readonly event: 'redis.up' }
  | { readonly event: 'redis.down'; readonly reason: string }
  /** Redis refuses a command, for example because of the user's rights. Reported once per command. */
  | { readonly event: 'redis.command-refused'; readonly command: string; readonly reason: string }
  /** A call was aborted because Redis no longer confirms its slot. */
  | { readonly event: 'slot.lost'; readonly reason: 'taken' | 'not-renewed' }
  | { readonly event: 'cache.erased'; readonly entries: number }
  /** CAMPAIGNS_FILE was read. `campaigns` have an entry of their own. */
  | { readonly event: 'labels.loaded'; readonly campaigns: number }
  /** A new version of CAMPAIGNS_FILE is wrong. Each problem names keys of the file, and no value. */
  | { readonly event: 'labels.rejected'; readonly problems: readonly string[] }
  /** Spans could not be sent, and were dropped. The next losses are not reported until spans were sent again. */
  | {
      readonly event: 'traces.lost';
      readonly reason: 'refused' | 'unreachable' | 'queue-full';
      readonly httpStatus?: number | undefined;
      readonly networkCode?: string | undefined;
    }
  /** Spans were sent, for the first time or for the first time after a loss. */
  | { readonly event: 'traces.sent' };

export type Observe = (event: ServiceEvent) => void;
