import { LRUCache } from 'lru-cache';
import type { Answer, Freshness } from '../core/answer.js';
import type { Clock } from '../core/clock.js';
import type { LookupFailure } from '../core/failure.js';
import { lookupKey, type Lookup } from '../core/lookup.js';
import { concerns, type Person } from '../core/person.js';
import { narrowAnswer } from '../core/broader-lookup.js';

/** Remembered failures are small, and short-lived. */
const MAX_FAILURES = 10_000;

export interface MemoryStoreOptions {
  readonly freshness: Freshness;
  /** Bound of the cached answers, in bytes as `sizeOf` estimates them. */
  readonly maxBytes: number;
  /** The lookups whose answers hold all records of a narrower lookup. */
  readonly broaderLookups: (lookup: Lookup) => readonly Lookup[];
  /** A text for each record of an answer, equal for the same record of different answers. */
  readonly fingerprintsOf: (answer: Answer) => readonly string[];
  readonly clock: Clock;
}

/** Answers, and failures that equal lookups would get again. */
export interface MemoryStore {
  /**
   * The latest answer of a call that was sent at or after `minSentAt` (epoch milliseconds; default: at any time). It
   * may be a part of a cached answer to a broader lookup.
   */
  answer(lookup: Lookup, minSentAt?: number): Answer | undefined;
  /** The latest cached answer that holds a record, of a call that was sent at or after `minSentAt`. */
  answerWith(fingerprint: string, minSentAt: number): Answer | undefined;
  /** A remembered failure of a call that was sent at or after `minSentAt` (default: at any time). */
  failure(lookup: Lookup, minSentAt?: number): LookupFailure | undefined;
  /** Keeps the answer, unless a later one is cached. */
  putAnswer(lookup: Lookup, answer: Answer): void;
  /** Whether an answer is cached. */
  has(answer: Answer): boolean;
  /** @param sentAt when the call was sent at the earliest, in epoch milliseconds */
  putFailure(lookup: Lookup, failure: LookupFailure, sentAt: number): void;
  /** Drops the answers about a person, or all; returns how many. */
  erase(person?: Person): number;
  /** How often `erase` was called. An answer that was asked for before an erasure must not be put after it. */
  erasures(): number;
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

export function createMemoryStore(options: MemoryStoreOptions): MemoryStore {
  const { maxBytes, broaderLookups, fingerprintsOf, clock } = options;
  const { freshMs, staleMs } = options.freshness;
  const keepMs = freshMs === 0 ? 0 : freshMs + staleMs;
  const recordIndex = createRecordIndex(fingerprintsOf);
  const cached = new WeakSet<Answer>();
  const answers = new LRUCache<string, CacheEntry>({
    maxSize: maxBytes,
    sizeCalculation: ({ answer }) => sizeOf(answer),
    dispose({ answer }) {
      cached.delete(answer);
      recordIndex.remove(answer);
    },
    ...(keepMs > 0 ? { ttl: keepMs, ttlAutopurge: true } : {}),
  });
  const failures = new LRUCache<string, RememberedFailure>({ max: MAX_FAILURES });
  let erasures = 0;

  function putAnswer(lookup: Lookup, answer: Answer): void {
    const key = lookupKey(lookup);
    if (answers.peek(key)?.answer === answer) return;
    const ttl = answer.sentAt + keepMs - clock.epochMs();
    const isLater = answer.sentAt >= (answers.peek(key)?.answer.sentAt ?? -Infinity);
    failures.delete(key);
    if (keepMs === 0 || ttl <= 0 || !isLater) return;
    answers.set(key, { lookup, answer }, { ttl: Math.min(keepMs, ttl) });
    // An answer that is larger than the whole cache is not stored.
    if (answers.peek(key)?.answer !== answer) return;
    cached.add(answer);
    recordIndex.add(answer);
  }

  /** The latest part of a cached broader answer, if that was sent later than `sentAt`. */
  function latestPart(lookup: Lookup, sentAt: number): Answer | undefined {
    let latest: Answer | undefined;
    for (const broader of broaderLookups(lookup)) {
      const key = lookupKey(broader);
      const cached = answers.peek(key)?.answer;
      if (cached === undefined || cached.sentAt <= (latest?.sentAt ?? sentAt)) continue;
      const part = narrowAnswer(cached, lookup);
      if (part === undefined) continue;
      // The broader answer was used, so it is not the next one to be dropped.
      answers.get(key);
      latest = part;
    }
    return latest;
  }

  return {
    answer(lookup, minSentAt = -Infinity) {
      const own = answers.get(lookupKey(lookup))?.answer;
      const part = latestPart(lookup, Math.max(own?.sentAt ?? -Infinity, minSentAt - 1));
      // Empty parts are not stored: there is one for each campaign that does not exist.
      if (part !== undefined && part.records.length > 0) putAnswer(lookup, part);
      const answer = part ?? own;
      return answer !== undefined && answer.sentAt >= minSentAt ? answer : undefined;
    },
    answerWith(fingerprint, minSentAt) {
      const [latest] = [...recordIndex.answersWith(fingerprint)].sort((one, other) => other.sentAt - one.sentAt);
      return latest !== undefined && latest.sentAt >= minSentAt ? latest : undefined;
    },
    failure(lookup, minSentAt = -Infinity) {
      const remembered = failures.get(lookupKey(lookup));
      if (remembered === undefined || remembered.sentAt < minSentAt) return undefined;
      return clock.monotonicMs() < remembered.until ? remembered.failure : undefined;
    },
    has: (answer) => cached.has(answer),
    putAnswer,
    putFailure(lookup, failure, sentAt) {
      const rememberMs = Math.min(failure.policy.rememberMs ?? 0, freshMs);
      if (rememberMs === 0) return;
      failures.set(lookupKey(lookup), { failure, sentAt, until: clock.monotonicMs() + rememberMs });
    },
    erase(person) {
      erasures += 1;
      failures.clear();
      let erased = 0;
      for (const [key, { lookup, answer }] of answers.entries()) {
        const isMeant = person === undefined || concerns(person, lookup, answer.records);
        if (isMeant && answers.delete(key)) erased += 1;
      }
      return erased;
    },
    erasures: () => erasures,
    state: () => ({ entries: answers.size, bytes: answers.calculatedSize }),
  };
}

/** The cached answers by the records that they hold. */
function createRecordIndex(fingerprintsOf: MemoryStoreOptions['fingerprintsOf']): {
  add(answer: Answer): void;
  remove(answer: Answer): void;
  answersWith(fingerprint: string): readonly Answer[];
} {
  const index = new Map<string, readonly Answer[]>();
  const answersWith = (fingerprint: string): readonly Answer[] => index.get(fingerprint) ?? [];
  return {
    answersWith,
    add(answer) {
      for (const fingerprint of fingerprintsOf(answer)) index.set(fingerprint, [...answersWith(fingerprint), answer]);
    },
    remove(answer) {
      for (const fingerprint of fingerprintsOf(answer)) {
        const others = answersWith(fingerprint).filter((other) => other !== answer);
        if (others.length > 0) index.set(fingerprint, others);
        else index.delete(fingerprint);
      }
    },
  };
}

/** An upper estimate of the memory that an answer takes: two bytes a character, and the objects around it. */
function sizeOf({ records }: Answer): number {
  let bytes = 800;
  for (const record of records) bytes += 800 + 2 * charactersIn(Object.values(record));
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
