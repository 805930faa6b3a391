import type { Operation } from '../core/answer.js';

/**
 * An operation's first call comes this much after the call that started last. It is well below 1, so that a small
 * operation waits for a part of the others only, and above 0, so that the others move on meanwhile.
 */
const FIRST_STEP = 0.25;
const GOLDEN_RATIO = (1 + Math.sqrt(5)) / 2;

/**
 * Start-time fair queuing over operations. Each call has a tag, and the lowest tag starts first. An operation's next
 * call gets `max(V + 0.25, its last tag + 1)`, and V is the tag of the call that started last. So an operation's first
 * call waits for at most one call of each other waiting operation, and no operation starves. The second call of each
 * operation gets another distance than 1, between 0.5 and 1.5, so that the calls of operations that began together have
 * different tags. Otherwise a first call would often wait for one call of all of them.
 */
export interface FairTags {
  /** The tag of an operation's next call. */
  next(operation: Operation): number;
  /** The operation has a call with this tag. */
  take(operation: Operation, tag: number): void;
  /** A call with this tag starts. */
  start(tag: number): void;
}

export function createFairTags(): FairTags {
  const nextTags = new WeakMap<Operation, number>();
  let lastStartedTag = 0;
  let phase = 0;

  return {
    next: (operation) => Math.max(lastStartedTag + FIRST_STEP, nextTags.get(operation) ?? 0),
    take(operation, tag) {
      if (nextTags.has(operation)) {
        nextTags.set(operation, tag + 1);
        return;
      }
      // Multiples of the golden ratio spread evenly over the interval, however many there are.
      phase = (phase + GOLDEN_RATIO) % 1;
      nextTags.set(operation, tag + 0.5 + phase);
    },
    start(tag) {
      lastStartedTag = tag;
    },
  };
}
