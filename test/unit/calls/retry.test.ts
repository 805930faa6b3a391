import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createRetry } from '../../../src/calls/retry.js';
import type { LookupOptions, LookupSource } from '../../../src/core/answer.js';
import type { ServiceEvent } from '../../../src/core/events.js';
import { FAILURES, LookupFailure, type FailureDetails, type FailureKind } from '../../../src/core/failure.js';
import { answeringSource, createManualClock, lookupOptions } from '../../support/lookup-source.js';

const ANA = { phone: '3001112233' };
const clock = createManualClock();
const KINDS = Object.keys(FAILURES) as FailureKind[];

beforeEach(() => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
afterEach(() => vi.useRealTimers());

interface Attempts {
  readonly source: LookupSource;
  count: number;
}

/** A source that fails. It counts the attempts. */
function failing(kind: FailureKind, details?: FailureDetails): Attempts {
  const attempts: Attempts = {
    count: 0,
    source: {
      find() {
        attempts.count += 1;
        return Promise.reject(new LookupFailure(kind, details));
      },
    },
  };
  return attempts;
}

/** Ends in the failure's kind, or in `answer`; `waiting` if the lookup has not ended. */
async function outcomeAfter(found: Promise<unknown>, ms: number): Promise<string> {
  let outcome = 'waiting';
  void found.then(
    () => (outcome = 'answer'),
    (error: unknown) => (outcome = error instanceof LookupFailure ? error.kind : String(error)),
  );
  await vi.advanceTimersByTimeAsync(ms);
  return outcome;
}

it.each(KINDS)('A lookup that fails with %s has as many attempts as the table of failures says', async (kind) => {
  const { retryWithinMs } = FAILURES[kind];
  const attempts = failing(kind);
  const events: ServiceEvent[] = [];
  const top = createRetry({ observe: (event) => events.push(event) })(attempts.source);
  expect(await outcomeAfter(top.find(ANA, lookupOptions(clock)), 60_000)).toBe(kind);
  const isRetried = retryWithinMs !== undefined;
  expect(attempts.count).toBe(isRetried ? 2 : 1);
  expect(events).toHaveLength(isRetried ? 1 : 0);
});

it('Exactly the failures that may pass within seconds are retried', () => {
  expect(KINDS.filter((kind) => FAILURES[kind].retryWithinMs !== undefined)).toEqual([
    'simultaneous',
    'throttled',
    'server',
    'not-connected',
    'connection',
    'timeout',
    'lease-lost',
  ]);
});

it('A second attempt may be answered', async () => {
  const attempts = failing('server');
  const asked: LookupOptions[] = [];
  const source: LookupSource = {
    find(lookup, options) {
      asked.push(options);
      return (asked.length === 1 ? attempts.source : answeringSource()).find(lookup, options);
    },
  };
  const options = lookupOptions(clock);
  expect(await outcomeAfter(createRetry({ observe: () => undefined })(source).find(ANA, options), 400)).toBe('answer');
  expect(asked).toEqual([options, options]);
});

it.each([
  [0.0025, undefined, 1],
  [0.5, undefined, 200],
  [1, undefined, 400],
  [0, 3, 3_000],
  [1, 3, 3_400],
])('With random %d and Retry-After %s the second attempt comes after %i ms', async (random, retryAfterSeconds, ms) => {
  const attempts = failing('server', { retryAfterSeconds });
  const events: ServiceEvent[] = [];
  const top = createRetry({ observe: (event) => events.push(event), random: () => random })(attempts.source);
  const found = top.find(ANA, lookupOptions(clock));
  expect(await outcomeAfter(found, ms - 1)).toBe('waiting');
  expect(attempts.count).toBe(1);
  expect(await outcomeAfter(found, 1)).toBe('server');
  expect(attempts.count).toBe(2);
  expect(events).toMatchObject([{ event: 'call.retried', reason: 'server', delayMs: ms }]);
});

it('A lookup fails at once if Wolkvox asks for a delay of more than 10 s', async () => {
  for (const [retryAfterSeconds, attemptsMade] of [
    [10, 2],
    [11, 1],
  ] as const) {
    const attempts = failing('throttled', { retryAfterSeconds });
    const found = createRetry({ observe: () => undefined, random: () => 0 })(attempts.source).find(
      ANA,
      lookupOptions(clock),
    );
    expect(await outcomeAfter(found, attemptsMade === 1 ? 0 : 10_000)).toBe('throttled');
    expect(attempts.count).toBe(attemptsMade);
  }
});

it('Second attempts are a tenth of the calls in an outage', async () => {
  const attempts = failing('server');
  const top = createRetry({ observe: () => undefined })(attempts.source);
  const lookups = 400;
  for (let lookup = 0; lookup < lookups; lookup += 1) {
    expect(await outcomeAfter(top.find(ANA, lookupOptions(clock)), 400)).toBe('server');
  }
  const retries = attempts.count - lookups;
  expect(retries).toBeGreaterThanOrEqual(lookups / 10);
  expect(retries).toBeLessThanOrEqual(lookups / 10 + 3);
});

it('Successful calls allow at most ten second attempts', async () => {
  const attempts = failing('server');
  let isDown = false;
  const source: LookupSource = { find: (...args) => (isDown ? attempts.source : answeringSource()).find(...args) };
  const top = createRetry({ observe: () => undefined })(source);
  for (let lookup = 0; lookup < 1_000; lookup += 1) await top.find(ANA, lookupOptions(clock));
  isDown = true;
  for (let lookup = 0; lookup < 20; lookup += 1) await outcomeAfter(top.find(ANA, lookupOptions(clock)), 400);
  expect(attempts.count - 20).toBe(11);
});

it('Refusals of this service neither add nor use second attempts', async () => {
  const refused = failing('quota-used');
  const failed = failing('server');
  let current = refused.source;
  const source: LookupSource = { find: (...args) => current.find(...args) };
  const top = createRetry({ observe: () => undefined })(source);
  for (let lookup = 0; lookup < 200; lookup += 1) await outcomeAfter(top.find(ANA, lookupOptions(clock)), 0);
  expect(refused.count).toBe(200);
  current = failed.source;
  for (let lookup = 0; lookup < 5; lookup += 1) await outcomeAfter(top.find(ANA, lookupOptions(clock)), 400);
  expect(failed.count).toBe(8);
});

it('No second attempt is made if no caller waits, and the first failure is reported at once', async () => {
  const attempts = failing('server');
  const events: ServiceEvent[] = [];
  const top = createRetry({ observe: (event) => events.push(event), random: () => 1 })(attempts.source);
  const gone = AbortSignal.abort(new LookupFailure('abandoned'));
  expect(await outcomeAfter(top.find(ANA, lookupOptions(clock, { signal: gone })), 0)).toBe('server');
  expect(attempts.count).toBe(1);
  expect(events).toEqual([]);
  const caller = new AbortController();
  const found = top.find(ANA, lookupOptions(clock, { signal: caller.signal }));
  expect(await outcomeAfter(found, 100)).toBe('waiting');
  caller.abort(new LookupFailure('abandoned'));
  expect(await outcomeAfter(found, 0)).toBe('server');
  expect(vi.getTimerCount()).toBe(0);
  expect(attempts.count).toBe(2);
});

it('A bug is not retried', async () => {
  const find = vi.fn(() => Promise.reject(new TypeError('a bug')));
  const found = createRetry({ observe: () => undefined })({ find }).find(ANA, lookupOptions(clock));
  expect(await outcomeAfter(found, 10_000)).toBe('TypeError: a bug');
  expect(find).toHaveBeenCalledTimes(1);
});
