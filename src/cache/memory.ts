import { createHmac, randomBytes } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Observe } from '../records/events.js';
import { LookupFailure } from '../records/failure.js';
import { lookupKey, type Lookup } from '../records/lookup.js';
import { concerns, type Person } from '../records/person.js';
import {
  isFresh,
  mayStandIn,
  type Answer,
  type Asking,
  type Freshness,
  type Operation,
  type RecordSource,
} from '../records/source.js';
import { Flight } from './flight.js';

export interface MemoryCacheOptions {
  readonly freshness: Freshness;
  /** Bound of what is kept, in bytes as estimated by `sizeOf`. */
  readonly maxBytes: number;
  readonly observe: Observe;
  readonly now?: () => number;
}

export interface MemoryCache extends RecordSource {
  /** Drops every answer about a person; returns how many. */
  forget(person: Person): number;
  readonly state: { readonly entries: number; readonly bytes: number; readonly flights: number };
}

interface Kept {
  readonly lookup: Lookup;
  readonly answer: Answer;
}

/**
 * Asks once: keeps answers in memory, lets equal questions share one call, and serves a kept answer while Wolkvox cannot answer.
 *
 * Rejects as the source behind it does, with TOO_MANY_LOOKUPS where the operation may cause no further call, and with the reason of
 * an operation's signal as soon as that aborts.
 */
export function createMemoryCache(source: RecordSource, options: MemoryCacheOptions): MemoryCache {
  const { freshness, observe, now = Date.now } = options;
  const keepMs = freshness.freshMs === 0 ? 0 : freshness.freshMs + freshness.staleMs;
  const kept = new LRUCache<string, Kept>({
    maxSize: options.maxBytes,
    sizeCalculation: ({ answer }) => sizeOf(answer),
    ...(keepMs > 0 ? { ttl: keepMs, ttlAutopurge: true } : {}),
  });
  // Several for a question where callers want a later answer than those that are sent will be; one at most that is not sent.
  const flights = new Map<string, Flight[]>();
  // Keys are hashed, so that a dump of them tells nothing.
  const keySecret = randomBytes(32);

  return {
    async find(lookup, asking) {
      const key = createHmac('sha256', keySecret).update(lookupKey(lookup)).digest('base64');
      const known = kept.get(key)?.answer;
      if (known !== undefined && isFresh(known, freshness, asking.maxAgeMs, now())) {
        observe({ event: 'answer', from: 'memory' });
        return known;
      }
      try {
        return await flightFor(key, lookup, asking).wait(asking);
      } catch (error) {
        return standIn(key, asking, error);
      }
    },

    forget(person) {
      let dropped = 0;
      for (const [key, { lookup, answer }] of kept.entries()) {
        if (concerns(person, lookup, answer.records) && kept.delete(key)) dropped += 1;
      }
      // What is under way was asked before; it must not come back into the cache.
      for (const flight of [...flights.values()].flat()) flight.isForgotten = true;
      return dropped;
    },

    get state() {
      return { entries: kept.size, bytes: kept.calculatedSize, flights: flights.size };
    },
  };

  function flightFor(key: string, lookup: Lookup, asking: Asking): Flight {
    const under = flights.get(key) ?? [];
    const joined = under.find((flight) => flight.mayServe(asking, now()));
    if (joined !== undefined) {
      observe({ event: 'answer', from: 'flight' });
      return joined;
    }
    if (!claimCall(asking.operations)) {
      observe({ event: 'refused', code: 'TOO_MANY_LOOKUPS', why: 'too-many-lookups' });
      throw new LookupFailure(
        'TOO_MANY_LOOKUPS',
        'This operation asks more different questions than one operation may. Ask the rest in another one.',
      );
    }
    const flight: Flight = new Flight(lookup, source, now);
    flights.set(key, [...under, flight]);
    void flight.landed.then((answer) => {
      const others = (flights.get(key) ?? []).filter((other) => other !== flight);
      if (others.length > 0) flights.set(key, others);
      else flights.delete(key);
      if (answer !== undefined && keepMs > 0 && !flight.isForgotten) keep(key, lookup, answer);
    });
    return flight;
  }

  /** Keeps the later one of two answers: flights of one question may land in any order. */
  function keep(key: string, lookup: Lookup, answer: Answer): void {
    const older = kept.peek(key)?.answer;
    if (older !== undefined && older.fetchedAt > answer.fetchedAt) return;
    kept.set(key, { lookup, answer }, { ttl: Math.max(1, answer.fetchedAt + keepMs - now()) });
  }

  function standIn(key: string, asking: Asking, error: unknown): Answer {
    const known = kept.peek(key)?.answer;
    if (error instanceof LookupFailure && error.isUpstream && known !== undefined) {
      if (mayStandIn(known, freshness, asking.maxAgeMs, now())) {
        observe({ event: 'answer', from: 'stale', because: error.code });
        return known;
      }
    }
    throw error;
  }
}

function claimCall(operations: ReadonlySet<Operation>): boolean {
  for (const operation of operations) if (operation.claimCall()) return true;
  return false;
}

/** An estimate from above of what an answer takes on the heap: two bytes a character, and the objects around it. */
function sizeOf({ records }: Answer): number {
  let bytes = 500;
  for (const record of records) bytes += 600 + 2 * charactersIn(Object.values(record));
  return bytes;
}

function charactersIn(values: readonly unknown[]): number {
  let characters = 0;
  for (const value of values) {
    if (typeof value === 'string') characters += value.length + 8;
    else if (typeof value === 'object' && value !== null) characters += 16 + charactersIn(Object.values(value));
  }
  return characters;
}
