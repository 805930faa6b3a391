import { afterEach, beforeEach, expect, it, onTestFinished, vi } from 'vitest';
import { createQuotaProjection } from '../../../src/calls/quota-projection.js';
import { createClock } from '../../../src/core/clock.js';
import type { DailyQuotaState } from '../../../src/core/limits.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const NOON = Date.UTC(2026, 10, 23, 12);

beforeEach(() => vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance', 'Date'], now: NOON }));
afterEach(() => vi.useRealTimers());

function startProjection() {
  const state = {
    ...{ day: '2026-11-23', used: 0, limit: undefined, usedByOthers: undefined, resetsAt: NOON + 12 * HOUR },
    isExhausted: false,
  } satisfies DailyQuotaState;
  const quota: { current: DailyQuotaState } = { current: state };
  const projection = createQuotaProjection({ quota: { state: () => quota.current }, clock: createClock() });
  projection.start();
  onTestFinished(() => projection.stop());
  return {
    projection,
    set: (changed: Partial<DailyQuotaState>) => (quota.current = { ...quota.current, ...changed }),
    /** Makes this many calls in each of so many minutes. */
    call: (perMinute: number, minutes: number): void => {
      for (let minute = 0; minute < minutes; minute += 1) {
        quota.current = { ...quota.current, used: quota.current.used + perMinute };
        vi.advanceTimersByTime(MINUTE);
      }
    },
  };
}

it('says nothing before five minutes', () => {
  const { projection, call } = startProjection();
  expect(projection.projectedUse()).toBeUndefined();
  call(10, 4);
  expect(projection.projectedUse()).toBeUndefined();
  call(10, 1);
  // Ten calls a minute for the rest of the day.
  expect(projection.projectedUse()).toBe(50 + 10 * (12 * 60 - 5));
});

it('counts with the calls of the last hour only', () => {
  const { projection, call } = startProjection();
  call(100, 60);
  call(1, 60);
  expect(projection.projectedUse()).toBe(6_060 + 10 * 60);
  call(0, 60);
  expect(projection.projectedUse()).toBe(6_060);
});

it('adds the calls of other programs, but does not project them', () => {
  const { projection, set, call } = startProjection();
  call(1, 10);
  set({ used: 5_010, usedByOthers: 5_000 });
  expect(projection.projectedUse()).toBe(5_010 + (12 * 60 - 10));
});

it('begins again with a new day', () => {
  const { projection, set, call } = startProjection();
  call(10, 30);
  expect(projection.projectedUse()).toBeGreaterThan(300);
  set({ day: '2026-11-24', used: 0, resetsAt: NOON + 36 * HOUR });
  expect(projection.projectedUse()).toBeUndefined();
  vi.advanceTimersByTime(MINUTE);
  call(2, 5);
  expect(projection.projectedUse()).toBe(10 + 2 * (36 * 60 - 36));
});

it('projects no negative rate, after calls were taken back', () => {
  const { projection, set, call } = startProjection();
  set({ used: 10 });
  vi.advanceTimersByTime(MINUTE);
  call(0, 60);
  set({ used: 8 });
  expect(projection.projectedUse()).toBe(8);
});
