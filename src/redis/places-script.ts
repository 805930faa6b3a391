import { defineScript } from './connection.js';

/**
 * The token's places as Redis keeps them: one script, one step at a time, by Redis's own clock.
 *
 * KEYS[1] holds the state as JSON, KEYS[2] the list of those who wait. ARGV[1] is the question as JSON; `act` names the step.
 *
 * State:
 * - `epoch`  the name of this state; another one means that the former was lost
 * - `run`    the run of Redis that the state has been valid in
 * - `before` the epochs that this state knows to have replaced
 * - `members` replica id → { session, client, seen }: the replicas, the number of their last registration, their command
 *    connection and when they last proved to be alive
 * - `held`   place id → { owner, since, reservedUntil }: with `reservedUntil` the place is offered, not yet confirmed
 * - `waiting` the length of KEYS[2]
 * - `recovery` { graceUntil, leaseUntil, missing, strangers }: while it is there nothing is granted. `missing` are replicas that
 *    may hold places that this state does not know, each { session, till }: no call of theirs outlasts `till`. `strangers` says that
 *    everybody who listens must have registered
 *
 * Every place id is `<replica id>:<number>`. The answer is { status, milliseconds until something falls due, epoch, members,
 * owners to look at, places that are granted by the answer itself }, the last three as comma-separated texts.
 */
export const placesScript = defineScript(`
local ask = cjson.decode(ARGV[1])
local stateKey, waitingKey = KEYS[1], KEYS[2]
local everybody = ask.channel .. 'all'
local raw = redis.call('GET', stateKey)
local state = raw and cjson.decode(raw)
local now = 0
-- Places that the answer itself gives to replicas that wait.
local granted = {}

local function readClock()
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end

local function count(entries)
  local n = 0
  for _ in pairs(entries) do n = n + 1 end
  return n
end

local function setOf(list)
  local set = {}
  for _, entry in ipairs(list) do set[entry] = true end
  return set
end

local function ownerOf(id)
  return string.match(id, '^[^:]+')
end

local function listenersOf(channel)
  return redis.call('PUBSUB', 'NUMSUB', channel)[2]
end

local function save()
  redis.call('SET', stateKey, cjson.encode(state), 'PX', ask.keep)
end

local function memberList()
  local names = {}
  for name in pairs(state.members) do names[#names + 1] = name end
  if state.recovery then
    if now == 0 then readClock() end
    for name, one in pairs(state.recovery.missing) do names[#names + 1] = name .. '=' .. string.format('%.0f', math.max(0, one.till - now)) end
  end
  table.sort(names)
  return table.concat(names, ',')
end

local function tellMembers()
  redis.call('PUBLISH', everybody, 'members ' .. state.epoch .. ' ' .. memberList())
end

local function removeWaiting(unwanted)
  if state.waiting == 0 then return end
  for _, id in ipairs(redis.call('LRANGE', waitingKey, 0, -1)) do
    if unwanted(id) then state.waiting = state.waiting - redis.call('LREM', waitingKey, 1, id) end
  end
end

-- Ends what has run out.
local function lapse()
  local frozen = {}
  for id, hold in pairs(state.held) do
    if hold.since + ask.lease <= now then
      state.held[id] = nil
    elseif hold.reservedUntil and hold.reservedUntil <= now then
      state.held[id] = nil
      frozen[hold.owner] = true
    end
  end
  -- Who lets one offer lapse would let the next lapse too; when it wakes it registers its questions anew.
  if next(frozen) then removeWaiting(function(id) return frozen[ownerOf(id)] end) end
  local recovery = state.recovery
  if recovery then
    for name, one in pairs(recovery.missing) do
      if one.till <= now then recovery.missing[name] = nil end
    end
  end
  if recovery and now >= recovery.graceUntil then
    local allIn = next(recovery.missing) == nil
    if allIn and recovery.strangers then
      allIn = count(state.members) >= listenersOf(everybody)
    end
    if allIn or now >= recovery.leaseUntil then state.recovery = nil end
  end
end

-- Offers free places to those who have waited longest.
local function grant()
  while not state.recovery and state.waiting > 0 and count(state.held) < ask.concurrency do
    local id = redis.call('LPOP', waitingKey)
    if not id then
      state.waiting = 0
      return
    end
    state.waiting = state.waiting - 1
    local owner = ownerOf(id)
    if owner == ask.replica and (ask.act == 'take' or ask.act == 'release') then
      -- Who asks hears the answer at once, and need not confirm it.
      state.held[id] = { owner = owner, since = now }
      granted[#granted + 1] = id
    elseif state.members[owner] and redis.call('PUBLISH', ask.channel .. owner, 'grant ' .. id) > 0 then
      state.held[id] = { owner = owner, since = now, reservedUntil = now + ask.reservation }
    end
  end
end

local function settle()
  lapse()
  grant()
end

local function answer(status)
  local due = ask.lease
  local suspects = {}
  if state then
    local function dueAt(instant) due = math.max(0, math.min(due, instant - now)) end
    if state.recovery then
      dueAt(state.recovery.graceUntil > now and state.recovery.graceUntil or now + 1000)
    end
    for _, hold in pairs(state.held) do
      dueAt(hold.reservedUntil or hold.since + ask.lease)
      local owner = state.members[hold.owner]
      if owner and hold.owner ~= ask.replica and not hold.reservedUntil then
        if now - owner.seen >= ask.deadAfter then
          suspects[#suspects + 1] = hold.owner .. ' ' .. owner.client
        else
          dueAt(owner.seen + ask.deadAfter)
        end
      end
    end
  end
  return { status, due, state and state.epoch or '', state and memberList() or '', table.concat(suspects, ','), table.concat(granted, ',') }
end

local function removeMember(name)
  state.members[name] = nil
  for id, hold in pairs(state.held) do
    if hold.owner == name then state.held[id] = nil end
  end
end

-- Takes away who holds nothing and whose connections Redis no longer has. A frozen process keeps its connections; whoever only
-- connects anew registers again. So, when the state is lost, nobody need wait for one that was dead before.
local function prune()
  local owners = {}
  for _, hold in pairs(state.held) do owners[hold.owner] = true end
  local pruned = false
  for name, other in pairs(state.members) do
    local silentMs = now - other.seen
    if name ~= ask.replica and not owners[name] and silentMs > ask.deadAfter then
      if silentMs > ask.memberKeep or listenersOf(ask.channel .. name) == 0 then
        removeMember(name)
        pruned = true
      end
    end
  end
  if pruned then tellMembers() end
end

local function recover()
  state.recovery = state.recovery or { graceUntil = now, leaseUntil = now, missing = {}, strangers = true }
  state.recovery.leaseUntil = now + ask.lease
  return state.recovery
end

local steps = {}

function steps.register()
  readClock()
  local knownEpoch = ask.epoch
  if not state or state.run ~= ask.run then
    -- Nothing is known, or only what was true before Redis stopped.
    local former = state
    redis.call('DEL', waitingKey)
    state = { epoch = ask.newEpoch, run = ask.run, before = {}, members = {}, held = {}, waiting = 0 }
    local recovery = recover()
    if former then
      state.before[former.epoch] = true
      for name, member in pairs(former.members) do
        if now - member.seen < ask.lease then recovery.missing[name] = { session = member.session, till = now + ask.lease } end
      end
      if former.recovery then
        for name, one in pairs(former.recovery.missing) do recovery.missing[name] = one end
      end
    elseif knownEpoch == '' then
      -- Nobody knows yet who was there before: those who were come back soon after Redis has.
      recovery.graceUntil = now + math.max(0, ask.grace - ask.uptime)
    end
    redis.call('PUBLISH', everybody, 'register')
  end
  local recovery = state.recovery
  if knownEpoch ~= '' and knownEpoch ~= state.epoch and not state.before[knownEpoch] then
    state.before[knownEpoch] = true
    recovery = recover()
    recovery.graceUntil = now
    for _, known in ipairs(ask.members) do
      local name, leftMs = string.match(known, '^([^=]+)=?(%d*)$')
      local till = now + (tonumber(leftMs) or ask.lease)
      local one = recovery.missing[name] or { session = 0, till = till }
      one.till = math.max(one.till, till)
      if not state.members[name] then recovery.missing[name] = one end
    end
    redis.call('PUBLISH', everybody, 'register')
  end

  local member = state.members[ask.replica]
  local missed = recovery and recovery.missing[ask.replica]
  local lastSession = member and member.session or missed and missed.session or 0
  -- Sent on a connection that has been given up since, and only now read by Redis.
  if lastSession >= ask.session then return answer('stale') end

  if ask.away then
    -- Others may have gone on by themselves meanwhile; what they hold must be known first.
    for name, other in pairs(state.members) do
      if name ~= ask.replica then
        recovery = recover()
        recovery.missing[name] = { session = other.session, till = now + ask.lease }
        state.members[name] = nil
      end
    end
    redis.call('PUBLISH', everybody, 'register')
  end

  local isNew = not member
  state.members[ask.replica] = { session = ask.session, client = ask.client, seen = now }
  if recovery then recovery.missing[ask.replica] = nil end

  local holds, waits, wasHeld = setOf(ask.holds), setOf(ask.waits), {}
  for id, hold in pairs(state.held) do
    if hold.owner == ask.replica and not holds[id] then
      state.held[id] = nil
      wasHeld[id] = true
    end
  end
  for id in pairs(holds) do
    local since = state.held[id] and not state.held[id].reservedUntil and state.held[id].since or now
    state.held[id] = { owner = ask.replica, since = since }
  end
  removeWaiting(function(id) return ownerOf(id) == ask.replica and not waits[id] end)
  local inLine = {}
  if state.waiting > 0 then inLine = setOf(redis.call('LRANGE', waitingKey, 0, -1)) end
  for i = #ask.waits, 1, -1 do
    local id = ask.waits[i]
    if wasHeld[id] then
      redis.call('LPUSH', waitingKey, id)
      state.waiting = state.waiting + 1
      inLine[id] = true
    end
  end
  for _, id in ipairs(ask.waits) do
    if not inLine[id] then
      redis.call('RPUSH', waitingKey, id)
      state.waiting = state.waiting + 1
    end
  end
  if state.waiting > 0 then redis.call('PEXPIRE', waitingKey, ask.keep) end
  settle()
  if isNew then tellMembers() end
  save()
  return answer('ok')
end

function steps.take(member)
  readClock()
  member.seen = now
  if state.recovery or state.waiting > 0 or count(state.held) >= ask.concurrency then
    redis.call('RPUSH', waitingKey, ask.place)
    redis.call('PEXPIRE', waitingKey, ask.keep)
    state.waiting = state.waiting + 1
    settle()
  else
    state.held[ask.place] = { owner = ask.replica, since = now }
  end
  save()
  return answer(state.held[ask.place] and not state.held[ask.place].reservedUntil and 'held' or 'waiting')
end

function steps.confirm(member)
  readClock()
  local hold = state.held[ask.place]
  if not hold or hold.reservedUntil and hold.reservedUntil <= now then return answer('gone') end
  hold.reservedUntil = nil
  hold.since = now
  member.seen = now
  save()
  return answer('held')
end

function steps.release()
  if state.held[ask.place] then
    state.held[ask.place] = nil
    if state.waiting > 0 then
      readClock()
      settle()
    end
  elseif state.waiting > 0 then
    state.waiting = state.waiting - redis.call('LREM', waitingKey, 1, ask.place)
  else
    return answer('ok')
  end
  save()
  return answer('ok')
end

function steps.beat(member)
  readClock()
  member.seen = now
  prune()
  save()
  return answer('ok')
end

-- Looks after what has run out; \`ask.dead\` are owners whose connection Redis no longer has.
function steps.look(member)
  readClock()
  local buried = false
  for _, dead in ipairs(ask.dead) do
    local owner = state.members[dead[1]]
    if owner and owner.client == dead[2] and now - owner.seen >= ask.deadAfter then
      removeMember(dead[1])
      buried = true
    end
  end
  settle()
  if buried then tellMembers() end
  prune()
  save()
  local oldest = ask.place
  if oldest ~= '' and not state.held[oldest] and not redis.call('LPOS', waitingKey, oldest) then return answer('register') end
  return answer('ok')
end

function steps.leave()
  readClock()
  removeMember(ask.replica)
  removeWaiting(function(id) return ownerOf(id) == ask.replica end)
  settle()
  tellMembers()
  save()
  return answer('ok')
end

if ask.act == 'register' then return steps.register() end
local member = state and state.run == ask.run and state.members[ask.replica]
if not member or member.session ~= ask.session then return answer('register') end
return steps[ask.act](member)
`);
