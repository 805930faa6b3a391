import type { Answer, SharedCache } from '../core/answer.js';
import { lookupKey, type Lookup } from '../core/lookup.js';

/** An answer, and the lookup that it answers. */
export interface SharedAnswer {
  readonly lookup: Lookup;
  readonly answer: Answer;
}

/**
 * Reads what the shared cache has for a lookup: its own answer of any age, and fresh enough answers to broader lookups.
 * Equal reads at the same time share a command.
 */
export function createSharedReader(
  sharedCache: SharedCache,
  broaderLookups: (lookup: Lookup) => readonly Lookup[],
): (lookup: Lookup, minSentAt: number) => Promise<SharedAnswer[]> {
  const reads = new Map<string, Promise<Answer | undefined>>();

  async function read(lookup: Lookup, minSentAt?: number): Promise<SharedAnswer[]> {
    const key = `${minSentAt ?? ''} ${lookupKey(lookup)}`;
    const reading = reads.get(key) ?? sharedCache.read(lookup, minSentAt).finally(() => reads.delete(key));
    reads.set(key, reading);
    const answer = await reading;
    return answer === undefined ? [] : [{ lookup, answer }];
  }

  return async (lookup, minSentAt) => {
    const reading = [read(lookup), ...broaderLookups(lookup).map((broader) => read(broader, minSentAt))];
    return (await Promise.all(reading)).flat();
  };
}
