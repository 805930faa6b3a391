import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { LookupFailure, toRetryAfterSeconds } from '../core/failure.js';
import { MAX_PAUSE_MS, PAUSE_JITTER, type Slot, type Slots } from '../core/limits.js';
import type { Connection } from './connection.js';
import { LEASE_MS, type Leases } from './leases.js';
import { prefixOf, type RedisOptions } from './options.js';
import { createWakeableTimer } from './timer.js';

export interface SharedSlots extends Slots {
  state(): { readonly slotsHeld: number; readonly slotsWaiting: number; readonly leasesLost: number };
}

/** A random wait before each attempt, so that the replicas share the slots evenly. */
const JITTER_MS = 2;
/** A waiter tries again when a slot is released, and after 1 to 2 times this, because a message may be lost. */
const POLL_MS = 250;
/** Without messages. The replica that releases a slot waits too; else the others would never get it. */
const POLL_WITHOUT_MESSAGES_MS = 25;

/** Returns the number of the slot that was taken, 0 if none is free, or minus the rest of a pause in milliseconds. */
const acquireScript = {
  name: 'acquire',
  lua: `local pause = redis.call('PTTL', KEYS[1])
if pause > 0 then return -pause end
local free
for slot = 2, #KEYS do
  local holder = redis.call('GET', KEYS[slot])
  -- The token has the slot since an attempt whose reply was lost.
  if holder == ARGV[1] then free = slot break end
  if not holder and not free then free = slot end
end
if not free then return 0 end
redis.call('SET', KEYS[free], ARGV[1], 'PX', ARGV[2])
return free - 1`,
};

/**
 * KEYS[2] is the length of the last pause; it is kept for that length after its end. ARGV: milliseconds, mode, longest
 * pause, factor of the jitter. Returns the rest of the pause.
 */
const pauseScript = {
  name: 'pause',
  lua: `local rest, ms = redis.call('PTTL', KEYS[1]), tonumber(ARGV[1])
if rest >= ms or rest > 0 and ARGV[2] == 'doubling' then return rest end
if ARGV[2] == 'doubling' then
  ms = math.min(tonumber(ARGV[3]), math.max(ms, 2 * tonumber(redis.call('GET', KEYS[2]) or 0)))
  local length = ms
  ms = math.min(tonumber(ARGV[3]), math.floor(length * ARGV[4]))
  redis.call('SET', KEYS[2], length, 'PX', ms + length)
end
redis.call('SET', KEYS[1], 1, 'PX', ms)
return ms`,
};

function pauseArguments(ms: number, mode: 'exact' | 'doubling'): (number | string)[] {
  return [Math.ceil(ms), mode, MAX_PAUSE_MS, 1 + PAUSE_JITTER * Math.random()];
}

interface Waiter {
  readonly deadline: number;
  give(slot: Slot): void;
  fail(error: unknown): void;
}

/** The slots of a token: each is a key in Redis that its holder renews. The waiters of a process share one attempt. */
export function createSharedSlots(connection: Connection, leases: Leases, options: RedisOptions): SharedSlots {
  const { token, concurrency, clock, observe } = options;
  const name = prefixOf('token', token);
  const pauseKeys = [`${name}pause`, `${name}last-pause`] as const;
  const slotKeys = Array.from({ length: concurrency }, (_, slot) => `${name}slot:${slot}`);
  const channel = `${name}released`;
  const waiters = new Set<Waiter>();
  const poll = createWakeableTimer();
  let isServing = false;
  let nextToken = randomUUID();
  let pausedUntil = -Infinity;
  let unsureUntil = -Infinity;
  let slotsHeld = 0;
  let leasesLost = 0;
  connection.listen(channel, () => poll.wake());

  async function serveWaiters(): Promise<void> {
    if (isServing) return;
    isServing = true;
    while (waiters.size > 0 || clock.monotonicMs() < unsureUntil) {
      const jitterMs = Math.floor(JITTER_MS * Math.random());
      if (jitterMs > 0) await sleep(jitterMs);
      const present = [...waiters];
      try {
        await attempt();
        unsureUntil = -Infinity;
      } catch (error) {
        for (const waiter of present) waiter.fail(error);
        // The command may have taken a slot, which an attempt with the same token finds.
        const now = clock.monotonicMs();
        if (unsureUntil < now) unsureUntil = now + LEASE_MS;
        await poll.wait(POLL_MS);
      }
    }
    isServing = false;
  }

  async function attempt(): Promise<void> {
    const setAt = clock.monotonicMs();
    const reply = Number(await connection.run(acquireScript, [pauseKeys[0], ...slotKeys], nextToken, LEASE_MS));
    const key = slotKeys[reply - 1];
    if (key !== undefined) {
      const [waiter] = waiters;
      const slot = hold(key, setAt);
      if (waiter === undefined) await slot.release();
      else waiter.give(slot);
      return;
    }
    pausedUntil = clock.monotonicMs() - reply;
    for (const waiter of waiters) if (pausedUntil > waiter.deadline) waiter.fail(pauseTooLong());
    const pollMs = connection.isListening() ? POLL_MS : POLL_WITHOUT_MESSAGES_MS;
    if (waiters.size > 0) await poll.wait(reply < 0 ? pausedForMs() : pollMs * (1 + Math.random()));
  }

  function hold(key: string, setAt: number): Slot {
    const lost = new AbortController();
    const onLost = (reason: 'taken' | 'not-renewed'): void => {
      leasesLost += 1;
      observe({ event: 'slot.lost', reason });
      lost.abort(new LookupFailure('lease-lost'));
    };
    const lease = leases.keep({ key, token: nextToken, setAt, channel, onLost });
    nextToken = randomUUID();
    slotsHeld += 1;
    let isHeld = true;
    return {
      lost: lost.signal,
      release() {
        if (isHeld) slotsHeld -= 1;
        isHeld = false;
        lease.release();
        return Promise.resolve();
      },
    };
  }

  const pausedForMs = (): number => Math.max(0, pausedUntil - clock.monotonicMs());
  const pauseTooLong = (): LookupFailure =>
    new LookupFailure('wait-too-long', { retryAfterSeconds: toRetryAfterSeconds(pausedForMs()) });

  return {
    async acquire(deadline, signal) {
      signal.throwIfAborted();
      if (pausedForMs() > 0 && pausedUntil > deadline) throw pauseTooLong();
      return new Promise((resolve, reject) => {
        const end = <T>(settle: (value: T) => void, value: T): void => {
          waiters.delete(waiter);
          signal.removeEventListener('abort', leave);
          settle(value);
        };
        const waiter: Waiter = { deadline, give: (slot) => end(resolve, slot), fail: (error) => end(reject, error) };
        const leave = (): void => waiter.fail(signal.reason);
        signal.addEventListener('abort', leave);
        waiters.add(waiter);
        if (clock.monotonicMs() < unsureUntil) poll.wake();
        void serveWaiters();
      });
    },
    async pause(ms, mode) {
      // Without Redis no call is sent in any case.
      const rest = await connection.run(pauseScript, pauseKeys, ...pauseArguments(ms, mode)).catch(() => 0);
      pausedUntil = clock.monotonicMs() + Number(rest);
    },
    pausedForMs,
    state: () => ({ slotsHeld, slotsWaiting: waiters.size, leasesLost }),
  };
}
