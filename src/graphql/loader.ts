import DataLoader from 'dataloader';
import type { Answer, Freshness, LookupOptions, LookupSource } from '../core/answer.js';
import { LookupFailure } from '../core/failure.js';
import { lookupKey, readLookup, type Criteria, type Lookup } from '../core/lookup.js';
import type { CampaignRecord } from '../core/record.js';
import type { RunningOperation } from './operation.js';

/** A record with its answer. Each resolver result is a new object, because the federation library writes on it. */
export interface FoundRecord {
  readonly record: CampaignRecord;
  readonly answer: Answer;
  /** The record's index in `answer.records`. */
  readonly index: number;
}
export interface CustomerKey {
  readonly customerId: string;
}
export interface CampaignKey {
  readonly campaignId: string;
}

/** The arguments of a field that finds records. */
export interface LoadArguments extends Criteria {
  /** Seconds. */
  readonly maxAge?: number | null | undefined;
}

/** The loader of one operation. Equal lookups with equal `maxAge` are loaded once. */
export interface RecordLoader {
  /** @throws LookupFailure `bad-input` if the arguments are not valid, or as `LookupSource.find` */
  load(args: LoadArguments): Promise<Answer>;
  /** @throws LookupFailure as `LookupSource.find` */
  loadLookup(lookup: Lookup): Promise<Answer>;
  /**
   * When the first of the loaded answers stops being fresh, in epoch milliseconds.
   *
   * @returns undefined if nothing was loaded
   */
  freshUntil(): number | undefined;
}

interface Request {
  readonly lookup: Lookup;
  /** Undefined: the caller gives none. */
  readonly maxAgeMs: number | undefined;
}

export function createLoader(source: LookupSource, running: RunningOperation, freshness: Freshness): RecordLoader {
  const { operation, deadline, signal } = running;
  // The promises are wrapped, so that each lookup settles by itself: a slow or failed one does not delay the others.
  const loader = new DataLoader<Request, { readonly answer: Promise<Answer> }, string>(
    (requests) =>
      Promise.resolve(
        requests.map(({ lookup, maxAgeMs }) => {
          const times = oldestAccepted(operation.startedAt, maxAgeMs, freshness);
          return { answer: source.find(lookup, { operation, deadline, signal, ...times }) };
        }),
      ),
    { cacheKeyFn: ({ lookup, maxAgeMs }) => `${maxAgeMs ?? ''}${lookupKey(lookup)}` },
  );
  let freshUntil: number | undefined;
  const load = async (request: Request): Promise<Answer> => {
    const answer = await (await loader.load(request)).answer;
    const freshMs = Math.min(freshness.freshMs, request.maxAgeMs ?? Infinity);
    freshUntil = Math.min(freshUntil ?? Infinity, answer.sentAt + freshMs);
    return answer;
  };

  return {
    // Async, so that invalid arguments reject instead of throwing. Nothing is awaited before the load, because
    // DataLoader batches the loads of one tick.
    async load({ maxAge, ...criteria }) {
      return load({ lookup: readLookup(criteria), maxAgeMs: readMaxAge(maxAge) });
    },
    loadLookup: (lookup) => load({ lookup, maxAgeMs: undefined }),
    freshUntil: () => freshUntil,
  };
}

/**
 * The oldest answers that a lookup accepts.
 *
 * Without a cache (`freshMs` 0) an answer can only come from a call that is under way, which is accepted unless the
 * caller gives a `maxAge`.
 */
function oldestAccepted(
  startedAt: number,
  maxAgeMs: number | undefined,
  { freshMs, staleMs }: Freshness,
): Pick<LookupOptions, 'minSentAt' | 'minStaleSentAt'> {
  const defaultMs = freshMs === 0 ? Infinity : freshMs;
  return {
    minSentAt: startedAt - Math.min(maxAgeMs ?? Infinity, defaultMs),
    minStaleSentAt: startedAt - Math.min(maxAgeMs ?? Infinity, freshMs + staleMs),
  };
}

function readMaxAge(maxAge: number | null | undefined): number | undefined {
  if (maxAge === null || maxAge === undefined) return undefined;
  if (maxAge < 0) {
    const message = 'maxAge must be a number of seconds, 0 or more; got a negative number.';
    throw new LookupFailure('bad-input', { message });
  }
  return maxAge * 1_000;
}
