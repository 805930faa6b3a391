import { setImmediate as nextIteration } from 'node:timers/promises';
import type { TimeSlices } from '../core/time-slices.js';
import { isPromise, type MaybePromise } from './maybe-promise.js';
import type { RunningOperation } from './operation.js';

/**
 * Cuts the work of one operation into parts. They run one after the other, each in a time slice, and the process
 * handles its sockets between them. The size of work is about the number of characters that can be written in its time.
 */
export interface Parts {
  /**
   * Takes room for work in the last part, or in a new one.
   *
   * @returns undefined: the work may start at once; else a promise of the part in which it may start. It rejects if the
   *   operation has ended, or its deadline has passed
   */
  take(size: number): Promise<void> | undefined;
  /** A new part, after all others, in which no other work has room. It rejects as that of `take`. */
  next(): Promise<void>;
}

/** Work of this size takes about 20 ms. Smaller parts would need more promises, which cost time. */
export const PART_SIZE = 400_000;
/** The size of a lookup whose answer is not known. */
export const LOOKUP_SIZE = 4_000;
/** The size of an item of a list for graphql-js, however short its text is. */
const MIN_ITEM_SIZE = 200;

export function createParts(slices: TimeSlices, running: RunningOperation): Parts {
  let room = PART_SIZE;
  /** The last part, if it has not started. */
  let last: Promise<void> | undefined;

  async function startAfter(previous: Promise<void> | undefined): Promise<void> {
    await previous;
    // The lookups of the previous part start before this one.
    await nextIteration();
    await slices.next();
    running.throwIfEnded();
  }

  function open(): Promise<void> {
    const part = startAfter(last);
    const noteStart = (): void => {
      if (last === part) last = undefined;
    };
    part.then(noteStart, ignore);
    last = part;
    room = PART_SIZE;
    return part;
  }

  return {
    take(size) {
      if (size > room) void open();
      room -= size;
      return last;
    },
    next() {
      const part = open();
      room = 0;
      return part;
    },
  };
}

/** Does work at once, or in its part. */
export function afterPart<Result>(
  part: Promise<void> | undefined,
  work: () => MaybePromise<Result>,
): MaybePromise<Result> {
  return part === undefined ? work() : part.then(work);
}

/**
 * Returns the items of a list for graphql-js, which resolves a list in one go. Items of later parts are promises.
 *
 * @param itemSize the size of the work for one item
 */
export function inParts<Item, Result>(
  items: readonly Item[],
  itemSize: number,
  parts: Parts,
  resolve: (item: Item, index: number) => MaybePromise<Result>,
): MaybePromise<Result>[] {
  const size = Math.max(MIN_ITEM_SIZE, itemSize);
  return items.map((item, index) => {
    const result = afterPart(parts.take(size), () => resolve(item, index));
    // If one item fails, nothing handles the rejections of the others.
    if (isPromise(result)) result.catch(ignore);
    return result;
  });
}

function ignore(): void {
  // The failure is reported by what waits for it first.
}
