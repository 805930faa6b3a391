import DataLoader from 'dataloader';
import type { Answer, Freshness, LookupOptions, LookupSource, RecordCache } from '../core/answer.js';
import type { CampaignList, Campaigns } from '../core/campaign.js';
import { LookupFailure, allowsStale } from '../core/failure.js';
import { lookupKey, readLookup, type Criteria, type Lookup } from '../core/lookup.js';
import { isPromise, type MaybePromise } from './maybe-promise.js';
import type { RunningOperation } from './operation.js';
import type { RecordIds, RecordReference } from './record-ids.js';
import type { FoundRecord } from './entities.js';
import { recordWith } from './record-lists.js';

/** The arguments of a field that finds records. */
export interface LoadArguments extends Criteria {
  /** Seconds. */
  readonly maxAge?: number | null | undefined;
}

/** The loader of one operation. Equal lookups with equal `maxAge` are loaded once. A cached answer is known at once. */
export interface RecordLoader {
  /** @throws LookupFailure `bad-input` if the arguments are not valid; the promise rejects as `LookupSource.find` */
  load(args: LoadArguments): MaybePromise<Answer>;
  /**
   * Loads the record of an id, if possible from any cached answer that holds it. The promise rejects as
   * `LookupSource.find`.
   *
   * @returns undefined if the record no longer exists
   */
  loadRecord(reference: RecordReference): MaybePromise<FoundRecord | undefined>;
  /** The response has a value that no cache may store. */
  preventCaching(): void;
  /** How many lookups the operation has started, because no cached answer was known. */
  lookupsStarted(): number;
  /** The list of the account's campaigns. The promise rejects as `Campaigns.find`. */
  loadCampaigns(): MaybePromise<CampaignList>;
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
  readonly campaigns: Campaigns;
  /** How long the list of campaigns is fresh, in milliseconds. */
  readonly campaignsFreshMs: number;
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
  const { source, cache, ids, freshness, campaigns, campaignsFreshMs, minMaxAgeMs, countryCode } = options;
  const { operation, deadline } = running;
  /** The answers that this operation has used, so that it gets equal answers to equal lookups. */
  const known = new Map<string, Answer>();
  const records = new Map<string, MaybePromise<FoundRecord | undefined>>();
  let loader: RequestLoader | undefined;
  let lookupsStarted = 0;
  let freshUntil: number | undefined;
  let campaignList: Promise<CampaignList> | undefined;

  function load(request: Request): MaybePromise<Answer> {
    const key = keyOf(request);
    const answer = known.get(key) ?? cache.answerTo(request.lookup, timesOf(request).minSentAt, operation);
    return answer === undefined ? loadLater(request, key) : remember(answer, key, request);
  }

  async function loadLater(request: Request, key: string): Promise<Answer> {
    loader ??= createRequestLoader(find);
    const { answer } = await loader.load(request);
    return remember(await answer, key, request);
  }

  function find(request: Request): Promise<Answer> {
    const { lookup, mergesCampaigns } = request;
    lookupsStarted += 1;
    return source.find(lookup, { operation, deadline, signal: running.signal(), mergesCampaigns, ...timesOf(request) });
  }

  function remember(answer: Answer, key: string, { maxAgeMs }: Request): Answer {
    known.set(key, answer);
    return limitFreshness(answer, maxAgeMs);
  }

  /** The response is fresh for as long as all answers that it uses. */
  function limitFreshness(answer: Answer, maxAgeMs = Infinity): Answer {
    freshUntil = Math.min(freshUntil ?? Infinity, answer.sentAt + Math.min(freshness.freshMs, maxAgeMs));
    return answer;
  }

  async function findCampaigns(): Promise<CampaignList> {
    return limitFreshnessByList(await campaigns.find({ operation, deadline, signal: running.signal() }));
  }

  function limitFreshnessByList(list: CampaignList): CampaignList {
    freshUntil = Math.min(freshUntil ?? Infinity, list.sentAt + campaignsFreshMs);
    return list;
  }

  function timesOf({ maxAgeMs }: Request): Pick<LookupOptions, 'minSentAt' | 'minStaleSentAt'> {
    return oldestAccepted(operation.startedAt, maxAgeMs, freshness);
  }

  function recordIn(answer: Answer, fingerprint: string): FoundRecord | undefined {
    return recordWith(fingerprint, answer, ids.fingerprintsOf);
  }

  function loadRecord({ lookup, fingerprint }: RecordReference): MaybePromise<FoundRecord | undefined> {
    // The records of one person share a call.
    const request: Request = { lookup, maxAgeMs: undefined, mergesCampaigns: true };
    const { minSentAt, minStaleSentAt } = timesOf(request);
    const cached = cache.answerWith(fingerprint, minSentAt, operation);
    if (cached !== undefined) return recordIn(limitFreshness(cached), fingerprint);
    const answer = load(request);
    if (!isPromise(answer)) return recordIn(answer, fingerprint);
    return answer
      .catch((error: unknown) => {
        if (!(error instanceof LookupFailure && allowsStale(error.code))) throw error;
        // The lookup has no stale answer, but one to another lookup may hold the record.
        const stale = cache.answerWith(fingerprint, minStaleSentAt, operation, error);
        if (stale === undefined) throw error;
        return limitFreshness(stale);
      })
      .then((loaded) => recordIn(loaded, fingerprint));
  }

  return {
    load(args) {
      const lookup = readLookup(args, countryCode);
      return load({ lookup, maxAgeMs: readMaxAge(args.maxAge, minMaxAgeMs), mergesCampaigns: false });
    },
    loadRecord(reference) {
      const key = `${reference.fingerprint} ${lookupKey(reference.lookup)}`;
      if (!records.has(key)) records.set(key, loadRecord(reference));
      return records.get(key);
    },
    lookupsStarted: () => lookupsStarted,
    loadCampaigns() {
      const fresh = campaigns.fresh(operation);
      if (fresh !== undefined) return limitFreshnessByList(fresh);
      campaignList ??= findCampaigns();
      return campaignList;
    },
    preventCaching() {
      freshUntil = -Infinity;
    },
    freshUntil: () => freshUntil,
  };
}

type RequestLoader = DataLoader<Request, { readonly answer: Promise<Answer> }, string>;

/**
 * Loads the requests of one tick together. The promises are wrapped, so that each lookup settles by itself: a slow or
 * failed one does not delay the others.
 */
function createRequestLoader(find: (request: Request) => Promise<Answer>): RequestLoader {
  return new DataLoader<Request, { readonly answer: Promise<Answer> }, string>(
    (requests) => Promise.resolve(planCalls(requests).map((request) => ({ answer: find(request) }))),
    { cacheKeyFn: keyOf },
  );
}

function keyOf({ lookup, maxAgeMs }: Request): string {
  return `${maxAgeMs ?? ''} ${lookupKey(lookup)}`;
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
