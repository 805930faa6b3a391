import { LRUCache } from 'lru-cache';
import type { Answer, Freshness } from '../core/answer.js';
import type { Clock } from '../core/clock.js';
import type { LookupFailure } from '../core/failure.js';
import { lookupKey, type Lookup } from '../core/lookup.js';
import { concerns, type Person } from '../core/person.js';

/** Remembered failures are small, and short-lived. */
const MAX_FAILURES = 10_000;

export interface MemoryStoreOptions {
  readonly freshness: Freshness;
  /** Bound of the cached answers, in bytes as `sizeOf` estimates them. */
  readonly maxBytes: number;
  readonly clock: Clock;
}

/** Answers, and failures that equal lookups would meet again. */
export interface MemoryStore {
  /** The answer of a call that was sent at or after `minSentAt` (epoch milliseconds; default: at any time). */
  answer(lookup: Lookup, minSentAt?: number): Answer | undefined;
  /** A remembered failure of a call that was sent at or after `minSentAt`. */
  failure(lookup: Lookup, minSentAt: number): LookupFailure | undefined;
  /** Keeps the answer, unless a later one is cached. */
  putAnswer(lookup: Lookup, answer: Answer): void;
  /** @param sentAt when the call was sent at the earliest, in epoch milliseconds */
  putFailure(lookup: Lookup, failure: LookupFailure, sentAt: number): void;
  /** Drops the answers about a person, or all; returns how many. */
  erase(person?: Person): number;
  state(): { readonly entries: number; readonly bytes: number };
}

interface CacheEntry {
  readonly lookup: Lookup;
  readonly answer: Answer;
}

interface RememberedFailure {
  readonly failure: LookupFailure;
  /** Epoch milliseconds. */
  readonly sentAt: number;
  /** Monotonic milliseconds. */
  readonly until: number;
}

export function createMemoryStore({ freshness, maxBytes, clock }: MemoryStoreOptions): MemoryStore {
  const { freshMs, staleMs } = freshness;
  const keepMs = freshMs === 0 ? 0 : freshMs + staleMs;
  const answers = new LRUCache<string, CacheEntry>({
    maxSize: maxBytes,
    sizeCalculation: ({ answer }) => sizeOf(answer),
    ...(keepMs > 0 ? { ttl: keepMs, ttlAutopurge: true } : {}),
  });
  const failures = new LRUCache<string, RememberedFailure>({ max: MAX_FAILURES });

  return {
    answer(lookup, minSentAt = -Infinity) {
      const answer = answers.get(lookupKey(lookup))?.answer;
      return answer !== undefined && answer.sentAt >= minSentAt ? answer : undefined;
    },
    failure(lookup, minSentAt) {
      const remembered = failures.get(lookupKey(lookup));
      if (remembered === undefined || remembered.sentAt < minSentAt) return undefined;
      return clock.monotonicMs() < remembered.until ? remembered.failure : undefined;
    },
    putAnswer(lookup, answer) {
      const key = lookupKey(lookup);
      const ttl = answer.sentAt + keepMs - clock.epochMs();
      const isLater = answer.sentAt >= (answers.peek(key)?.answer.sentAt ?? -Infinity);
      failures.delete(key);
      if (keepMs > 0 && ttl > 0 && isLater) answers.set(key, { lookup, answer }, { ttl: Math.min(keepMs, ttl) });
    },
    putFailure(lookup, failure, sentAt) {
      const rememberMs = Math.min(failure.policy.rememberMs ?? 0, freshMs);
      if (rememberMs === 0) return;
      failures.set(lookupKey(lookup), { failure, sentAt, until: clock.monotonicMs() + rememberMs });
    },
    erase(person) {
      failures.clear();
      let erased = 0;
      for (const [key, { lookup, answer }] of answers.entries()) {
        const isMeant = person === undefined || concerns(person, lookup, answer.records);
        if (isMeant && answers.delete(key)) erased += 1;
      }
      return erased;
    },
    state: () => ({ entries: answers.size, bytes: answers.calculatedSize }),
  };
}

/** An upper estimate of the memory that an answer takes: two bytes a character, and the objects around it. */
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
