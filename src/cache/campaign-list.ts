import type { CallOptions, Freshness, Operation, SharedCache } from '../core/answer.js';
import type { CampaignList, CampaignListSource, Campaigns } from '../core/campaign.js';
import type { Clock } from '../core/clock.js';
import type { Observe } from '../core/events.js';
import { LookupFailure } from '../core/failure.js';
import { createFlights, type Flight, type FlightQueue } from './flights.js';
import { conclude, failed, serve, type Found } from './found.js';

export interface CampaignListOptions {
  /** Makes the call. */
  readonly source: CampaignListSource;
  readonly freshness: Freshness;
  /** A stale list is served this many milliseconds after a caller came, although the call still runs. */
  readonly staleAfterMs: number;
  /** The cache that replicas share; undefined: there is none. */
  readonly sharedCache?: SharedCache<'campaigns', CampaignList> | undefined;
  readonly queue: FlightQueue<'campaigns'>;
  readonly clock: Clock;
  readonly observe: Observe;
}

/**
 * Keeps the list of campaigns. One call serves all operations, and with Redis all replicas.
 *
 * - A list is served while it is fresh. Otherwise an operation joins the call that is under way, or starts one. It
 *   accepts the list of a call that it joined, since no caller names an age.
 * - A stale list is served if Wolkvox fails (stale-if-error), or has not answered after `staleAfterMs`; the call then
 *   goes on into the cache.
 * - A failure that another call would get again is remembered for the time that the table of failures says.
 * - A call is cancelled if every caller leaves before it is sent.
 * - If lists are not cached (`freshMs` 0), the fields of one operation still share a call.
 */
export function createCampaigns(options: CampaignListOptions): Campaigns {
  const { queue, clock, observe, staleAfterMs } = options;
  const { freshMs, staleMs } = options.freshness;
  const asks = new WeakMap<Operation, Promise<CampaignList>>();
  const served = new WeakMap<Operation, CampaignList>();
  const store = createStore(freshMs, clock);
  const flights = createFlights<'campaigns', CampaignList>(queue, clock);

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
    return served.get(operation) ?? (list && serveOnce({ kind: 'answer', answer: list, from: 'memory' }, operation));
  }

  async function ask(callOptions: CallOptions): Promise<CampaignList> {
    return serveOnce(await findList(callOptions), callOptions.operation);
  }

  /** An operation gets one list and is reported once, although several of its fields ask. */
  function serveOnce(found: Found<CampaignList>, operation: Operation): CampaignList {
    const list = served.get(operation) ?? serve(found, () => staleList(operation), operation, observe);
    served.set(operation, list);
    return list;
  }

  function staleList({ startedAt }: Operation): CampaignList | undefined {
    return store.list(startedAt - freshMs - staleMs);
  }

  /** Joins the call that is under way or starts one, until the end of one concerns this caller. */
  async function findList(callOptions: CallOptions): Promise<Found<CampaignList>> {
    const { operation, signal } = callOptions;
    const staleAt = clock.monotonicMs() + staleAfterMs;
    const minSentAt = -Infinity;
    for (let earlierFlights = 0; ; earlierFlights += 1) {
      const list = store.list(operation.startedAt - freshMs);
      if (list !== undefined) return { kind: 'answer', answer: list, from: 'memory' };
      const remembered = store.failure();
      if (remembered !== undefined) return { kind: 'failure', error: remembered, isRemembered: true };
      if (signal.aborted) return failed(signal.reason);
      const joined = flights.join('campaigns', operation, minSentAt);
      const flight = joined ?? startFlight(callOptions);
      const outcome = await flight.wait(signal, staleAt, () => staleList(operation));
      const isJoined = joined !== undefined;
      const found = conclude(outcome, { flight, isJoined, minSentAt, signal, earlierFlights });
      if (found !== undefined) return found;
    }
  }

  function startFlight(callOptions: CallOptions): Flight<'campaigns', CampaignList> {
    // The result is stored before the flight ends, so that a caller finds one or the other.
    return flights.start('campaigns', async (signal) => {
      try {
        const list = await call({ ...callOptions, signal });
        store.put(list);
        return list;
      } catch (error) {
        store.remember(error);
        throw error;
      }
    });
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
}

/** The latest list, and a failure that another call would get again. */
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
