import { expect, it } from 'vitest';
import { ANSWER_SOURCES, type ServiceEvent } from '../../../src/core/events.js';
import { CALL_DURATION_BOUNDS_MS, type RecentMinute } from '../../../src/core/status.js';
import { createRecentActivity } from '../../../src/telemetry/recent-activity.js';
import { createManualClock } from '../../support/lookup-source.js';
import { EXAMPLES } from './example-events.js';

const MINUTE = 60_000;
/** Twenty seconds after a full minute. */
const START = Date.UTC(2026, 10, 23, 15, 4, 20);
const ANSWERED: ServiceEvent = { event: 'call.answered', ms: 100, records: 1 };

function createTestActivity() {
  const clock = createManualClock(START);
  const activity = createRecentActivity(clock);
  const { observe } = activity;
  return {
    clock,
    observe,
    read: () => activity.read(),
    calls: () => activity.read().map(({ calls }) => calls.answered),
  };
}

it('begins with the minute of the start, without gaps, and ends with the current one', () => {
  const { clock, observe, read, calls } = createTestActivity();
  expect(read().map(({ startedAt }) => startedAt)).toEqual([START - 20_000]);
  observe(ANSWERED);
  clock.advance(39_999);
  observe(ANSWERED);
  expect(calls()).toEqual([2]);
  clock.advance(1);
  expect(calls()).toEqual([2, 0]);
  clock.advance(2 * MINUTE);
  observe(ANSWERED);
  expect(calls()).toEqual([2, 0, 0, 1]);
  expect(read().map(({ startedAt }) => startedAt)).toEqual(
    [0, 1, 2, 3].map((minute) => START - 20_000 + minute * MINUTE),
  );
});

it('has the last 60 minutes, also after a time without events', () => {
  const { clock, observe, read, calls } = createTestActivity();
  for (let minute = 0; minute < 70; minute += 1) {
    for (let call = 0; call <= minute; call += 1) observe(ANSWERED);
    clock.advance(MINUTE);
  }
  expect(calls()).toEqual([...Array.from({ length: 59 }, (_, index) => index + 12), 0]);
  expect(read()[0]?.startedAt).toBe(START - 20_000 + 11 * MINUTE);
  clock.advance(24 * 60 * MINUTE);
  expect(calls()).toEqual(Array(60).fill(0));
  observe(ANSWERED);
  expect(calls()).toEqual([...Array<number>(59).fill(0), 1]);
});

it('moves with the clock that replicas share, and loses nothing', () => {
  const { clock, observe, read, calls } = createTestActivity();
  observe(ANSWERED);
  clock.setEpochMs(START + 3 * MINUTE);
  expect(calls()).toEqual([1]);
  expect(read()[0]?.startedAt).toBe(START - 20_000 + 3 * MINUTE);
});

it('counts the events of each kind, and no other', () => {
  const { observe, read } = createTestActivity();
  for (const { event } of EXAMPLES) observe(event);
  const [minute] = read();
  expect(minute).toMatchObject({
    answers: { memory: 1, shared: 1, flight: 1, wolkvox: 1, stale: 1 },
    errors: {
      BAD_REQUEST: 1,
      BAD_USER_INPUT: 1,
      UPSTREAM_TIMEOUT: 2,
      INTERNAL_SERVER_ERROR: 1,
      GRAPHQL_VALIDATION_FAILED: 2,
      TOO_MANY_LOOKUPS: 1,
      UNAUTHENTICATED: 1,
    },
    refusals: 1,
    calls: { answered: 1, failed: 4, meanMs: (120 + 4 * 80) / 5, slowestMs: 120 },
  });
  expect(Object.keys(minute?.answers ?? {})).toEqual(ANSWER_SOURCES);
  observe({ event: 'request.unauthenticated', reason: 'host' });
  expect(read()[0]?.errors.BAD_REQUEST).toBe(2);
});

it('counts calls by their duration', () => {
  const { observe, read } = createTestActivity();
  expect(read()[0]?.calls).toEqual({
    ...{ answered: 0, failed: 0, meanMs: 0, slowestMs: 0 },
    byDuration: CALL_DURATION_BOUNDS_MS.map(() => 0),
  });
  for (const ms of [0, 50, 51, 500, 60_000, 60_001]) observe({ ...ANSWERED, ms });
  expect(read()[0]?.calls.byDuration).toEqual([2, 1, 0, 1, 0, 0, 0, 0, 0, 1, 1]);
  expect(read()[0]?.calls.slowestMs).toBe(60_001);
});

it('gives copies that no later event changes', () => {
  const { observe, read } = createTestActivity();
  observe(ANSWERED);
  const before: readonly RecentMinute[] = read();
  const text = JSON.stringify(before);
  for (const { event } of EXAMPLES) observe(event);
  expect(JSON.stringify(before)).toBe(text);
  expect(JSON.stringify(read())).not.toBe(text);
});
