import { abortable, delay } from '../core/abort.js';
import type { CallOptions, Freshness, Operation, SharedCache } from '../core/answer.js';
import type { CampaignList, CampaignListSource, Campaigns } from '../core/campaign.js';
import type { Clock } from '../core/clock.js';
import type { Observe } from '../core/events.js';
import { LookupFailure, allowsStale, type FailureCode } from '../core/failure.js';

/**
 * A caller that joined more calls than this, which failed because of their own callers, fails, too. Otherwise a crowd
 * of callers would start one call after the other, while each is refused at once.
 */
const MAX_FAILED_CALLS = 2;

export interface CampaignListOptions {
  /** Makes the call. */
  readonly source: CampaignListSource;
  readonly freshness: Freshness;
  /** A stale list is served this many milliseconds after a caller came, although the call still runs. */
  readonly staleAfterMs: number;
  /** The cache that replicas share; undefined: there is none. */
  readonly sharedCache?: SharedCache<'campaigns', CampaignList> | undefined;
  /** The queue in which the call waits. */
  readonly queue: {
    promote(request: 'campaigns', operation: Operation): boolean;
    demote(request: 'campaigns'): void;
  };
  readonly clock: Clock;
  readonly observe: Observe;
}

/** How an operation gets the list, as `answer.served` reports it. */
type Origin =
  | { readonly from: 'memory' | 'shared' | 'flight' | 'wolkvox' }
  | { readonly from: 'stale'; readonly reason: FailureCode | 'slow' };

type Failed = { readonly kind: 'failure'; readonly error: unknown; readonly isRemembered: boolean };
type Found = { readonly kind: 'list'; readonly list: CampaignList; readonly origin: Origin } | Failed;

/** The call that is under way, and the callers that wait for it. */
interface Flight {
  /** Settles when the call has ended; never rejects. */
  readonly result: Promise<Found>;
  /** Aborts when every caller has left. It has no effect once the call is sent. */
  readonly cancelled: AbortController;
  hasEnded: boolean;
  waiters: number;
  /** A caller got a stale list, so the result is wanted for the cache. */
  isForCache: boolean;
}

/**
 * Keeps the list of campaigns. One call serves all operations, and with Redis all replicas.
 *
 * - A list is served while it is fresh. Otherwise an operation joins the call that is under way, or starts one. It
 *   accepts the list of a call that it joined, since no caller names an age.
 * - A stale list is served if Wolkvox fails (stale-if-error), or has not answered after `staleAfterMs`; the call then
 *   goes on into the cache.
 * - A failure that another call would meet again is remembered for the time that the table of failures says.
 * - A call is cancelled if every caller leaves before it is sent.
 * - If lists are not cached (`freshMs` 0), the fields of one operation still share a call.
 */
export function createCampaigns(options: CampaignListOptions): Campaigns {
  const { queue, clock, observe, staleAfterMs } = options;
  const { freshMs, staleMs } = options.freshness;
  const asks = new WeakMap<Operation, Promise<CampaignList>>();
  const served = new WeakMap<Operation, CampaignList>();
  const store = createStore(freshMs, clock);
  let flight: Flight | undefined;

  return {
    find(callOptions) {
      const { operation } = callOptions;
      const list = fresh(operation);
      if (list !== undefined) return Promise.resolve(list);
      const asked = asks.get(operation) ?? ask(callOptions);
      asks.set(operation, asked);
      return asked;
    },
    fresh,
  };

  function fresh(operation?: Operation): CampaignList | undefined {
    if (operation === undefined) return store.list(clock.epochMs() - freshMs);
    const list = store.list(operation.startedAt - freshMs);
    return served.get(operation) ?? (list && serve(list, { from: 'memory' }, operation));
  }

  /** An operation is reported once, although several of its fields ask. */
  function serve(list: CampaignList, origin: Origin, operation: Operation): CampaignList {
    const before = served.get(operation);
    if (before !== undefined) return before;
    served.set(operation, list);
    observe({ event: 'answer.served', ...origin, operation });
    return list;
  }

  async function ask(callOptions: CallOptions): Promise<CampaignList> {
    const { operation } = callOptions;
    const found = await findList(callOptions);
    if (found.kind === 'list') return serve(found.list, found.origin, operation);
    const { error, isRemembered } = found;
    if (!(error instanceof LookupFailure)) throw error;
    const { code, kind: reason, endsCall } = error;
    const stale = allowsStale(code) ? staleList(operation) : undefined;
    if (stale !== undefined) return serve(stale, { from: 'stale', reason: code }, operation);
    if (isRemembered || !endsCall) observe({ event: 'lookup.refused', code, reason, operation });
    throw error;
  }

  function staleList({ startedAt }: Operation): CampaignList | undefined {
    return store.list(startedAt - freshMs - staleMs);
  }

  /** Joins the call that is under way or starts one, until the end of one concerns this caller. */
  async function findList(callOptions: CallOptions): Promise<Found> {
    const { operation, signal } = callOptions;
    const staleAt = clock.monotonicMs() + staleAfterMs;
    for (let failedCalls = 0; ; failedCalls += 1) {
      const list = store.list(operation.startedAt - freshMs);
      if (list !== undefined) return { kind: 'list', list, origin: { from: 'memory' } };
      const remembered = store.failure();
      if (remembered !== undefined) return { kind: 'failure', error: remembered, isRemembered: true };
      if (signal.aborted) return failed(signal.reason);
      if (failedCalls > MAX_FAILED_CALLS) return failed(othersRefused());
      const joined = flight;
      if (joined !== undefined) queue.promote('campaigns', operation);
      const current = joined ?? startFlight(callOptions);
      const found = await waitFor(current, signal, staleAt - clock.monotonicMs(), () => takeStale(current, operation));
      if (joined === undefined) return found;
      if (!isOfAnother(joined, found)) return asJoined(found);
    }
  }

  function startFlight(callOptions: CallOptions): Flight {
    const cancelled = new AbortController();
    const result = call({ ...callOptions, signal: cancelled.signal })
      .then((list): Found => ({ kind: 'list', list, origin: { from: list.source } }), failed)
      .then((found) => {
        started.hasEnded = true;
        flight = undefined;
        if (found.kind === 'list') store.put(found.list);
        else store.remember(found.error);
        return found;
      });
    const started: Flight = { result, cancelled, hasEnded: false, waiters: 0, isForCache: false };
    flight = started;
    return started;
  }

  /** Reads the shared cache before it makes a call. */
  async function call(callOptions: CallOptions): Promise<CampaignList> {
    const minSentAt = callOptions.operation.startedAt - (freshMs === 0 ? Infinity : freshMs);
    const shared = await options.sharedCache?.read('campaigns');
    if (shared !== undefined && shared.sentAt >= minSentAt) return shared;
    // A stale one is served if the call fails.
    if (shared !== undefined) store.put(shared);
    return options.source.find('campaigns', { ...callOptions, minSentAt });
  }

  /** A stale list for a caller that waits for a slow call. */
  function takeStale({ waiters }: Flight, operation: Operation): CampaignList | undefined {
    const stale = staleList(operation);
    // The call goes on for the cache. It is not urgent, unless another caller waits.
    if (stale !== undefined && waiters === 1) queue.demote('campaigns');
    return stale;
  }
}

/**
 * Waits for a call.
 *
 * @param signal ends the wait with a failure; if it was the last one, the call is cancelled
 * @param staleInMs after this time `takeStale` is asked; if it has a list, the call goes on without this caller, and
 *   nothing cancels it any more
 */
async function waitFor(
  flight: Flight,
  signal: AbortSignal,
  staleInMs: number,
  takeStale: () => CampaignList | undefined,
): Promise<Found> {
  const ended = new AbortController();
  const slow = delay(Math.max(0, staleInMs), ended.signal).then(() => {
    const list = takeStale();
    if (list === undefined) return flight.result;
    flight.isForCache = true;
    return { kind: 'list', list, origin: { from: 'stale', reason: 'slow' } } satisfies Found;
  });
  flight.waiters += 1;
  try {
    return await abortable(Promise.race([flight.result, slow]), signal);
  } catch (error) {
    return failed(error);
  } finally {
    ended.abort();
    flight.waiters -= 1;
    const isWanted = flight.waiters > 0 || flight.isForCache || flight.hasEnded;
    if (!isWanted) flight.cancelled.abort(new LookupFailure('abandoned'));
  }
}

/** The latest list, and a failure that another call would meet again. */
function createStore(freshMs: number, clock: Clock) {
  let latest: CampaignList | undefined;
  /** `until` is on the monotonic clock, in milliseconds. */
  let remembered: { readonly failure: LookupFailure; readonly until: number } | undefined;
  return {
    /** The list, if its call was sent at or after `minSentAt`. */
    list: (minSentAt: number): CampaignList | undefined =>
      latest !== undefined && latest.sentAt >= minSentAt ? latest : undefined,
    failure: (): LookupFailure | undefined =>
      remembered !== undefined && clock.monotonicMs() < remembered.until ? remembered.failure : undefined,
    put(list: CampaignList): void {
      remembered = undefined;
      if (freshMs > 0 && list.sentAt >= (latest?.sentAt ?? -Infinity)) latest = list;
    },
    remember(error: unknown): void {
      if (!(error instanceof LookupFailure)) return;
      const rememberMs = Math.min(error.policy.rememberMs ?? 0, freshMs);
      remembered = { failure: error, until: clock.monotonicMs() + rememberMs };
    },
  };
}

function failed(error: unknown): Failed {
  return { kind: 'failure', error, isRemembered: false };
}

/** A caller that joined a call did not cause it. */
function asJoined(found: Found): Found {
  const isOfCall = found.kind === 'list' && found.origin.from !== 'stale';
  return isOfCall ? { ...found, origin: { from: 'flight' } } : found;
}

/**
 * Whether a failure says nothing about a caller that joined: it concerns the caller who started the call, or all
 * callers had left, so that no second attempt was made.
 */
function isOfAnother({ cancelled }: Flight, found: Found): boolean {
  if (found.kind === 'list' || !(found.error instanceof LookupFailure)) return false;
  return found.error.policy.isOfCaller === true || cancelled.signal.aborted;
}

function othersRefused(): LookupFailure {
  const message = 'The callers whose calls for the list of campaigns were under way were refused, or left. Try again.';
  return new LookupFailure('displaced', { message });
}
