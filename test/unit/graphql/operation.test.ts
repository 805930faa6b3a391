import { describe, expect, it } from 'vitest';
import { createClock } from '../../../src/core/clock.js';
import { LookupFailure } from '../../../src/core/failure.js';
import { startOperation } from '../../../src/graphql/operation.js';
import { createMovableClock } from '../../support/clock.js';

describe('an operation', () => {
  it('has a deadline on the monotonic clock and a start on the shared clock', () => {
    const clock = createMovableClock();
    clock.setEpochMs(1_000_000);
    const running = startOperation(5_000, clock);
    expect(running.deadline - clock.monotonicMs()).toBeCloseTo(5_000, -3);
    expect(running.operation.startedAt - 1_000_000).toBeLessThan(1_000);
    expect(running.signal().aborted).toBe(false);
    running.end();
  });

  it('aborts at its deadline with a failure that names the time', async () => {
    const signal = startOperation(30, createClock()).signal();
    await expect.poll(() => signal.aborted, { interval: 5, timeout: 20_000 }).toBe(true);
    expect(signal.reason).toBeInstanceOf(LookupFailure);
    expect(signal.reason).toMatchObject({ kind: 'deadline', code: 'UPSTREAM_TIMEOUT', retryable: true });
    expect((signal.reason as LookupFailure).message).toContain('0.03 s');
  });

  it('aborts as abandoned when it ends, and keeps its first reason', async () => {
    const ended = startOperation(60_000, createClock());
    ended.end();
    expect(ended.signal().reason).toMatchObject({ kind: 'abandoned' });
    ended.end();
    expect(ended.signal().reason).toMatchObject({ kind: 'abandoned' });

    const late = startOperation(1, createClock());
    await expect.poll(() => late.signal().aborted, { interval: 5, timeout: 20_000 }).toBe(true);
    late.end();
    expect(late.signal().reason).toMatchObject({ kind: 'deadline' });
  });
});
