import type { Lookup } from './lookup.js';
import type { CampaignRecord } from './record.js';

/**
 * Where records come from. Every capability between the graph and Wolkvox is a RecordSource around a RecordSource.
 *
 * `find` rejects with a LookupFailure, always; anything else is a bug of the source.
 */
export interface RecordSource {
  find(lookup: Lookup, asking: Asking): Promise<Answer>;
}

/** What Wolkvox said. All records fulfil the lookup; an empty list means that nobody does. Shared: never change it. */
export interface Answer {
  readonly records: readonly CampaignRecord[];
  /** When Wolkvox gave it, epoch milliseconds. */
  readonly fetchedAt: number;
}

/** One GraphQL operation, as the sources see it. It lives as long as the operation does. */
export interface Operation {
  /** When the caller must have its response, epoch milliseconds. */
  readonly deadline: number;
  /** Aborts when nobody waits any more; its reason is a LookupFailure. */
  readonly signal: AbortSignal;
  /** Claims one of the calls that the operation may cause; false when none is left. */
  claimCall(): boolean;
}

/** The circumstances of a question. Live: operations join and leave while it is under way. */
export interface Asking {
  /** Who waits for the answer. Equal questions of several operations share one call. */
  readonly operations: ReadonlySet<Operation>;
  /** The latest deadline of those who wait, epoch milliseconds. */
  readonly deadline: number;
  /** Aborts when the last one who waits is gone; its reason is a LookupFailure. */
  readonly signal: AbortSignal;
  /** How old an answer may be, in milliseconds; undefined: as old as counts as fresh. */
  readonly maxAgeMs: number | undefined;
  /** Called by the source that sends the call, at that moment: from then on the answer may miss what changes. */
  onSent(): void;
}

/** The circumstances of a question that one operation asks for itself. */
export function askingOf(operation: Operation, maxAgeMs?: number): Asking {
  return {
    operations: new Set([operation]),
    deadline: operation.deadline,
    signal: operation.signal,
    maxAgeMs,
    onSent() {
      // One operation alone has nobody to tell.
    },
  };
}

/** How long an answer serves, in milliseconds from `fetchedAt`. */
export interface Freshness {
  /** So long it counts as fresh. 0: answers are not kept. */
  readonly freshMs: number;
  /** So long after that it may stand in while Wolkvox cannot answer. */
  readonly staleMs: number;
}

/** Whether a kept answer serves in place of a call. */
export function isFresh(answer: Answer, freshness: Freshness, maxAgeMs: number | undefined, now: number): boolean {
  return Math.max(0, now - answer.fetchedAt) < Math.min(freshness.freshMs, maxAgeMs ?? Infinity);
}

/** Whether a kept answer may stand in now that Wolkvox cannot answer. */
export function mayStandIn(answer: Answer, freshness: Freshness, maxAgeMs: number | undefined, now: number): boolean {
  return Math.max(0, now - answer.fetchedAt) < Math.min(freshness.freshMs + freshness.staleMs, maxAgeMs ?? Infinity);
}
