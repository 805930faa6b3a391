import { randomBytes } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { LookupFailure } from '../records/failure.js';
import type { FailureCode } from '../records/failure.js';
import type { Observe } from '../records/events.js';
import { lookupKey } from '../records/lookup.js';
import type { Lookup } from '../records/lookup.js';
import { isFresh, mayStandIn } from '../records/source.js';
import type { Answer, Asking, Freshness, RecordSource } from '../records/source.js';
import { beginScript, deposeScript, endScript } from './answers-script.js';
import type { Link, Log } from './connection.js';
import { openAnswer } from './forgetting.js';
import type { Sealing } from './sealing.js';

export interface SharedAnswersOptions {
  readonly link: Link;
  readonly sealing: Sealing;
  /** Names the account's answers in Redis. */
  readonly name: string;
  /** This process; the channel `<name>:<replica>` is heard by it alone. */
  readonly replica: string;
  readonly freshness: Freshness;
  readonly callTimeoutMs: number;
  /** The clock that `Answer.fetchedAt` is read from. */
  readonly clock: () => number;
  readonly observe: Observe;
  readonly log: Log;
}

export interface SharedAnswers {
  around(source: RecordSource): RecordSource;
  /** What is under way has been asked before somebody was forgotten: it is not stored. */
  forgetUnderWay(): void;
  /** Waits until what was found is stored and told. */
  close(): Promise<void>;
}

/** Equal questions whose calls may be under way at once, one begun later than the other. Wolkvox takes two; a third may wait. */
const FLIGHTS = 3;
/** Somebody who waits for another replica's call looks so often whether that replica lives. */
const WATCH_MS = 2_000;
const FIRST_WATCH_MS = 1_000;
/** A flight's lock outlives the call and the wait before it by this. */
const LOCK_MARGIN_MS = 5_000;
/** After so many flights that ended without an answer for a question, it goes its own way. */
const TRIES_MAX = 8;
const ENDED_MAX = 1_000;

/** Failures that tell of the question or of Wolkvox; the others are the leader's own, and whoever waited asks anew. */
const IS_SHARED: Readonly<Record<FailureCode, boolean>> = {
  BAD_USER_INPUT: true,
  UPSTREAM_TIMEOUT: true,
  UPSTREAM_BUSY: false,
  UPSTREAM_QUOTA_EXHAUSTED: true,
  UPSTREAM_UNAVAILABLE: true,
  UPSTREAM_REFUSED: true,
  UPSTREAM_MALFORMED: true,
  TOO_MANY_LOOKUPS: false,
  RESULT_TOO_LARGE: true,
};

/** How another replica's call ended. `open`: without anything to share; ask anew. */
type Ending = { readonly kind: 'answered' | 'open' } | { readonly kind: 'failed'; readonly failure: LookupFailure };

/** A call of another replica that somebody here waits for. */
interface Joined {
  readonly leader: string;
  readonly lockKeys: readonly string[];
  readonly since: number;
  readonly waiting: Set<(ending: Ending) => void>;
}

/** An answer as Redis keeps it, with the flight that brought it and when that was sent, on Redis's clock. */
interface Kept {
  readonly answer: Answer;
  readonly flight: string;
  readonly sentAt: number;
}

interface Flight {
  readonly id: string;
  readonly answerKey: string;
  /** Undefined: nobody can join. */
  readonly lockKey: string | undefined;
  readonly lockMs: number;
  readonly askedAt: number;
}

/**
 * The second level of the cache, and one flight for equal questions over all replicas. Where Redis is away it is as if this were
 * not there.
 */
export function createSharedAnswers(options: SharedAnswersOptions): SharedAnswers {
  const { link, sealing, name, replica, freshness, callTimeoutMs, clock, observe, log } = options;
  const keepMs = freshness.freshMs + freshness.staleMs;
  const joined = new Map<string, Joined>();
  /** Endings that were told before the answer to the question came that joined their flight; the oldest first. */
  const ended = new Map<string, Ending>();
  const ending = new Set<Promise<void>>();
  let forgotten = 0;
  let watchTimer: NodeJS.Timeout | undefined;

  link.listen(`${name}:${replica}`, (message) => {
    const [flight = ''] = message.split(' ', 1);
    const outcome = readEnding(message.slice(flight.length + 1));
    ended.set(flight, outcome);
    const [oldest] = ended.keys();
    if (ended.size > ENDED_MAX && oldest !== undefined) ended.delete(oldest);
    settle(flight, outcome);
  });
  // What was told meanwhile is lost.
  link.onDown(() => {
    for (const flight of [...joined.keys()]) settle(flight, { kind: 'open' });
  });

  function hashOf(key: string): string {
    return sealing.nameOf('answer', name, key);
  }

  async function find(source: RecordSource, lookup: Lookup, asking: Asking): Promise<Answer> {
    const hash = hashOf(lookupKey(lookup));
    const answerKey = `${name}:answer:${hash}`;
    const lockKeys = Array.from({ length: FLIGHTS }, (_, i) => `${name}:flight:${hash}:${i}`);
    for (let tries = 1; ; tries += 1) {
      const begun = tries > TRIES_MAX ? undefined : await begin(answerKey, lockKeys, asking);
      if (begun === undefined) return source.find(lookup, asking);
      const { flight, turn, lock, kept } = begun;
      if (turn === 'answer') {
        // Who has joined since may want a younger one.
        if (kept !== undefined && asking.maxAgeMs !== begun.maxAgeMs) continue;
        if (kept !== undefined) return shared(kept);
        await quietly(link.send('UNLINK', answerKey));
      } else if (turn === 'join') {
        const [joinedFlight = '', leader = ''] = lock.split(' ');
        // When the leader sends is not told here; from now on the answer may miss what changes.
        asking.onSent();
        const outcome = await join(joinedFlight, leader, lockKeys, flight.lockMs, asking);
        if (outcome.kind === 'open') continue;
        const told = await read(answerKey, await quietly(link.sendBinary('GET', answerKey)));
        if (told !== undefined && serves(told, joinedFlight, flight.askedAt, asking)) return shared(told);
        if (outcome.kind === 'failed') return standIn(outcome.failure, told, asking);
      } else {
        return lead(source, lookup, asking, flight, kept);
      }
    }
  }

  interface Begun {
    readonly flight: Flight;
    readonly turn: string;
    readonly lock: string;
    readonly kept: Kept | undefined;
    readonly maxAgeMs: number | undefined;
  }

  /** Undefined when Redis is away. */
  async function begin(answerKey: string, lockKeys: readonly string[], asking: Asking): Promise<Begun | undefined> {
    const server = link.server;
    if (server === undefined) return undefined;
    const id = randomBytes(9).toString('hex');
    // At the latest; what is kept tells when it was fetched and sent at the earliest. So no answer passes for younger than it is.
    const askedAt = link.now() + link.clockErrorMs;
    const lockMs = Math.ceil(Math.max(asking.deadline - clock(), callTimeoutMs)) + LOCK_MARGIN_MS;
    const { maxAgeMs } = asking;
    try {
      const reply = await link.runBinary(
        beginScript,
        [answerKey, ...lockKeys],
        [
          `${id} ${server.clientId}`,
          lockMs,
          Math.ceil(askedAt - Math.min(freshness.freshMs, maxAgeMs ?? Infinity)),
          maxAgeMs === undefined ? '' : Math.floor(askedAt - maxAgeMs),
          replica,
          `${name}:sent:`,
        ],
      );
      if (!Array.isArray(reply)) throw new TypeError('Expected a list from the begin script; it was none.');
      const [turn, value, lockNumber] = reply as readonly unknown[];
      const turnName = String(turn);
      return {
        flight: {
          id,
          answerKey,
          lockKey: turnName === 'lead' ? lockKeys[Number(lockNumber) - 1] : undefined,
          lockMs,
          askedAt,
        },
        turn: turnName,
        lock: turnName === 'join' ? String(value) : '',
        kept: turnName === 'join' ? undefined : await read(answerKey, value),
        maxAgeMs,
      };
    } catch (error) {
      report(error);
      return undefined;
    }
  }

  async function lead(
    source: RecordSource,
    lookup: Lookup,
    asking: Asking,
    flight: Flight,
    kept: Kept | undefined,
  ): Promise<Answer> {
    let sentAt: number | undefined;
    const watched: Asking = {
      // The circumstances are live, so they are passed on, not copied.
      get operations() {
        return asking.operations;
      },
      get deadline() {
        return asking.deadline;
      },
      get signal() {
        return asking.signal;
      },
      get maxAgeMs() {
        return asking.maxAgeMs;
      },
      onSent() {
        if (sentAt === undefined) {
          sentAt = link.now() - link.clockErrorMs;
          if (flight.lockKey !== undefined) {
            void quietly(link.send('SET', `${name}:sent:${flight.id}`, Math.floor(sentAt), 'PX', flight.lockMs));
          }
        }
        asking.onSent();
      },
    };
    const forgottenBefore = forgotten;
    try {
      const answer = await source.find(lookup, watched);
      if (forgotten > forgottenBefore) end(flight, 'open', undefined);
      else end(flight, 'answered', { answer, flight: flight.id, sentAt: sentAt ?? flight.askedAt });
      return answer;
    } catch (error) {
      const isShared = error instanceof LookupFailure && IS_SHARED[error.code] && !asking.signal.aborted;
      end(flight, isShared ? tellingOf(error) : 'open', undefined);
      if (error instanceof LookupFailure) return standIn(error, kept, asking);
      throw error;
    }
  }

  /** Stores an answer and tells who waits; the caller has its answer without waiting for that. */
  function end(flight: Flight, telling: string, kept: Kept | undefined): void {
    if (link.server === undefined || (flight.lockKey === undefined && kept === undefined)) return;
    const work = (async () => {
      const forgottenBefore = forgotten;
      const sealed = kept === undefined ? [] : await write(flight.answerKey, kept);
      // Sealing takes a moment in which somebody may be forgotten.
      const stored = forgotten === forgottenBefore ? sealed : [];
      await link.run(
        endScript,
        [flight.answerKey, flight.lockKey ?? `${name}:flight:none`],
        [flight.id, `${name}:`, `${flight.id} ${telling}`, ...stored],
      );
    })()
      .catch(report)
      .finally(() => ending.delete(work));
    ending.add(work);
  }

  function join(
    flight: string,
    leader: string,
    lockKeys: readonly string[],
    patienceMs: number,
    asking: Asking,
  ): Promise<Ending> {
    const early = ended.get(flight);
    if (early !== undefined) return Promise.resolve(early);
    return new Promise((resolve, reject) => {
      const entry = joined.get(flight) ?? { leader, lockKeys, since: performance.now(), waiting: new Set() };
      joined.set(flight, entry);
      const leave = (): void => {
        asking.signal.removeEventListener('abort', onAbort);
        clearTimeout(patience);
        entry.waiting.delete(tell);
        if (entry.waiting.size === 0 && joined.get(flight) === entry) joined.delete(flight);
      };
      const tell = (outcome: Ending): void => {
        leave();
        resolve(outcome);
      };
      const onAbort = (): void => {
        leave();
        const reason: unknown = asking.signal.reason;
        reject(
          reason instanceof Error
            ? reason
            : new LookupFailure('UPSTREAM_TIMEOUT', 'Nobody waits for the answer any more.'),
        );
      };
      // A frozen leader tells nothing; by then its lock is gone.
      const patience = setTimeout(tell, patienceMs, { kind: 'open' }).unref();
      entry.waiting.add(tell);
      if (asking.signal.aborted) {
        onAbort();
        return;
      }
      asking.signal.addEventListener('abort', onAbort, { once: true });
      watchSoon(FIRST_WATCH_MS);
    });
  }

  function settle(flight: string, outcome: Ending): void {
    for (const tell of [...(joined.get(flight)?.waiting ?? [])]) tell(outcome);
  }

  function watchSoon(afterMs: number): void {
    watchTimer ??= setTimeout(() => {
      watchTimer = undefined;
      void watch();
    }, afterMs).unref();
  }

  /** Looks whether the leaders live whose calls are waited for here; a dead one's flight is open to the next. */
  async function watch(): Promise<void> {
    const server = link.server;
    if (server === undefined || joined.size === 0) return;
    const old = [...joined].filter(([, entry]) => performance.now() - entry.since >= FIRST_WATCH_MS / 2);
    try {
      const leaders = [...new Set(old.map(([, entry]) => entry.leader))];
      const list = leaders.length === 0 ? '' : String(await link.send('CLIENT', 'LIST', 'ID', ...leaders));
      const alive = new Set([...list.matchAll(/^id=(\d+) /gm)].map(([, id]) => id));
      for (const [flight, entry] of old) {
        if (alive.has(entry.leader)) continue;
        await link.run(deposeScript, entry.lockKeys, [flight]);
        settle(flight, { kind: 'open' });
      }
    } catch (error) {
      report(error);
    }
    if (joined.size > 0) watchSoon(WATCH_MS);
  }

  /** Whether what Redis now has is the answer that was waited for, or another that is as good. */
  function serves(told: Kept, flight: string, askedAt: number, asking: Asking): boolean {
    const { maxAgeMs } = asking;
    if (maxAgeMs === undefined && told.flight === flight) return true;
    if (maxAgeMs !== undefined && told.sentAt > askedAt - maxAgeMs) return true;
    return isFresh(told.answer, freshness, maxAgeMs, clock());
  }

  function standIn(failure: LookupFailure, kept: Kept | undefined, asking: Asking): Answer {
    const may =
      kept !== undefined && failure.isUpstream && mayStandIn(kept.answer, freshness, asking.maxAgeMs, clock());
    if (!may) throw failure;
    observe({ event: 'answer', from: 'stale', because: failure.code });
    return kept.answer;
  }

  function shared(kept: Kept): Answer {
    observe({ event: 'answer', from: 'shared' });
    return kept.answer;
  }

  /** Clocks of replicas differ: instants are kept on Redis's clock, ahead of the sealed answer as plain text too. */
  async function write(answerKey: string, kept: Kept): Promise<readonly [keepMs: number, value: Buffer]> {
    const ageMs = Math.max(0, clock() - kept.answer.fetchedAt);
    const fetchedAt = Math.floor(link.now() - link.clockErrorMs - ageMs);
    const content = { records: kept.answer.records, fetchedAt, flight: kept.flight, sentAt: kept.sentAt };
    const sealed = await sealing.seal(answerKey, JSON.stringify(content));
    return [Math.max(1, Math.ceil(keepMs - ageMs)), Buffer.concat([Buffer.from(`${fetchedAt} `), sealed])];
  }

  async function read(answerKey: string, value: unknown): Promise<Kept | undefined> {
    const text = await openAnswer(sealing, answerKey, value);
    if (text === undefined) return undefined;
    // What this secret has sealed, this service has written.
    const { records, fetchedAt, flight, sentAt } = JSON.parse(text) as Answer & { flight: string; sentAt: number };
    const localFetchedAt = Math.round(clock() - Math.max(0, link.now() - fetchedAt));
    return { answer: { records, fetchedAt: localFetchedAt }, flight, sentAt };
  }

  async function quietly(sending: Promise<unknown>): Promise<unknown> {
    try {
      return await sending;
    } catch (error) {
      report(error);
      return undefined;
    }
  }

  /** A link that is down has said so itself. */
  function report(error: unknown): void {
    if (link.server !== undefined) log.warn('redis.answers', { code: error instanceof Error ? error.name : 'unknown' });
  }

  return {
    around(source) {
      // Where nothing is kept there is nothing to share but the call, and that the process shares by itself.
      return freshness.freshMs === 0 ? source : { find: (lookup, asking) => find(source, lookup, asking) };
    },
    forgetUnderWay() {
      forgotten += 1;
    },
    async close() {
      clearTimeout(watchTimer);
      await Promise.all(ending);
    },
  };
}

function tellingOf(failure: LookupFailure): string {
  const { code, message, retryAfterSeconds } = failure;
  return JSON.stringify({ code, message, retryAfterSeconds });
}

function readEnding(telling: string): Ending {
  if (telling === 'answered') return { kind: 'answered' };
  if (telling === 'open') return { kind: 'open' };
  // Told by `tellingOf` of another replica.
  const { code, message, retryAfterSeconds } = JSON.parse(telling) as Pick<
    LookupFailure,
    'code' | 'message' | 'retryAfterSeconds'
  >;
  return { kind: 'failed', failure: new LookupFailure(code, message, { retryAfterSeconds }) };
}
