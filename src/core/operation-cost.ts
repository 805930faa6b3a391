import type { Operation } from './answer.js';

/** What an operation has cost, for `extensions.wolkvox`. Plain JSON. */
export interface OperationCost {
  /** Calls that were sent to Wolkvox for the operation. A second attempt is a call of its own. */
  readonly calls: number;
  /** Answers from the cache, in memory or in Redis. */
  readonly answersFromCache: number;
  /** Answers of calls that were under way for another lookup, of this operation or of another one. */
  readonly sharedAnswers: number;
  /** Stale answers: Wolkvox was slow, or failed. */
  readonly staleAnswers: number;
  /** Milliseconds in which at least one lookup of the operation waited for its answer: in the queue or for its call. */
  readonly waitedMs: number;
  /** Calls that the account has left today; undefined: they are not limited. */
  readonly callsLeftToday: number | undefined;
}

/** The costs of the operations whose callers ask for them. An operation that is not tracked costs no work. */
export interface OperationCosts {
  /** Counts from now on. To be called before the first lookup of the operation. */
  track(operation: Operation): void;
  /** What a tracked operation has cost until now. Undefined: it is not tracked. */
  read(operation: Operation): OperationCost | undefined;
}
