import { defineScript } from './connection.js';

/**
 * KEYS: the answer, the locks of flights. ARGV: new lock, its lease in ms, how old an answer may be as the earliest fetchedAt
 * (Redis's clock), latest instant at which a flight that is joined may not yet have been sent, this replica, prefix of the marks
 * of sent calls. A lock is `<flight> <client id> <replicas that wait>…`.
 * Answers { 'answer', value }, { 'lead', value or '', number of the lock }, { 'join', lock } or { 'alone', value or '' }.
 */
export const beginScript = defineScript(`
local value = redis.call('GET', KEYS[1])
if value and tonumber(string.match(value, '^(%d+) ')) > tonumber(ARGV[3]) then return { 'answer', value } end
for i = 2, #KEYS do
  if redis.call('SET', KEYS[i], ARGV[1], 'NX', 'PX', ARGV[2]) then return { 'lead', value or '', i - 1 } end
  local lock = redis.call('GET', KEYS[i])
  local sentAt = ARGV[4] ~= '' and redis.call('GET', ARGV[6] .. string.match(lock, '^%S+'))
  if not sentAt or tonumber(sentAt) > tonumber(ARGV[4]) then
    if not string.find(lock, ' ' .. ARGV[5], 1, true) then redis.call('APPEND', KEYS[i], ' ' .. ARGV[5]) end
    return { 'join', lock }
  end
end
return { 'alone', value or '' }
`);

/**
 * KEYS: the answer, the flight's lock. ARGV: flight, prefix of the replicas' channels, message, how long the answer is kept in
 * ms, the answer (the last two only where there is one). Tells every replica that waits.
 */
export const endScript = defineScript(`
if ARGV[5] then redis.call('SET', KEYS[1], ARGV[5], 'PX', ARGV[4]) end
local lock = redis.call('GETDEL', KEYS[2])
if not lock then return 0 end
local words = {}
for word in string.gmatch(lock, '%S+') do words[#words + 1] = word end
if words[1] ~= ARGV[1] then
  redis.call('SET', KEYS[2], lock, 'PX', 60000)
  return 0
end
for i = 3, #words do redis.call('PUBLISH', ARGV[2] .. words[i], ARGV[3]) end
return #words - 2
`);

/** KEYS: the locks. ARGV: a flight whose leader is dead. Removes its lock. */
export const deposeScript = defineScript(`
for i = 1, #KEYS do
  local lock = redis.call('GET', KEYS[i])
  if lock and string.match(lock, '^%S+') == ARGV[1] then return redis.call('DEL', KEYS[i]) end
end
return 0
`);

export const answersScripts = [beginScript, endScript, deposeScript];
