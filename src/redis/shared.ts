import type { Observe } from '../records/events.js';
import { LookupFailure } from '../records/failure.js';
import type { DayBudget, Places } from '../records/limits.js';
import type { Person } from '../records/person.js';
import type { Freshness, RecordSource } from '../records/source.js';
import { createSharedAnswers } from './answers.js';
import { answersScripts } from './answers-script.js';
import { budgetScripts, createSharedBudget } from './budget.js';
import { createLink } from './connection.js';
import type { Log } from './connection.js';
import { createSharedPlaces } from './places.js';
import { placesScript } from './places-script.js';
import { createForgetting } from './forgetting.js';
import { createSealing } from './sealing.js';
import { timingsFor } from './timings.js';
import type { Timings } from './timings.js';

export interface SharedOptions {
  /** `redis://` or `rediss://`, with user and password where there are any. */
  readonly url: string;
  /** The account's server. Several accounts can share a Redis. */
  readonly account: string;
  /** The places belong to the token; the day's count and the answers to the account. */
  readonly token: string;
  /** Key names and values in Redis are derived from it; replicas that share must have the same one. */
  readonly secret: string;
  /** Calls that the token may make at once. */
  readonly concurrency: 1 | 2;
  /** The longest that a call takes, from its start. */
  readonly callTimeoutMs: number;
  /** Calls a day; undefined: counted, not limited. */
  readonly dailyLimit: number | undefined;
  /** Of the account's day, a name that luxon knows. */
  readonly timeZone: string;
  readonly freshness: Freshness;
  /** Without Redis: `closed` fails every call, `local` lets each replica go on with its share of the limits. */
  readonly whenDown: 'closed' | 'local';
  readonly log: Log;
  readonly observe?: Observe;
  /** The clock that `Answer.fetchedAt` is read from; the machine's by default. Nothing else here reads it. */
  readonly now?: () => number;
  /** Other durations than the usual ones. */
  readonly timings?: Partial<Timings>;
}

/** What the replicas of one token share through Redis. */
export interface Shared {
  readonly places: Places;
  readonly budget: DayBudget;
  /** Puts the shared cache, and one flight over all replicas, in front of a source. */
  around(source: RecordSource): RecordSource;
  /**
   * Erases every answer about a person, and tells every replica to; this one too.
   *
   * @returns how many answers Redis had
   * @throws LookupFailure UPSTREAM_UNAVAILABLE where Redis is away
   */
  forget(person: Person): Promise<number>;
  /** Called in every replica, this one too, on `forget`. */
  onForget(listener: (person: Person) => void): void;
  readonly health: 'up' | 'down';
  /** Connects; resolves after two seconds at the latest, even where Redis is away. */
  start(): Promise<void>;
  /** Gives back the places, waits for what is to be stored, and disconnects. */
  close(): Promise<void>;
}

export function createShared(options: SharedOptions): Shared {
  const { account, token, concurrency, whenDown, log, observe = () => undefined } = options;
  const sealing = createSealing(options.secret);
  const link = createLink({ url: options.url, scripts: [placesScript, ...budgetScripts, ...answersScripts], log });
  const nameOf = (what: string, ...owner: readonly string[]): string =>
    `campaign-subgraph:{${sealing.nameOf(what, ...owner)}}`;
  const places = createSharedPlaces({
    link,
    name: nameOf('places', account, token),
    concurrency,
    whenDown,
    timings: { ...timingsFor(options.callTimeoutMs), ...options.timings },
    log,
  });
  const budget = createSharedBudget({
    link,
    name: nameOf('budget', account),
    limit: options.dailyLimit,
    timeZone: options.timeZone,
    whenDown,
    memberCount: () => places.members.length,
    observe,
    log,
  });
  const answers = createSharedAnswers({
    link,
    sealing,
    name: nameOf('answers', account),
    replica: places.replica,
    freshness: options.freshness,
    callTimeoutMs: options.callTimeoutMs,
    clock: options.now ?? Date.now,
    observe,
    log,
  });
  const forgetting = createForgetting({ link, sealing, name: nameOf('answers', account) });
  forgetting.onForget(() => answers.forgetUnderWay());
  link.onUp(() => void budget.sync());

  return {
    places,
    budget,
    around: (source) => answers.around(source),
    async forget(person) {
      try {
        return await forgetting.forget(person);
      } catch (cause) {
        const message = 'Redis is away: what it keeps of the person cannot be erased now.';
        throw new LookupFailure('UPSTREAM_UNAVAILABLE', message, { cause });
      }
    },
    onForget: (listener) => forgetting.onForget(listener),
    get health() {
      return link.server === undefined ? 'down' : 'up';
    },
    start: () => link.start(),
    async close() {
      budget.close();
      await Promise.all([places.close(), answers.close()]);
      await link.close();
    },
  };
}
