import DataLoader from 'dataloader';
import type { Answer, Freshness, LookupOptions, LookupSource, RecordCache } from '../core/answer.js';
import { LookupFailure, allowsStale } from '../core/failure.js';
import { lookupKey, readLookup, type Criteria, type Lookup } from '../core/lookup.js';
import type { CampaignRecord } from '../core/record.js';
import type { RunningOperation } from './operation.js';
import type { RecordIds, RecordReference } from './record-ids.js';

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
  /**
   * Loads the record of an id, if possible from any cached answer that holds it.
   *
   * @returns undefined if the record no longer exists
   * @throws LookupFailure as `LookupSource.find`
   */
  loadRecord(reference: RecordReference): Promise<FoundRecord | undefined>;
  /**
   * When the first of the loaded answers stops being fresh, in epoch milliseconds.
   *
   * @returns undefined if nothing was loaded
   */
  freshUntil(): number | undefined;
}

export interface LoaderOptions {
  readonly source: LookupSource;
  readonly cache: RecordCache;
  readonly ids: Pick<RecordIds, 'fingerprintsOf'>;
  readonly freshness: Freshness;
  /** A smaller `maxAge` is raised to this, in milliseconds. */
  readonly minMaxAgeMs: number;
  /** As in `readLookup`. */
  readonly countryCode: string | undefined;
}

interface Request {
  readonly lookup: Lookup;
  /** Undefined: the caller gives none. */
  readonly maxAgeMs: number | undefined;
  /** Whether a call for all campaigns of the person may replace that of the lookup. */
  readonly mergesCampaigns: boolean;
}

export function createLoader(running: RunningOperation, options: LoaderOptions): RecordLoader {
  const { source, cache, ids, freshness, minMaxAgeMs, countryCode } = options;
  const { operation, deadline, signal } = running;
  // The promises are wrapped, so that each lookup settles by itself: a slow or failed one does not delay the others.
  const loader = new DataLoader<Request, { readonly answer: Promise<Answer> }, string>(
    (requests) => Promise.resolve(planCalls(requests).map((request) => ({ answer: find(request) }))),
    { cacheKeyFn: ({ lookup, maxAgeMs }) => `${maxAgeMs ?? ''}${lookupKey(lookup)}` },
  );
  let freshUntil: number | undefined;

  function find({ lookup, maxAgeMs, mergesCampaigns }: Request): Promise<Answer> {
    const times = oldestAccepted(operation.startedAt, maxAgeMs, freshness);
    return source.find(lookup, { operation, deadline, signal, mergesCampaigns, ...times });
  }

  async function load(request: Request): Promise<Answer> {
    return used(await (await loader.load(request)).answer, request.maxAgeMs);
  }

  /** The response is fresh for as long as all answers that it uses. */
  function used(answer: Answer, maxAgeMs = Infinity): Answer {
    freshUntil = Math.min(freshUntil ?? Infinity, answer.sentAt + Math.min(freshness.freshMs, maxAgeMs));
    return answer;
  }

  return {
    // Async, so that invalid arguments reject instead of throwing. Nothing is awaited before the load, because
    // DataLoader batches the loads of one tick.
    async load({ maxAge, ...criteria }) {
      const lookup = readLookup(criteria, countryCode);
      return load({ lookup, maxAgeMs: readMaxAge(maxAge, minMaxAgeMs), mergesCampaigns: false });
    },
    async loadRecord({ lookup, fingerprint }) {
      const { minSentAt, minStaleSentAt } = oldestAccepted(operation.startedAt, undefined, freshness);
      const find = async (): Promise<Answer> => {
        const cached = cache.answerWith(fingerprint, minSentAt, operation);
        if (cached !== undefined) return used(cached);
        try {
          // The records of one person share a call.
          return await load({ lookup, maxAgeMs: undefined, mergesCampaigns: true });
        } catch (error) {
          if (!(error instanceof LookupFailure && allowsStale(error.code))) throw error;
          // The lookup has no stale answer, but one to another lookup may hold the record.
          const stale = cache.answerWith(fingerprint, minStaleSentAt, operation, error);
          if (stale === undefined) throw error;
          return used(stale);
        }
      };
      const answer = await find();
      const index = ids.fingerprintsOf(answer).indexOf(fingerprint);
      const record = answer.records[index];
      return record === undefined ? undefined : { record, answer, index };
    },
    freshUntil: () => freshUntil,
  };
}

/** Merges the campaigns of a person that a batch asks for several times: one call for all campaigns is fewer calls. */
function planCalls(requests: readonly Request[]): Request[] {
  const lookupsOf = new Map<string, Set<string>>();
  const personOf = ({ phone, customerId }: Lookup): string => JSON.stringify([phone, customerId]);
  for (const { lookup } of requests) {
    const lookups = lookupsOf.get(personOf(lookup)) ?? new Set();
    lookupsOf.set(personOf(lookup), lookups.add(lookupKey(lookup)));
  }
  return requests.map((request) => {
    const lookups = lookupsOf.get(personOf(request.lookup))?.size ?? 0;
    return { ...request, mergesCampaigns: request.mergesCampaigns || lookups > 1 };
  });
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

/** @returns milliseconds; undefined: the caller gives no `maxAge` */
function readMaxAge(maxAge: number | null | undefined, minMs: number): number | undefined {
  if (maxAge === null || maxAge === undefined) return undefined;
  if (maxAge < 0) {
    const message = 'maxAge must be a number of seconds, 0 or more; got a negative number.';
    throw new LookupFailure('bad-input', { message });
  }
  return Math.max(minMs, maxAge * 1_000);
}
