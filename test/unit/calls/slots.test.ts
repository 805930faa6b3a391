import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createCallQueue } from '../../../src/calls/call-queue.js';
import { createLocalSlots, withSlots } from '../../../src/calls/slots.js';
import { createClock } from '../../../src/core/clock.js';
import type { ServiceEvent } from '../../../src/core/events.js';
import { FAILURES, LookupFailure, type FailureKind } from '../../../src/core/failure.js';
import { MAX_PAUSE_MS, type Slots } from '../../../src/core/limits.js';
import { createManualClock, createManualSource, lookupOptions, settle } from '../../support/lookup-source.js';

const ANA = { phone: '3001112233' };
const FAR = Number.MAX_SAFE_INTEGER;
const { signal: never } = new AbortController();

/** Slots that are always free. They record what is done with them. */
function createRecordedSlots(): Slots & { held: number; released: number; pauses: unknown[]; lose(): void } {
  const lost = new AbortController();
  const slots = {
    held: 0,
    released: 0,
    pauses: [] as unknown[],
    lose: () => lost.abort(new LookupFailure('lease-lost')),
    acquire: () => {
      slots.held += 1;
      const release = (): Promise<void> => {
        slots.held -= 1;
        slots.released += 1;
        return Promise.resolve();
      };
      return Promise.resolve({ lost: lost.signal, release });
    },
    pause: (...pause: unknown[]) => {
      slots.pauses.push(pause);
      return Promise.resolve();
    },
    pausedForMs: () => 700,
  };
  return slots;
}

describe('A call in a slot', () => {
  const clock = createManualClock();

  it('has the signal of its slot, not that of its caller', async () => {
    const slots = createRecordedSlots();
    const source = createManualSource(clock);
    const caller = new AbortController();
    const found = withSlots(slots, () => undefined)(source).find(ANA, lookupOptions(clock, { signal: caller.signal }));
    await settle();
    const { signal } = source.call(0).options;
    caller.abort(new LookupFailure('abandoned'));
    expect(signal.aborted).toBe(false);
    slots.lose();
    expect(signal.reason).toMatchObject({ kind: 'lease-lost' });
    await source.call(0).answer();
    await found;
  });

  it('releases its slot when it has ended, and not before', async () => {
    const slots = createRecordedSlots();
    const source = createManualSource(clock);
    const top = withSlots(slots, () => undefined)(source);
    const answered = top.find(ANA, lookupOptions(clock));
    const failed = top.find(ANA, lookupOptions(clock));
    failed.catch(() => undefined);
    await settle();
    expect(slots.held).toBe(2);
    await source.call(0).answer();
    await answered;
    expect(slots.held).toBe(1);
    await source.call(1).fail('simultaneous');
    await expect(failed).rejects.toMatchObject({ kind: 'simultaneous' });
    expect(slots).toMatchObject({ held: 0, released: 2 });
    const bug = new TypeError('a bug');
    const broken = withSlots(slots, () => undefined)({ find: () => Promise.reject(bug) });
    await expect(broken.find(ANA, lookupOptions(clock))).rejects.toBe(bug);
    expect(slots).toMatchObject({ held: 0, released: 3 });
  });

  it('is not sent if no slot can be had', async () => {
    const source = createManualSource(clock);
    const acquire = vi.fn(() => Promise.reject(new LookupFailure('redis-down')));
    const top = withSlots({ ...createRecordedSlots(), acquire }, () => undefined)(source);
    const options = lookupOptions(clock);
    await expect(top.find(ANA, options)).rejects.toMatchObject({ kind: 'redis-down' });
    expect(acquire).toHaveBeenCalledWith(options.deadline, options.signal);
    expect(source.calls).toEqual([]);
  });

  it('pauses all calls if Wolkvox refuses it because of its rate, and after no other failure', async () => {
    for (const kind of Object.keys(FAILURES) as FailureKind[]) {
      const slots = createRecordedSlots();
      const events: ServiceEvent[] = [];
      const failing = { find: () => Promise.reject(new LookupFailure(kind)) };
      const top = withSlots(slots, (event) => events.push(event))(failing);
      await expect(top.find(ANA, lookupOptions(clock))).rejects.toMatchObject({ kind });
      const pauses = kind === 'simultaneous' || kind === 'throttled';
      expect(slots.pauses).toEqual(pauses ? [[1_000, 'doubling']] : []);
      expect(events).toEqual(pauses ? [{ event: 'calls.paused', reason: kind, ms: 700 }] : []);
    }
  });

  it.each([
    [0, 0],
    [17, 17_000],
    [600, 600_000],
    [999_999_999, 600_000],
  ])('pauses calls exactly as long as Retry-After says: %i s, at most 600 s', async (retryAfterSeconds, ms) => {
    const slots = createRecordedSlots();
    const failing = { find: () => Promise.reject(new LookupFailure('throttled', { retryAfterSeconds })) };
    await withSlots(
      slots,
      () => undefined,
    )(failing)
      .find(ANA, lookupOptions(clock))
      .catch(() => undefined);
    expect(slots.pauses).toEqual([[ms, 'exact']]);
  });
});

describe('A pause of the local slots', () => {
  it('doubles while refusals come soon after its end, up to 60 s', async () => {
    const clock = createManualClock();
    const slots = createLocalSlots(clock, () => 0);
    const pauses: number[] = [];
    for (let refusal = 0; refusal < 8; refusal += 1) {
      await slots.pause(1_000, 'doubling');
      pauses.push(slots.pausedForMs());
      clock.advance(slots.pausedForMs() + 50);
    }
    expect(pauses).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
  });

  it('starts anew if no refusal came within its own length after its end', async () => {
    const clock = createManualClock();
    const slots = createLocalSlots(clock, () => 0);
    for (const [afterEndMs, pauseMs] of [
      [0, 1_000],
      [999, 2_000],
      [1_999, 4_000],
      [4_000, 1_000],
      [0, 2_000],
    ] as const) {
      clock.advance(afterEndMs);
      await slots.pause(1_000, 'doubling');
      expect(slots.pausedForMs()).toBe(pauseMs);
      clock.advance(pauseMs);
    }
  });

  it('is not made longer by the refusal of a call that was sent before it', async () => {
    const clock = createManualClock();
    const slots = createLocalSlots(clock, () => 0);
    await slots.pause(1_000, 'doubling');
    clock.advance(400);
    await slots.pause(1_000, 'doubling');
    expect(slots.pausedForMs()).toBe(600);
    clock.advance(600);
    await slots.pause(1_000, 'doubling');
    expect(slots.pausedForMs()).toBe(2_000);
  });

  it('is longer by a random part of up to a quarter', async () => {
    const clock = createManualClock();
    for (const [random, pauseMs] of [
      [0.5, 1_125],
      [1, 1_250],
    ] as const) {
      const slots = createLocalSlots(clock, () => random);
      await slots.pause(1_000, 'doubling');
      expect(slots.pausedForMs()).toBe(pauseMs);
    }
    const slots = createLocalSlots(clock, () => 1);
    for (let refusal = 0; refusal < 10; refusal += 1) {
      await slots.pause(1_000, 'doubling');
      clock.advance(slots.pausedForMs());
    }
    await slots.pause(1_000, 'doubling');
    expect(slots.pausedForMs()).toBe(MAX_PAUSE_MS);
  });

  it('lasts exactly as long as Wolkvox asks, and at least as long as a pause before it', async () => {
    const clock = createManualClock();
    const slots = createLocalSlots(clock, () => 1);
    await slots.pause(120_000, 'exact');
    expect(slots.pausedForMs()).toBe(120_000);
    await slots.pause(5_000, 'exact');
    expect(slots.pausedForMs()).toBe(120_000);
    clock.advance(120_000);
    expect(slots.pausedForMs()).toBe(0);
  });

  it('refuses at once a caller whose deadline is before its end', async () => {
    const clock = createManualClock();
    const slots = createLocalSlots(clock, () => 0);
    await expect(slots.acquire(0, never)).resolves.toBeDefined();
    await slots.pause(60_000, 'exact');
    const refused = slots.acquire(59_999, never);
    await expect(refused).rejects.toMatchObject({ kind: 'wait-too-long', retryAfterSeconds: 60 });
  });

  describe('with a caller that can wait', () => {
    beforeEach(() => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] }));
    afterEach(() => vi.useRealTimers());

    it('gives a slot at its end, also if it became longer meanwhile', async () => {
      const slots = createLocalSlots(createClock(), () => 0);
      await slots.pause(1_000, 'doubling');
      let hasSlot = false;
      // Its deadline is the very end of the longer pause.
      void slots.acquire(performance.now() + 2_500, never).then(() => (hasSlot = true));
      await vi.advanceTimersByTimeAsync(500);
      await slots.pause(2_000, 'exact');
      await vi.advanceTimersByTimeAsync(1_999);
      expect(hasSlot).toBe(false);
      await vi.advanceTimersByTimeAsync(1);
      expect(hasSlot).toBe(true);
    });

    it('gives no slot to a caller that leaves', async () => {
      const slots = createLocalSlots(createClock(), () => 0);
      await slots.pause(1_000, 'doubling');
      const caller = new AbortController();
      const left = slots.acquire(FAR, caller.signal);
      caller.abort(new LookupFailure('abandoned'));
      await expect(left).rejects.toMatchObject({ kind: 'abandoned' });
      expect(vi.getTimerCount()).toBe(0);
      await vi.advanceTimersByTimeAsync(1_000);
      await expect(slots.acquire(FAR, caller.signal)).rejects.toMatchObject({ kind: 'abandoned' });
      await expect(slots.acquire(FAR, never)).resolves.toBeDefined();
    });

    it('lets at most 12 calls through in 60 s if Wolkvox refuses every call (defect 17)', async () => {
      const clock = createClock();
      const slots = createLocalSlots(clock, () => 0);
      const queue = createCallQueue({ concurrency: 2, limit: 1_000, pausedForMs: () => slots.pausedForMs(), clock });
      const sentAt: number[] = [];
      const refusing = {
        find: async () => {
          sentAt.push(performance.now());
          await new Promise((resolve) => setTimeout(resolve, 40));
          throw new LookupFailure('simultaneous');
        },
      };
      const top = queue.layer(withSlots(slots, () => undefined)(refusing));
      const startedAt = performance.now();
      for (let lookup = 0; lookup < 500; lookup += 1) {
        void top.find(ANA, lookupOptions(clock, { deadline: FAR })).catch(() => undefined);
      }
      await vi.advanceTimersByTimeAsync(60_000);
      expect(sentAt.length).toBeGreaterThanOrEqual(8);
      expect(sentAt.length).toBeLessThanOrEqual(12);
      await vi.advanceTimersByTimeAsync(600_000);
      // From then on two calls a minute find out whether the refusals have ended.
      const later = sentAt.filter((at) => at > startedAt + 120_000);
      expect(later.length).toBeGreaterThanOrEqual(16);
      expect(later.length).toBeLessThanOrEqual(18);
    });
  });
});
