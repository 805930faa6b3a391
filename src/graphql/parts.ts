import { setImmediate as nextIteration } from 'node:timers/promises';
import type { TimeSlices } from '../core/time-slices.js';
import { isPromise } from './maybe-promise.js';
import type { RunningOperation } from './operation.js';

/** Items of this size together are resolved in about 20 ms. Smaller parts would need more promises, which cost time. */
const PART_BYTES = 400_000;

/**
 * Returns the items of a list for graphql-js, which resolves a list in one go. The later parts of a long list are
 * promises that wait for their time slices. They reject if the operation has ended, or its deadline has passed.
 *
 * @param itemBytes the size of one item in the response, about
 */
export function inSlices<Item, Result>(
  items: readonly Item[],
  itemBytes: number,
  { slices, running }: { readonly slices: TimeSlices; readonly running: RunningOperation },
  resolve: (item: Item, index: number) => Result | Promise<Result>,
): (Result | Promise<Result>)[] {
  const partLength = Math.max(1, Math.floor(PART_BYTES / itemBytes));
  let part: Promise<void> | undefined;
  const nextPart = async (previous: Promise<void> | undefined): Promise<void> => {
    await previous;
    // The lookups of the previous part start before this one.
    await nextIteration();
    await slices.next();
    running.throwIfEnded();
  };
  return items.map((item, index) => {
    if (index > 0 && index % partLength === 0) part = nextPart(part);
    const result = part === undefined ? resolve(item, index) : part.then(() => resolve(item, index));
    // If one item fails, nothing handles the rejections of the others.
    if (isPromise(result)) result.catch(ignore);
    return result;
  });
}

function ignore(): void {
  // The failure of another item has been reported.
}
