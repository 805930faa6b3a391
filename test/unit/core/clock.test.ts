import { afterEach, expect, it, vi } from 'vitest';
import { createClock } from '../../../src/core/clock.js';

afterEach(() => vi.useRealTimers());

it('epochMs follows the monotonic clock, so that a step of the system clock changes neither (defect 6)', () => {
  vi.useFakeTimers({ toFake: ['Date', 'performance'], now: 1_700_000_000_000 });
  const clock = createClock();
  expect(clock.epochMs()).toBe(1_700_000_000_000);
  const startMs = clock.monotonicMs();
  vi.advanceTimersByTime(5_000);
  expect(clock.epochMs()).toBe(1_700_000_005_000);
  vi.setSystemTime(1_700_000_000_000 - 3_600_000);
  expect(clock.wallMs()).toBe(1_700_000_000_000 - 3_600_000);
  expect(clock.epochMs()).toBe(1_700_000_005_000);
  expect(clock.monotonicMs() - startMs).toBe(5_000);
});

it('setEpochMs moves epochMs to the time of the replicas, and nothing else', () => {
  vi.useFakeTimers({ toFake: ['Date', 'performance'], now: 1_700_000_000_000 });
  const clock = createClock();
  const startMs = clock.monotonicMs();
  clock.setEpochMs(1_800_000_000_000);
  vi.advanceTimersByTime(1_000);
  expect(clock.epochMs()).toBe(1_800_000_001_000);
  expect(clock.wallMs()).toBe(1_700_000_001_000);
  expect(clock.monotonicMs() - startMs).toBe(1_000);
});
