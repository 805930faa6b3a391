import type { CallLayer, Operation } from '../core/answer.js';
import { LookupFailure } from '../core/failure.js';

/**
 * Refuses the calls of an operation beyond `limit`. A call counts for the operation that caused it, from the time when
 * it enters the queue; a call that is not sent does not count. Cached answers and calls of other operations are free. A
 * second attempt counts again.
 */
export function createCallLimit(limit: number): CallLayer {
  const message =
    `This operation causes more than ${limit} calls to Wolkvox (LOOKUPS_PER_OPERATION). ` +
    'Move some of its fields to another operation.';
  // One object for all, because an operation may have thousands of lookups.
  const refusal = new LookupFailure('too-many-lookups', { message });
  const calls = new WeakMap<Operation, number>();
  const count = (operation: Operation): number => calls.get(operation) ?? 0;
  const add = (operation: Operation, number: 1 | -1): WeakMap<Operation, number> =>
    calls.set(operation, count(operation) + number);

  return (next) => ({
    async find(request, options) {
      if (count(options.operation) >= limit) throw refusal;
      add(options.operation, 1);
      try {
        const result = await next.find(request, options);
        if (result.source === 'shared') add(options.operation, -1);
        return result;
      } catch (error) {
        const isCall = error instanceof LookupFailure && error.endsCall;
        if (!isCall) add(options.operation, -1);
        throw error;
      }
    },
  });
}
