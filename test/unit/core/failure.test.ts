import { describe, expect, it } from 'vitest';
import {
  FAILURES,
  LookupFailure,
  allowsStale,
  isRetryable,
  toRetryAfterSeconds,
  type FailureCode,
  type FailureKind,
} from '../../../src/core/failure.js';

const KINDS = Object.keys(FAILURES) as FailureKind[];

/** The codes that callers rely on, and whether the same lookup may succeed if it is sent again. */
const RETRYABLE: Readonly<Record<FailureCode, boolean>> = {
  BAD_USER_INPUT: false,
  UPSTREAM_TIMEOUT: true,
  UPSTREAM_BUSY: true,
  UPSTREAM_QUOTA_EXHAUSTED: false,
  UPSTREAM_UNAVAILABLE: true,
  UPSTREAM_REFUSED: false,
  UPSTREAM_MALFORMED: false,
  TOO_MANY_LOOKUPS: false,
  RESULT_TOO_LARGE: false,
};

describe('The table of failures', () => {
  it('uses each code', () => {
    expect([...new Set(KINDS.map((kind) => FAILURES[kind].code))].sort()).toEqual(Object.keys(RETRYABLE).sort());
  });

  it.each(KINDS)('has for %s a message of whole sentences without a value', (kind) => {
    const { message } = FAILURES[kind];
    expect(message).toMatch(/^[A-Z].{20,}\.$/);
    // Statuses of HTTP are the only digits.
    expect(message.replace(/HTTP [45](xx|\d\d)/, '')).not.toMatch(/\d/);
    expect(message).not.toMatch(/https?:|wolkvox\.com|undefined/);
  });

  it('retries, remembers and pauses only after calls that were sent, except when a slot was lost', () => {
    const unsent = KINDS.filter((kind) => FAILURES[kind].circuit === 'ignore' && kind !== 'lease-lost');
    expect(unsent.length).toBeGreaterThan(10);
    for (const kind of unsent) {
      const { retryWithinMs, rememberMs, pauseMs } = FAILURES[kind];
      expect([kind, retryWithinMs, rememberMs, pauseMs]).toEqual([kind, undefined, undefined, undefined]);
    }
  });

  it('retries only failures that callers may retry, too', () => {
    const retried = KINDS.filter((kind) => FAILURES[kind].retryWithinMs !== undefined);
    expect(retried.length).toBeGreaterThan(5);
    for (const kind of retried) expect(isRetryable(FAILURES[kind].code), kind).toBe(true);
  });

  it('remembers no failure that may pass', () => {
    const remembered = KINDS.filter((kind) => FAILURES[kind].rememberMs !== undefined);
    expect(remembered.length).toBeGreaterThan(0);
    for (const kind of remembered) expect(isRetryable(FAILURES[kind].code), kind).toBe(false);
  });

  it('marks those that concern one caller only', () => {
    expect(KINDS.filter((kind) => FAILURES[kind].isOfCaller)).toEqual([
      ...['too-many-lookups', 'queue-full', 'displaced', 'wait-too-long', 'deadline', 'abandoned'],
    ]);
  });
});

describe('A failure', () => {
  it('has no stack, and leaves those of other errors', () => {
    const failure: Error = new LookupFailure('timeout');
    expect(failure.stack).toBe(`LookupFailure: ${failure.message}`);
    expect(new Error('another').stack).toContain('failure.test.ts');
  });

  it.each(KINDS)('of kind %s has the code and the message of the table', (kind) => {
    const failure = new LookupFailure(kind);
    const { code, message } = FAILURES[kind];
    expect(failure).toMatchObject({ name: 'LookupFailure', kind, code, message, policy: FAILURES[kind], facts: {} });
    expect(failure.retryable).toBe(RETRYABLE[code]);
    expect(failure.retryAfterSeconds).toBeUndefined();
    expect(failure.cause).toBeUndefined();
  });

  it('may have a message, a time, facts and a cause of its own', () => {
    const cause = new Error('disk full');
    const facts = { httpStatus: 429 };
    const failure = new LookupFailure('throttled', { message: 'Slower.', retryAfterSeconds: 7, facts, cause });
    expect(failure).toMatchObject({ message: 'Slower.', retryAfterSeconds: 7, facts, cause });
  });
});

it('A stale answer may replace the failures of Wolkvox and of the calls to it, and no others', () => {
  const allowed = (Object.keys(RETRYABLE) as FailureCode[]).filter(allowsStale);
  expect(allowed).toEqual([
    ...['UPSTREAM_TIMEOUT', 'UPSTREAM_BUSY', 'UPSTREAM_QUOTA_EXHAUSTED', 'UPSTREAM_UNAVAILABLE'],
    ...['UPSTREAM_REFUSED', 'UPSTREAM_MALFORMED'],
  ]);
});

it.each([
  [-5, 1],
  [0, 1],
  [1_000, 1],
  [1_001, 2],
  [59_999.5, 60],
])('%d ms are %i s of retryAfterSeconds', (ms, seconds) => {
  expect(toRetryAfterSeconds(ms)).toBe(seconds);
});
