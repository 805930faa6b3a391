import { DateTime } from 'luxon';
import { LookupFailure, toRetryAfterSeconds } from '../core/failure.js';
import { MIDNIGHT_MARGIN_MS, checkDelayMs, quotaWarningPercent } from '../core/limits.js';
import type { DailyQuota } from '../core/limits.js';
import type { Commands, Connection } from './connection.js';
import { prefixOf, type RedisOptions } from './options.js';

/** A count is kept longer than its day. */
const KEEP_MS = 2 * 24 * 3_600_000;
/** More than the steps of `checkDelayMs`; the last one is used again. */
const CHECK_DELAYS = Array.from({ length: 8 }, (_, checks) => checkDelayMs(checks));

/**
 * KEYS[1] is the hash of a day. `counted` and `returned` only grow, so after a loss of data the larger values of Redis
 * and the replica are right. `checks` is set while Wolkvox says that the day is used up. `limit` is the one that
 * Wolkvox names; a replica that knows it takes it into the next day. `others` are the calls of other programs that
 * syncs have found; it only grows, too.
 * ARGV: action, configured limit or -1, the replica's `counted` and `returned`, milliseconds to keep, limit that
 * Wolkvox names or -1, calls that Wolkvox has counted or -1, the replica's `others` or -1, delays of the checks.
 * Returns status, counted, returned, the milliseconds to the next check or -1, and the limit of Wolkvox and `others`,
 * each -1 if it is unknown.
 */
const quotaScript = {
  name: 'quota',
  lua: `local action, limit = ARGV[1], tonumber(ARGV[2])
local stored = redis.call('HMGET', KEYS[1], 'counted', 'returned', 'checks', 'nextCheckAt', 'limit', 'others')
local counted = math.max(tonumber(stored[1] or 0), tonumber(ARGV[3]))
local returned = math.max(tonumber(stored[2] or 0), tonumber(ARGV[4]))
local checks, nextCheckAt = tonumber(stored[3]), tonumber(stored[4])
local others = math.max(tonumber(stored[6] or -1), tonumber(ARGV[8]))
local named = action ~= 'sync' and tonumber(stored[5]) or tonumber(ARGV[6])
if limit < 0 then limit = named end
local time = redis.call('TIME')
local now, status = time[1] * 1000 + math.floor(time[2] / 1000), 'done'
local function delayCheck()
  nextCheckAt = now + tonumber(ARGV[math.min(#ARGV, 9 + checks)])
  checks = checks + 1
end
if action == 'consume' then
  if checks and nextCheckAt > now then
    status = 'exhausted'
  elseif limit >= 0 and counted - returned >= limit then
    status = 'used'
  else
    counted = counted + 1
    if checks then delayCheck() end
  end
elseif action == 'give-back' then
  returned = math.min(counted, returned + 1)
elseif action == 'exhaust' and checks then
  status = 'known'
elseif action == 'exhaust' then
  checks = 0
  delayCheck()
elseif action == 'sync' and tonumber(ARGV[7]) >= 0 then
  local unknown = math.max(0, returned + tonumber(ARGV[7]) - counted)
  counted = counted + unknown
  others = math.max(0, others) + unknown
elseif action == 'accept' then
  checks = nil
  redis.call('HDEL', KEYS[1], 'checks')
end
if action ~= 'read' or counted > tonumber(stored[1] or 0) then
  redis.call('HSET', KEYS[1], 'counted', counted, 'returned', returned)
  if named >= 0 then redis.call('HSET', KEYS[1], 'limit', named) end
  if others >= 0 then redis.call('HSET', KEYS[1], 'others', others) end
  if checks then redis.call('HSET', KEYS[1], 'checks', checks, 'nextCheckAt', string.format('%.0f', nextCheckAt)) end
  redis.call('PEXPIRE', KEYS[1], ARGV[5])
end
return { status, counted, returned, checks and math.max(0, nextCheckAt - now) or -1, named, others }`,
};

/** The daily quota of an account. Its day is that of Redis's clock in the account's zone. */
export function createSharedQuota(connection: Connection, options: RedisOptions): DailyQuota {
  const { account, dailyLimit, zone, clock, observe } = options;
  /** The latest count that this replica has seen. */
  let latest = { day: '', counted: 0, returned: 0, others: -1, isExhausted: false };
  /** The limit that Wolkvox names; -1: it is not known. */
  let namedLimit = -1;
  let warned = { day: '', percent: 0 };
  connection.onHeartbeat((commands) => change('read', today(), commands));

  async function change(
    action: 'read' | 'consume' | 'give-back' | 'exhaust' | 'accept' | 'sync',
    day: string,
    commands: Commands = connection,
    figures = { limit: namedLimit, used: -1 },
  ): Promise<{ readonly status: string; readonly checkInMs: number }> {
    const { counted, returned, others } = countOf(day);
    const key = `${prefixOf('account', account)}quota:${day}`;
    const { limit: named, used } = figures;
    const args = [action, dailyLimit ?? -1, counted, returned, KEEP_MS, named, used, others, ...CHECK_DELAYS];
    // A call must not be given back twice.
    const isOnce = action === 'give-back';
    const run = isOnce
      ? commands.send('EVAL', quotaScript.lua, 1, key, ...args)
      : commands.run(quotaScript, [key], ...args);
    const [status, ...numbers] = (await run) as readonly unknown[];
    const [newCounted = 0, newReturned = 0, checkInMs = 0, newLimit = -1, newOthers = -1] = numbers.map(Number);
    namedLimit = newLimit;
    if (day >= latest.day) {
      const isExhausted = checkInMs >= 0;
      latest = { day, counted: newCounted, returned: newReturned, others: newOthers, isExhausted };
    }
    return { status: String(status), checkInMs };
  }

  function countOf(day: string): typeof latest {
    return latest.day === day ? latest : { day, counted: 0, returned: 0, others: -1, isExhausted: false };
  }

  function limit(): number | undefined {
    return dailyLimit ?? (namedLimit < 0 ? undefined : namedLimit);
  }

  function now(): DateTime {
    return DateTime.fromMillis(clock.epochMs(), { zone });
  }

  function startOfTomorrow(): DateTime {
    return now().startOf('day').plus({ days: 1 });
  }

  function today(): string {
    return now().toFormat('yyyy-MM-dd');
  }

  /** The replica whose call, or whose sync, passes a threshold reports it. */
  function warn({ day, counted, returned }: typeof latest, usedBefore: number): void {
    const used = counted - returned;
    const reached = limit();
    const percent = quotaWarningPercent(used, reached);
    if (reached === undefined || percent === 0 || percent === quotaWarningPercent(usedBefore, reached)) return;
    if (warned.day === day && warned.percent >= percent) return;
    warned = { day, percent };
    observe({ event: 'quota.warning', percent, used, limit: reached });
  }

  return {
    async consume() {
      const day = today();
      const { status, checkInMs } = await change('consume', day);
      const isUsed = status === 'used';
      const untilTomorrowMs = startOfTomorrow().diff(now()).toMillis();
      const retryAfterSeconds = toRetryAfterSeconds(isUsed ? untilTomorrowMs : checkInMs);
      if (status !== 'done') throw new LookupFailure(isUsed ? 'quota-used' : 'quota-exhausted', { retryAfterSeconds });
      const count = countOf(day);
      warn(count, count.counted - count.returned - 1);
      return day;
    },
    async giveBack(day) {
      await change('give-back', day);
    },
    async markExhausted(day) {
      const { status, checkInMs } = await change('exhaust', day);
      if (status === 'done') observe({ event: 'quota.exhausted', ms: checkInMs });
      return checkInMs;
    },
    async markAccepted(day) {
      if (countOf(day).isExhausted) await change('accept', day);
    },
    async sync({ limit: named = namedLimit, used = -1 }) {
      const day = today();
      const isOfToday = day === now().minus(MIDNIGHT_MARGIN_MS).toFormat('yyyy-MM-dd');
      await change('sync', day, connection, { limit: named, used: isOfToday ? used : -1 });
      warn(countOf(day), 0);
    },
    state() {
      const { day, counted, returned, others, isExhausted } = countOf(today());
      const usedByOthers = others < 0 ? undefined : others;
      const resetsAt = startOfTomorrow().toMillis();
      return { day, used: counted - returned, limit: limit(), usedByOthers, resetsAt, isExhausted };
    },
  };
}
