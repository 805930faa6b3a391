import type { Answer, LookupOptions, SharedCache } from '../core/answer.js';
import { lookupKey, type Lookup } from '../core/lookup.js';

/** An answer, and the lookup that it answers. */
export interface SharedAnswer {
  readonly lookup: Lookup;
  readonly answer: Answer;
}

/** The oldest answers that a caller accepts, in epoch milliseconds. */
type ReadTimes = Pick<LookupOptions, 'minSentAt' | 'minStaleSentAt'>;

/**
 * Reads what the shared cache has for a lookup: its own answer of any age, an answer for all campaigns that is not
 * older than `minStaleSentAt`, and one for the whole campaign that is fresh. Stale answers for whole campaigns are too
 * large to be read each time. Equal reads at the same time share a command, unless an erasure lies between them.
 */
export function createSharedReader(
  sharedCache: SharedCache,
  broaderLookups: (lookup: Lookup) => readonly Lookup[],
): (lookup: Lookup, times: ReadTimes, erasures: number) => Promise<SharedAnswer[]> {
  const reads = new Map<string, Promise<Answer | undefined>>();

  async function read(erasures: number, lookup: Lookup, minSentAt?: number): Promise<SharedAnswer[]> {
    const key = `${erasures} ${minSentAt ?? ''} ${lookupKey(lookup)}`;
    const reading = reads.get(key) ?? sharedCache.read(lookup, minSentAt).finally(() => reads.delete(key));
    reads.set(key, reading);
    const answer = await reading;
    return answer === undefined ? [] : [{ lookup, answer }];
  }

  return async (lookup, { minSentAt, minStaleSentAt }, erasures) => {
    const reading = [
      read(erasures, lookup),
      ...broaderLookups(lookup).map((broader) =>
        read(erasures, broader, isWholeCampaign(broader) ? minSentAt : minStaleSentAt),
      ),
    ];
    return (await Promise.all(reading)).flat();
  };
}

function isWholeCampaign({ phone, customerId }: Lookup): boolean {
  return phone === undefined && customerId === undefined;
}
