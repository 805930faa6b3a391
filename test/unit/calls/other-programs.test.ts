import { describe, expect, it } from 'vitest';
import { createLocalQuota } from '../../../src/calls/local-quota.js';
import type { Clock } from '../../../src/core/clock.js';
import type { DailyQuota } from '../../../src/core/limits.js';

const HOUR = 3_600_000;
/** 23:30 of 22 November in the account's zone, five hours behind UTC. */
const LATE = Date.UTC(2026, 10, 23, 4, 30);

async function openQuota(wallMs = LATE) {
  const time = { wallMs };
  const clock: Clock = {
    monotonicMs: () => 0,
    epochMs: () => time.wallMs,
    wallMs: () => time.wallMs,
    setEpochMs: () => undefined,
  };
  const quota = await createLocalQuota({
    ...{ limit: undefined, zone: 'UTC-5', stateDir: undefined, account: '0042' },
    clock,
    observe: () => undefined,
  });
  return { quota, time, usedByOthers: () => quota.state().usedByOthers };
}

async function consume(quota: DailyQuota, calls: number): Promise<void> {
  for (let call = 0; call < calls; call += 1) await quota.consume();
}

describe('The calls of other programs', () => {
  it('are what Wolkvox has counted beyond the calls of this service, at each sync', async () => {
    const { quota, usedByOthers } = await openQuota();
    await consume(quota, 3);
    expect(usedByOthers()).toBeUndefined();
    await quota.sync({ limit: 1_000, used: undefined });
    expect(usedByOthers()).toBeUndefined();
    await quota.sync({ limit: undefined, used: 3 });
    expect(usedByOthers()).toBe(0);
    await quota.sync({ limit: undefined, used: 10 });
    expect(usedByOthers()).toBe(7);
    await consume(quota, 5);
    // Wolkvox's count may lag behind.
    await quota.sync({ limit: undefined, used: 14 });
    expect(quota.state()).toMatchObject({ used: 15, usedByOthers: 7 });
    await quota.sync({ limit: undefined, used: 20 });
    expect(quota.state()).toMatchObject({ used: 20, usedByOthers: 12 });
  });

  it('are unknown on a new day, until Wolkvox reports its use', async () => {
    const { quota, time, usedByOthers } = await openQuota();
    await quota.sync({ limit: undefined, used: 100 });
    expect(usedByOthers()).toBe(100);
    time.wallMs += HOUR / 2;
    expect(usedByOthers()).toBeUndefined();
    // In the first minutes Wolkvox's count may be that of the day before.
    await quota.sync({ limit: undefined, used: 100 });
    expect(usedByOthers()).toBeUndefined();
    time.wallMs += HOUR;
    await quota.sync({ limit: undefined, used: 2 });
    expect(usedByOthers()).toBe(2);
  });
});

it("The quota resets at the next midnight of the account's zone", async () => {
  const { quota, time } = await openQuota();
  expect(quota.state().resetsAt).toBe(LATE + HOUR / 2);
  time.wallMs += HOUR / 2;
  expect(quota.state().resetsAt).toBe(LATE + HOUR / 2 + 24 * HOUR);
});
