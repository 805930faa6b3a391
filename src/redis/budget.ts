import { randomBytes } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { DateTime } from 'luxon';
import { LookupFailure } from '../records/failure.js';
import type { Observe } from '../records/events.js';
import type { DayBudget, DayBudgetState } from '../records/limits.js';
import { defineScript } from './connection.js';
import type { Link, Log } from './connection.js';

export interface SharedBudgetOptions {
  readonly link: Link;
  /** Names the account's counts in Redis. */
  readonly name: string;
  /** Calls a day; undefined: counted, not limited. */
  readonly limit: number | undefined;
  /** Of the account's day, a name that luxon knows: "America/Bogota" or "UTC-5". */
  readonly timeZone: string;
  readonly whenDown: 'closed' | 'local';
  /** How many replicas were last known. */
  readonly memberCount: () => number;
  readonly observe: Observe;
  readonly log: Log;
}

export interface SharedBudget extends DayBudget {
  /** Adds what was spent while Redis was away, and what it may have forgotten. */
  readonly sync: () => Promise<void>;
  readonly close: () => void;
}

/** Added to the count while Wolkvox refuses, so that one step tells both. No account has so many calls a day. */
const REFUSED = 1_000_000_000_000;
/** While Wolkvox says that the day is used up, one call an hour tries whether it still does. */
const PROBE_MS = 3_600_000;
/** A count starts here, so that a count of nothing is told from one that Redis has lost. */
const START = 1;
/** Where a replica may go on alone, what it knows of the others' calls must not be older than this. */
const REFRESH_MS = 5_000;
/** After so many losses in a row a call is not made. */
const TRIES_MAX = 5;
const KEEP_MS = 2 * 24 * 3_600_000;
/** Percents of the limit that are reported when they are passed. */
const WARN_AT = [100, 95, 80] as const;

/**
 * The day's count lives under a name that holds its era: a count that Redis has lost, or has put back to an earlier state, shows in
 * the first call that is counted, and is then made good from what the replicas know. KEYS[1] is the count, KEYS[2] the hour's
 * probe. ARGV: act, first and last millisecond of the day, limit or -1, the count that is known here.
 *
 * Answers { status, count, 1 while Wolkvox refuses, Redis's time in ms }. "other day": the caller's idea of the day is wrong by
 * Redis's clock; "lost": Redis has lost counts. Neither has changed anything.
 */
const countScript = defineScript(`
local refusedMark, start = ${REFUSED}, ${START}
local act, from, to, limit, known = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if now < from or now >= to then return { 'other day', 0, 0, now } end

local function add(calls)
  return redis.call('INCRBY', KEYS[1], string.format('%.0f', calls))
end

local calls = act == 'spend' and 1 or 0
local raw = add(calls)
local refused = raw >= refusedMark
local spent = (refused and raw - refusedMark or raw) - start
if raw <= calls then
  redis.call('DEL', KEYS[1])
  return { 'lost', 0, 0, now }
end
if spent < known + calls then
  add(-calls)
  return { 'lost', 0, 0, now }
end
local status = 'ok'
if act == 'spend' then
  if refused then
    if not redis.call('SET', KEYS[2], '1', 'NX', 'PX', ${PROBE_MS}) then status = 'refused' end
  elseif limit >= 0 and spent > limit then
    status = 'used up'
  end
  if status ~= 'ok' then
    add(-1)
    spent = spent - 1
  end
elseif act == 'exhausted' and not refused then
  add(refusedMark)
  redis.call('SET', KEYS[2], '1', 'PX', ${PROBE_MS})
  refused = true
elseif act == 'accepted' and refused then
  add(-refusedMark)
  redis.call('DEL', KEYS[2])
  refused = false
end
return { status, spent, refused and 1 or 0, now }
`);

/**
 * Opens a day's count, or puts right what Redis has lost of it. KEYS[1] holds the era: its name, and how much of the count was
 * carried over from eras before. ARGV: the count's name without the era, the era that is known here or '', a name for a new one, the
 * count that is known here, calls to add that Redis does not know, 1 where Wolkvox is known to refuse.
 *
 * Answers { era, count, 1 while Wolkvox refuses, Redis's time in ms }.
 */
const openScript = defineScript(`
local refusedMark, start = ${REFUSED}, ${START}
local prefix, knownEra, newEra = ARGV[1], ARGV[2], ARGV[3]
local known, more, refuses = tonumber(ARGV[4]), tonumber(ARGV[5]), ARGV[6] == '1'
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local era, carried = string.match(redis.call('GET', KEYS[1]) or '', '^(%S+) (%d+)$')
local raw = era and redis.call('GET', prefix .. era)
if not raw then
  era, carried, raw = newEra, 0, start
end
carried, raw = tonumber(carried), tonumber(raw)
local refused = raw >= refusedMark
local spent = (refused and raw - refusedMark or raw) - start
if knownEra ~= '' and knownEra ~= era then
  -- Each replica knows a part of what was counted before the loss; the highest holds the others.
  if known > carried then
    spent = spent + known - carried
    carried = known
  end
  refused = refused or refuses
elseif spent < known then
  spent = known
  refused = refused or refuses
end
spent = spent + more
redis.call('SET', KEYS[1], era .. ' ' .. string.format('%.0f', carried), 'PX', ${KEEP_MS})
redis.call('SET', prefix .. era, string.format('%.0f', spent + start + (refused and refusedMark or 0)), 'PX', ${KEEP_MS})
return { era, spent, refused and 1 or 0, now }
`);

export const budgetScripts = [countScript, openScript];

interface Day {
  readonly name: string;
  readonly from: number;
  readonly to: number;
  /** Under what name Redis counts it; undefined: not asked yet. */
  era: string | undefined;
  /** The count of all replicas, as Redis last told it. */
  known: number;
  /** Spent while Redis was away, not yet added to the shared count. */
  unshared: number;
  refused: boolean;
}

type Act = 'spend' | 'exhausted' | 'accepted';

/**
 * One count of the account's day over all replicas. The date is Redis's, so that a replica with a wrong clock neither counts into
 * another day nor opens a new one.
 */
export function createSharedBudget(options: SharedBudgetOptions): SharedBudget {
  const { link, name, limit, timeZone, whenDown, memberCount, observe, log } = options;
  let day = dayOf(link.now());
  /** A day that ended while Redis was away, with what was spent in it. */
  let former: Day | undefined;
  /** Calls left to this replica while Redis is away; undefined: none was made since. */
  let localLeft: number | undefined;
  /** What Wolkvox said of the day, while Redis has not been told. */
  let untold: 'exhausted' | 'accepted' | undefined;
  let warned = 0;
  let opening: Promise<void> | undefined;
  let refreshing: NodeJS.Timeout | undefined;

  function dayOf(instant: number): Day {
    const start = DateTime.fromMillis(instant, { zone: timeZone }).startOf('day');
    if (!start.isValid) throw new Error('Expected a time zone that luxon knows; it was another text.');
    return {
      name: start.toISODate(),
      from: start.toMillis(),
      to: start.plus({ days: 1 }).startOf('day').toMillis(),
      era: undefined,
      known: 0,
      unshared: 0,
      refused: false,
    };
  }

  function turnDay(instant: number): void {
    if (instant >= day.from && instant < day.to) return;
    if (day.unshared > 0) former = day;
    day = dayOf(instant);
    localLeft = undefined;
    untold = undefined;
    warned = 0;
  }

  /** Tells Redis what it may not know of a day, and learns what it knows. */
  async function open(which: Day): Promise<void> {
    const { unshared } = which;
    const sentAt = performance.now();
    const answer = readList(
      await link.run(
        openScript,
        [`${name}:era:${which.name}`],
        [
          `${name}:calls:${which.name}:`,
          which.era ?? '',
          randomBytes(6).toString('hex'),
          which.known,
          unshared,
          which.refused ? 1 : 0,
        ],
      ),
    );
    link.observeTime(Number(answer[3]), sentAt);
    which.era = String(answer[0]);
    which.unshared -= unshared;
    which.known = Math.max(which.known, Number(answer[1]));
    which.refused = Number(answer[2]) === 1;
    warn();
  }

  /** Several calls that find the day unopened open it once. */
  function openOnce(): Promise<void> {
    opening ??= open(day).finally(() => {
      opening = undefined;
    });
    return opening;
  }

  async function step(act: Act): Promise<string> {
    for (let tries = 1; ; tries += 1) {
      if (day.era === undefined) await openOnce();
      const which = day;
      const { era, known } = which;
      const sentAt = performance.now();
      const answer = readList(
        await link.run(
          countScript,
          [`${name}:calls:${which.name}:${era ?? ''}`, `${name}:probe:${which.name}`],
          [act, which.from, which.to, limit ?? -1, known],
        ),
      );
      const now = Number(answer[3]);
      link.observeTime(now, sentAt);
      const status = String(answer[0]);
      if (status === 'other day') {
        turnDay(now);
      } else if (status === 'lost') {
        // Unless another call has had it put right meanwhile.
        if (which.era === era) await openOnce();
      } else {
        which.known = Math.max(which.known, Number(answer[1]));
        which.refused = Number(answer[2]) === 1;
        warn();
        return status;
      }
      if (tries === TRIES_MAX)
        throw new Error('Expected Redis to keep the count of the day; it loses it again and again.');
    }
  }

  async function tell(act: 'exhausted' | 'accepted'): Promise<void> {
    untold = act;
    try {
      await step(act);
      untold = undefined;
    } catch (error) {
      // Told when Redis is back.
      report(error);
    }
  }

  async function sync(): Promise<void> {
    try {
      turnDay(link.now());
      localLeft = undefined;
      if (former !== undefined) await open(former);
      former = undefined;
      await openOnce();
      if (untold !== undefined) await tell(untold);
      if (whenDown === 'local' && limit !== undefined) {
        refreshing ??= setInterval(() => {
          if (link.server !== undefined) openOnce().catch(report);
        }, REFRESH_MS).unref();
      }
    } catch (error) {
      // The link calls again when it is up again.
      report(error);
    }
  }

  /** A link that is down has said so itself. */
  function report(error: unknown): void {
    if (link.server !== undefined) log.warn('redis.budget', { code: error instanceof Error ? error.name : 'unknown' });
  }

  function spendAlone(): void {
    turnDay(link.now());
    if (day.refused) throw usedUp();
    if (limit !== undefined) {
      localLeft ??= Math.floor(Math.max(0, limit - spent()) / Math.max(1, memberCount()));
      if (localLeft <= 0) throw usedUp();
      localLeft -= 1;
    }
    day.unshared += 1;
    warn();
  }

  function spent(): number {
    return day.known + day.unshared;
  }

  function usedUp(): LookupFailure {
    return new LookupFailure('UPSTREAM_QUOTA_EXHAUSTED', "The day's calls to Wolkvox are used up.", {
      retryAfterSeconds: Math.max(1, Math.ceil((day.to - link.now()) / 1_000)),
    });
  }

  function warn(): void {
    if (limit === undefined || limit === 0) return;
    const percent = WARN_AT.find((least) => spent() >= Math.ceil((limit * least) / 100));
    if (percent === undefined || percent <= warned) return;
    warned = percent;
    observe({ event: 'budget', percent, spent: spent(), limit });
  }

  return {
    async spend() {
      let status: string;
      try {
        status = await step('spend');
      } catch (error) {
        if (whenDown === 'local' && link.server === undefined) {
          spendAlone();
          return;
        }
        throw new LookupFailure(
          'UPSTREAM_UNAVAILABLE',
          "Expected to know how many of the day's calls are spent; the place where the replicas share that cannot be reached.",
          { retryAfterSeconds: 5, cause: error },
        );
      }
      if (status !== 'ok') throw usedUp();
    },
    async exhausted() {
      day.refused = true;
      await tell('exhausted');
    },
    async accepted() {
      if (!day.refused) return;
      day.refused = false;
      await tell('accepted');
    },
    get state(): DayBudgetState {
      // The next call turns the day; until then nobody shall read yesterday's count as today's.
      if (link.now() >= day.to) return { day: dayOf(link.now()).name, spent: 0, limit, exhaustedUntil: undefined };
      return { day: day.name, spent: spent(), limit, exhaustedUntil: day.refused ? day.to : undefined };
    },
    sync,
    close() {
      clearInterval(refreshing);
    },
  };
}

function readList(answer: unknown): readonly unknown[] {
  if (!Array.isArray(answer)) throw new TypeError('Expected a list from the script of the budget; it was none.');
  return answer;
}
