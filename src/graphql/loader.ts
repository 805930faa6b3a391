import DataLoader from 'dataloader';
import { LookupFailure } from '../records/failure.js';
import { lookupKey, readLookup, type Criteria, type Lookup } from '../records/lookup.js';
import type { CampaignRecord } from '../records/record.js';
import { askingOf, type Answer, type Operation, type RecordSource } from '../records/source.js';

/** A record as the graph hands it on: with the answer it came in. One object for each operation; federation writes on it. */
export interface FoundRecord {
  readonly record: CampaignRecord;
  readonly answer: Answer;
  readonly index: number;
}
export interface CustomerKey {
  readonly customerId: string;
}
export interface CampaignKey {
  readonly campaignId: string;
}

/** What a field asks for. Seconds, as the graph has them. */
export interface Wanted extends Criteria {
  readonly maxAge?: number | null | undefined;
}

interface Question {
  readonly lookup: Lookup;
  readonly maxAgeMs: number | undefined;
}

export interface RecordLoader {
  /**
   * Cleans the criteria and loads the answer; equal questions of the operation are asked once.
   * @throws LookupFailure, always
   */
  load(wanted: Wanted): Promise<Answer>;
  loadLookup(lookup: Lookup): Promise<Answer>;
  /** Until when every answer that was loaded is as fresh as was asked for, epoch milliseconds; undefined: none was loaded. */
  readonly freshUntil: number | undefined;
}

/** The loader of one operation. It gathers what the operation asks in one turn and hands it on together. */
export function createLoader(source: RecordSource, operation: Operation, freshMs: number): RecordLoader {
  // Values are wrapped so that each question settles by itself: a slow or failing one holds up no other.
  const loader = new DataLoader<Question, { readonly answer: Promise<Answer> }, string>(
    (questions) =>
      Promise.resolve(
        questions.map(({ lookup, maxAgeMs }) => ({ answer: source.find(lookup, askingOf(operation, maxAgeMs)) })),
      ),
    { cacheKeyFn: ({ lookup, maxAgeMs }) => `${maxAgeMs ?? ''}${lookupKey(lookup)}` },
  );
  let freshUntil: number | undefined;
  const load = async (question: Question): Promise<Answer> => {
    const answer = await (await loader.load(question)).answer;
    const servesMs = Math.min(freshMs, question.maxAgeMs ?? Infinity);
    freshUntil = Math.min(freshUntil ?? Infinity, answer.fetchedAt + servesMs);
    return answer;
  };

  return {
    // Async, so that bad criteria reject like every other failure; nothing is awaited before the load.
    async load({ maxAge, ...criteria }) {
      return load({ lookup: readLookup(criteria), maxAgeMs: readMaxAge(maxAge) });
    },
    loadLookup: (lookup) => load({ lookup, maxAgeMs: undefined }),
    get freshUntil() {
      return freshUntil;
    },
  };
}

function readMaxAge(maxAge: number | null | undefined): number | undefined {
  if (maxAge === null || maxAge === undefined) return undefined;
  if (maxAge < 0)
    throw new LookupFailure('BAD_USER_INPUT', 'maxAge: expected seconds from 0 on; came a negative number.');
  return maxAge * 1000;
}
