import { setTimeout as sleep } from 'node:timers/promises';
import { LookupFailure, toRetryAfterSeconds } from '../core/failure.js';
import { MAX_PAUSE_MS, PAUSE_JITTER, type Slot, type Slots } from '../core/limits.js';
import type { Connection } from './connection.js';
import { LEASE_MS, type Lease, type LeaseOptions, type Leases } from './leases.js';
import { prefixOf, type RedisOptions } from './options.js';
import { createSlotHolders, type SlotHolders } from './slot-holders.js';
import { createWakeableTimer } from './timer.js';

export interface SharedSlots extends Slots {
  state(): { readonly slotsHeld: number; readonly slotsWaiting: number; readonly leasesLost: number };
  readonly holders: SlotHolders;
}

/** A waiter tries again when a slot is released, and after 1 to 2 times this, because a message may be lost. */
const POLL_MS = 25;

/** Returns the number of the slot that was taken, 0 if none is free, or minus the rest of a pause in milliseconds. */
const acquireScript = {
  name: 'acquire',
  lua: `local pause = redis.call('PTTL', KEYS[1])
local free
for slot = 2, #KEYS do
  local holder = redis.call('GET', KEYS[slot])
  -- The token has the slot since a command whose reply was lost.
  if holder == ARGV[1] then
    if pause > 0 then redis.call('DEL', KEYS[slot]) end
    free = slot
    break
  end
  if not holder and not free then free = slot end
end
if pause > 0 then return -pause end
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

interface Waiter {
  readonly deadline: number;
  give(slot: Slot): void;
  fail(error: unknown): void;
}

/** The slots of a token: each is a key in Redis that its holder renews. The waiters of a process share one attempt. */
export function createSharedSlots(connection: Connection, leases: Leases, options: RedisOptions): SharedSlots {
  const { concurrency, clock, observe } = options;
  const name = prefixOf('token', options.token);
  const pauseKeys = [`${name}pause`, `${name}last-pause`] as const;
  const slotKeys = Array.from({ length: concurrency }, (_, slot) => `${name}slot:${slot}`);
  const channel = `${name}released`;
  const holders = createSlotHolders(connection, slotKeys, clock);
  const waiters = new Set<Waiter>();
  const held = new Set<Lease>();
  const poll = createWakeableTimer();
  let isServing = false;
  let pausedUntil = -Infinity;
  let leasesLost = 0;
  connection.listen(channel, () => poll.wake());

  async function serveWaiters(): Promise<void> {
    if (isServing) return;
    isServing = true;
    while (waiters.size > 0) {
      // At random, so that the replicas share the slots evenly.
      if (Math.random() < 0.5) await sleep(1);
      await attempt().catch(failAll);
    }
    isServing = false;
  }

  async function attempt(): Promise<void> {
    const token = holders.newToken();
    const setAt = clock.monotonicMs();
    const reply = await connection
      .run(acquireScript, [pauseKeys[0], ...slotKeys], token, LEASE_MS)
      .catch((error: unknown) => {
        // The command may have taken a slot, although its reply was lost.
        for (const key of slotKeys) leases.keep({ key, token, setAt, channel }).release();
        throw error;
      });
    const key = slotKeys[Number(reply) - 1];
    if (key === undefined) return waitForSlot(-Number(reply));
    const slot = hold({ key, token, setAt, channel });
    const [waiter] = waiters;
    if (waiter === undefined) await slot.release();
    else waiter.give(slot);
  }

  /** @param pauseMs the rest of a pause; 0: no slot was free */
  async function waitForSlot(pauseMs: number): Promise<void> {
    pausedUntil = clock.monotonicMs() + pauseMs;
    for (const waiter of waiters) if (pausedUntil > waiter.deadline) waiter.fail(pauseTooLong());
    if (waiters.size > 0) await poll.wait(pauseMs > 0 ? pauseMs : POLL_MS * (1 + Math.random()));
  }

  function failAll(error: unknown): void {
    for (const waiter of waiters) waiter.fail(error);
  }

  function hold(options: LeaseOptions): Slot {
    const lost = new AbortController();
    const lease = leases.keep({
      ...options,
      onLost(reason) {
        leasesLost += 1;
        observe({ event: 'slot.lost', reason });
        lost.abort(new LookupFailure('lease-lost'));
      },
    });
    held.add(lease);
    return {
      lost: lost.signal,
      release() {
        held.delete(lease);
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
      connection.checkUp();
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
        void serveWaiters();
      });
    },
    async pause(ms, mode) {
      const args = [Math.ceil(ms), mode, MAX_PAUSE_MS, 1 + PAUSE_JITTER * Math.random()];
      // Without Redis no call is sent in any case.
      const rest = await connection.run(pauseScript, pauseKeys, ...args).catch(() => 0);
      pausedUntil = clock.monotonicMs() + Number(rest);
    },
    pausedForMs,
    state: () => ({ slotsHeld: held.size, slotsWaiting: waiters.size, leasesLost }),
    holders,
  };
}
