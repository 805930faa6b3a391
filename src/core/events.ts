import type { FailureCode, FailureFacts, FailureKind } from './failure.js';

/**
 * What the layers report of their work, for the log and the metrics. Every field is a number, a word of this project or
 * an error code, so no personal data and no secret can reach them. `reason` always says why.
 */
export type ServiceEvent =
  /** A lookup was answered. `from` says how: `flight` means that the caller joined a call that was under way. */
  | { readonly event: 'answer.served'; readonly from: 'memory' | 'shared' | 'flight' | 'wolkvox' }
  /** A stale answer was served because of `reason`; `slow`: Wolkvox has not answered for STALE_AFTER_MS. */
  | { readonly event: 'answer.served'; readonly from: 'stale'; readonly reason: FailureCode | 'slow' }
  /** A lookup failed without a call of its own. */
  | { readonly event: 'lookup.refused'; readonly code: FailureCode; readonly reason: FailureKind }
  | { readonly event: 'call.answered'; readonly ms: number; readonly records: number }
  | ({
      readonly event: 'call.failed';
      readonly code: FailureCode;
      readonly reason: FailureKind;
      readonly ms: number;
    } & FailureFacts)
  | { readonly event: 'call.retried'; readonly reason: FailureKind; readonly delayMs: number }
  | { readonly event: 'calls.paused'; readonly reason: FailureKind; readonly ms: number }
  | { readonly event: 'circuit.opened'; readonly reason: FailureKind; readonly ms: number }
  | { readonly event: 'circuit.probing' }
  | { readonly event: 'circuit.closed' }
  /** The day's count passed a share of the limit. */
  | { readonly event: 'quota.warning'; readonly percent: 80 | 95 | 100; readonly used: number; readonly limit: number }
  /** Wolkvox says that the day's calls are used up; the next check is made after `ms`. */
  | { readonly event: 'quota.exhausted'; readonly ms: number }
  | { readonly event: 'quota.write-failed'; readonly reason: string }
  | { readonly event: 'redis.up' }
  | { readonly event: 'redis.down'; readonly reason: string }
  /** Redis refuses a command, for example because of the user's rights. Reported once per command. */
  | { readonly event: 'redis.command-refused'; readonly command: string; readonly reason: string }
  /** A call was aborted because Redis no longer confirms its slot. */
  | { readonly event: 'slot.lost'; readonly reason: 'taken' | 'not-renewed' }
  | { readonly event: 'cache.erased'; readonly entries: number };

export type Observe = (event: ServiceEvent) => void;
