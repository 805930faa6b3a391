import { DateTime } from 'luxon';
import { LookupFailure, toRetryAfterSeconds } from '../core/failure.js';
import { checkDelayMs, quotaWarningPercent, type DailyQuota } from '../core/limits.js';
import type { Commands, Connection } from './connection.js';
import { prefixOf, type RedisOptions } from './options.js';

/** A count is kept longer than its day. */
const KEEP_MS = 2 * 24 * 3_600_000;
/** More than the steps of `checkDelayMs`; the last one is used again. */
const CHECK_DELAYS = Array.from({ length: 8 }, (_, checks) => checkDelayMs(checks));

/**
 * KEYS[1] is the hash of a day. `counted` and `returned` only grow, so after a loss of data the larger values of Redis
 * and the replica are right. `checks` is set while Wolkvox says that the day is used up.
 * ARGV: action, limit or -1, the replica's `counted` and `returned`, milliseconds to keep, delays of the checks.
 * Returns status, counted, returned, and the milliseconds to the next check or -1.
 */
const quotaScript = {
  name: 'quota',
  lua: `local action, limit = ARGV[1], tonumber(ARGV[2])
local stored = redis.call('HMGET', KEYS[1], 'counted', 'returned', 'checks', 'nextCheckAt')
local counted = math.max(tonumber(stored[1] or 0), tonumber(ARGV[3]))
local returned = math.max(tonumber(stored[2] or 0), tonumber(ARGV[4]))
local checks, nextCheckAt = tonumber(stored[3]), tonumber(stored[4])
local time = redis.call('TIME')
local now, status = time[1] * 1000 + math.floor(time[2] / 1000), 'done'
local function delayCheck()
  nextCheckAt = now + tonumber(ARGV[math.min(#ARGV, 6 + checks)])
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
elseif action == 'accept' then
  checks = nil
  redis.call('HDEL', KEYS[1], 'checks')
end
if action ~= 'read' or counted > tonumber(stored[1] or 0) then
  redis.call('HSET', KEYS[1], 'counted', counted, 'returned', returned)
  if checks then redis.call('HSET', KEYS[1], 'checks', checks, 'nextCheckAt', string.format('%.0f', nextCheckAt)) end
  redis.call('PEXPIRE', KEYS[1], ARGV[5])
end
return { status, counted, returned, checks and math.max(0, nextCheckAt - now) or -1 }`,
};

/** The daily quota of an account. Its day is that of Redis's clock in the account's zone. */
export function createSharedQuota(connection: Connection, options: RedisOptions): DailyQuota {
  const { account, dailyLimit: limit, zone, clock, observe } = options;
  /** The latest count that this replica has seen. */
  let latest = { day: '', counted: 0, returned: 0, isExhausted: false };
  let warned = { day: '', percent: 0 };
  connection.onHeartbeat((commands) => change('read', today(), commands));

  async function change(
    action: 'read' | 'consume' | 'give-back' | 'exhaust' | 'accept',
    day: string,
    commands: Commands = connection,
  ): Promise<{ readonly status: string; readonly checkInMs: number }> {
    const { counted, returned } = countOf(day);
    const key = `${prefixOf('account', account)}quota:${day}`;
    const args = [action, limit ?? -1, counted, returned, KEEP_MS, ...CHECK_DELAYS];
    // A call must not be given back twice.
    const isOnce = action === 'give-back';
    const run = isOnce
      ? commands.send('EVAL', quotaScript.lua, 1, key, ...args)
      : commands.run(quotaScript, [key], ...args);
    const [status, ...numbers] = (await run) as readonly unknown[];
    const [newCounted = 0, newReturned = 0, checkInMs = 0] = numbers.map(Number);
    if (day >= latest.day) latest = { day, counted: newCounted, returned: newReturned, isExhausted: checkInMs >= 0 };
    return { status: String(status), checkInMs };
  }

  function countOf(day: string): typeof latest {
    return latest.day === day ? latest : { day, counted: 0, returned: 0, isExhausted: false };
  }

  function now(): DateTime {
    return DateTime.fromMillis(clock.epochMs(), { zone });
  }

  function today(): string {
    return now().toFormat('yyyy-MM-dd');
  }

  /** The replica whose call passes a threshold reports it. */
  function warn({ day, counted, returned }: typeof latest): void {
    const used = counted - returned;
    const percent = quotaWarningPercent(used, limit);
    if (limit === undefined || percent === 0 || percent === quotaWarningPercent(used - 1, limit)) return;
    if (warned.day === day && warned.percent >= percent) return;
    warned = { day, percent };
    observe({ event: 'quota.warning', percent, used, limit });
  }

  return {
    async consume() {
      const day = today();
      const { status, checkInMs } = await change('consume', day);
      const isUsed = status === 'used';
      const untilTomorrowMs = now().startOf('day').plus({ days: 1 }).diff(now()).toMillis();
      const retryAfterSeconds = toRetryAfterSeconds(isUsed ? untilTomorrowMs : checkInMs);
      if (status !== 'done') throw new LookupFailure(isUsed ? 'quota-used' : 'quota-exhausted', { retryAfterSeconds });
      warn(countOf(day));
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
    state() {
      const { day, counted, returned, isExhausted } = countOf(today());
      return { day, used: counted - returned, limit, isExhausted };
    },
  };
}
