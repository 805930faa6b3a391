import type { FailureCode } from './failure.js';

/**
 * What the rooms report of their work. The log and the metrics are made of these alone, so nothing personal and no secret can reach
 * them: every field is a number or one of a closed list of words.
 */
export type ServiceEvent =
  /** A question was answered, and by whom. `stale`: a kept answer stood in because of `because`. */
  | { readonly event: 'answer'; readonly from: 'memory' | 'shared' | 'flight' | 'wolkvox' }
  | { readonly event: 'answer'; readonly from: 'stale'; readonly because: FailureCode }
  /** One request to Wolkvox ended. `records` is -1 where it failed. */
  | {
      readonly event: 'call';
      readonly outcome: 'answered' | FailureCode;
      readonly kind: string;
      readonly ms: number;
      readonly records: number;
      readonly httpStatus?: number | undefined;
      /** `code` of the answer's envelope. */
      readonly envelopeCode?: number | undefined;
      /** A system or library code, such as ECONNRESET. */
      readonly networkCode?: string | undefined;
      /** What was wrong with an answer, in our own words. */
      readonly detail?: string | undefined;
    }
  /** A question was turned away or dropped before anything was sent for it. */
  | { readonly event: 'refused'; readonly code: FailureCode; readonly why: RefusalReason }
  | { readonly event: 'retry'; readonly kind: string; readonly delayMs: number }
  | { readonly event: 'circuit'; readonly state: 'open' | 'half-open' | 'closed'; readonly because: string }
  /** The day's count passed a share of the limit, or Wolkvox says that it is used up. */
  | { readonly event: 'budget'; readonly percent: 80 | 95 | 100; readonly spent: number; readonly limit: number }
  | { readonly event: 'quota-refused' }
  | { readonly event: 'count-not-written'; readonly reason: string };

export type RefusalReason =
  'queue-full' | 'wait-too-long' | 'nobody-waits' | 'circuit-open' | 'budget' | 'too-many-lookups';

export type Observe = (event: ServiceEvent) => void;
