import { mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createLocalQuota, type LocalQuotaOptions } from '../../../src/calls/local-quota.js';
import type { ServiceEvent } from '../../../src/core/events.js';
import type { DailyQuota } from '../../../src/core/limits.js';

/** 23:30 of 22 November in the account's zone, five hours behind UTC. */
const LATE = Date.UTC(2026, 10, 23, 4, 30);
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

interface Account {
  /** The wall clock, in epoch milliseconds. */
  wallMs: number;
  /** The monotonic clock. */
  nowMs: number;
  readonly events: ServiceEvent[];
  open(options?: Partial<LocalQuotaOptions>): Promise<DailyQuota>;
  advance(ms: number): void;
}

function createAccount(): Account {
  const account: Account = {
    wallMs: LATE,
    nowMs: 0,
    events: [],
    open: (options) =>
      createLocalQuota({
        ...{ limit: undefined, zone: 'UTC-5', stateDir: undefined, account: '0042' },
        clock: {
          monotonicMs: () => account.nowMs,
          epochMs: () => account.wallMs,
          wallMs: () => account.wallMs,
          setEpochMs: () => undefined,
        },
        observe: (event) => account.events.push(event),
        ...options,
      }),
    advance(ms) {
      account.wallMs += ms;
      account.nowMs += ms;
    },
  };
  return account;
}

async function createFolder(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'daily-quota-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return path.join(folder, 'state');
}

/** Consumes at the same time; returns how many calls were granted. */
async function granted(quota: DailyQuota, calls: number): Promise<number> {
  const results = await Promise.allSettled(Array.from({ length: calls }, () => quota.consume()));
  return results.filter(({ status }) => status === 'fulfilled').length;
}

describe('The daily quota', () => {
  it('grants exactly the limit to calls that are made at the same time, and does not count those that it refuses', async () => {
    const quota = await createAccount().open({ limit: 20 });
    expect(await granted(quota, 30)).toBe(20);
    expect(quota.state()).toMatchObject({ day: '2026-11-22', used: 20, limit: 20, isExhausted: false });
    await expect(quota.consume()).rejects.toMatchObject({
      kind: 'quota-used',
      code: 'UPSTREAM_QUOTA_EXHAUSTED',
      retryable: false,
      retryAfterSeconds: 1_800,
      message: expect.stringContaining('daily limit of 20 calls to Wolkvox') as string,
    });
  });

  it('grants no call with a limit of 0', async () => {
    const quota = await createAccount().open({ limit: 0 });
    expect(await granted(quota, 3)).toBe(0);
    expect(quota.state().used).toBe(0);
  });

  it('counts without a limit', async () => {
    const account = createAccount();
    const quota = await account.open();
    expect(quota.state()).toMatchObject({ day: '2026-11-22', used: 0, limit: undefined, isExhausted: false });
    expect(await granted(quota, 5)).toBe(5);
    expect(quota.state().used).toBe(5);
    expect(account.events).toEqual([]);
  });

  it("starts anew at midnight of the account's zone", async () => {
    const account = createAccount();
    const quota = await account.open({ limit: 2 });
    expect(await granted(quota, 3)).toBe(2);
    account.advance(HOUR / 2 - 1);
    expect(await granted(quota, 1)).toBe(0);
    account.advance(1);
    expect(await granted(quota, 3)).toBe(2);
    expect(quota.state()).toMatchObject({ day: '2026-11-23', used: 2 });
  });

  it('takes a call back on the day that it was counted', async () => {
    const account = createAccount();
    const quota = await account.open({ limit: 3 });
    const day = await quota.consume();
    expect(day).toBe('2026-11-22');
    await quota.consume();
    await quota.giveBack(day);
    expect(quota.state().used).toBe(1);
    expect(await granted(quota, 5)).toBe(2);
    account.advance(HOUR);
    await quota.consume();
    await quota.giveBack(day);
    expect(quota.state()).toMatchObject({ day: '2026-11-23', used: 1 });
  });

  it('keeps the count of a day although the clock jumps to the next one and back (defect 8)', async () => {
    const account = createAccount();
    const quota = await account.open({ limit: 10 });
    expect(await granted(quota, 8)).toBe(8);
    account.wallMs += 24 * HOUR;
    expect(await granted(quota, 1)).toBe(1);
    account.wallMs -= 24 * HOUR;
    expect(await granted(quota, 10)).toBe(2);
  });

  it('reports once that 80, 95 and 100 percent of the limit are reached, each day', async () => {
    const account = createAccount();
    const quota = await account.open({ limit: 40 });
    await granted(quota, 50);
    const expected = [
      { event: 'quota.warning', percent: 80, used: 32, limit: 40 },
      { event: 'quota.warning', percent: 95, used: 38, limit: 40 },
      { event: 'quota.warning', percent: 100, used: 40, limit: 40 },
    ];
    expect(account.events).toEqual(expected);
    account.advance(HOUR);
    await granted(quota, 50);
    expect(account.events).toEqual([...expected, ...expected]);
  });
});

describe('A day that Wolkvox says is used up', () => {
  it('is checked by one call after 10 s, 1, 5 and 15 minutes and then every hour (defect 7)', async () => {
    const account = createAccount();
    account.wallMs = Date.UTC(2026, 10, 23, 6, 0);
    const quota = await account.open();
    const day = await quota.consume();
    expect(await quota.markExhausted(day)).toBe(10_000);
    expect(quota.state().isExhausted).toBe(true);
    for (const [delayMs, nextMs] of [
      [10_000, MINUTE],
      [MINUTE, 5 * MINUTE],
      [5 * MINUTE, 15 * MINUTE],
      [15 * MINUTE, HOUR],
      [HOUR, HOUR],
      [HOUR, HOUR],
    ] as const) {
      await expect(quota.consume()).rejects.toMatchObject({
        kind: 'quota-exhausted',
        code: 'UPSTREAM_QUOTA_EXHAUSTED',
        retryAfterSeconds: delayMs / 1_000,
      });
      account.advance(delayMs - 1);
      expect(await granted(quota, 5)).toBe(0);
      account.advance(1);
      expect(await granted(quota, 5)).toBe(1);
      expect(await quota.markExhausted(day)).toBe(nextMs);
    }
    expect(account.events).toEqual([{ event: 'quota.exhausted', ms: 10_000 }]);
  });

  it('is usable again as soon as Wolkvox accepts a call', async () => {
    const account = createAccount();
    const quota = await account.open();
    const day = await quota.consume();
    await quota.markExhausted(day);
    await quota.markAccepted('2026-11-21');
    expect(await granted(quota, 5)).toBe(0);
    await quota.markAccepted(day);
    expect(quota.state().isExhausted).toBe(false);
    expect(await granted(quota, 5)).toBe(5);
    await quota.markExhausted(day);
    expect(account.events).toHaveLength(2);
  });

  it('is over at midnight, and a late refusal of the day before does not concern the new day', async () => {
    const account = createAccount();
    const quota = await account.open();
    const day = await quota.consume();
    await quota.markExhausted(day);
    account.advance(HOUR / 2);
    expect(quota.state()).toMatchObject({ day: '2026-11-23', isExhausted: false });
    expect(await granted(quota, 5)).toBe(5);
    await quota.markExhausted(day);
    expect(await granted(quota, 5)).toBe(5);
  });

  it('stays used up until its own check although a refusal of the day before arrives late', async () => {
    const account = createAccount();
    const quota = await account.open();
    const yesterday = await quota.consume();
    account.advance(HOUR / 2);
    expect(await quota.markExhausted(yesterday)).toBe(0);
    expect(account.events).toEqual([]);
    const today = await quota.consume();
    await quota.markExhausted(today);
    await quota.markExhausted(yesterday);
    expect(quota.state().isExhausted).toBe(true);
    expect(await granted(quota, 5)).toBe(0);
  });

  it('does not end because the wall clock steps', async () => {
    const account = createAccount();
    account.wallMs = Date.UTC(2026, 10, 23, 12, 0);
    const quota = await account.open();
    await quota.markExhausted(await quota.consume());
    account.wallMs += 5 * HOUR;
    expect(await granted(quota, 5)).toBe(0);
    account.nowMs += 10_000;
    account.wallMs -= 8 * HOUR;
    expect(await granted(quota, 5)).toBe(1);
  });
});

describe('A sync of the daily quota', () => {
  it('sets the limit if none is configured, and a later one replaces it', async () => {
    const account = createAccount();
    const quota = await account.open();
    expect(await granted(quota, 3)).toBe(3);
    await quota.sync({ limit: 5, used: undefined });
    expect(quota.state()).toMatchObject({ used: 3, limit: 5 });
    expect(await granted(quota, 5)).toBe(2);
    await quota.sync({ limit: 7, used: undefined });
    expect(await granted(quota, 5)).toBe(2);
    await quota.sync({ limit: undefined, used: undefined });
    expect(quota.state()).toMatchObject({ used: 7, limit: 7 });
  });

  it('changes no limit that is configured', async () => {
    const quota = await createAccount().open({ limit: 2 });
    await quota.sync({ limit: 1_000, used: 0 });
    expect(quota.state().limit).toBe(2);
    expect(await granted(quota, 5)).toBe(2);
  });

  it('raises the count to what the account has used, and never lowers it', async () => {
    const quota = await createAccount().open({ limit: 100 });
    expect(await granted(quota, 10)).toBe(10);
    await quota.sync({ limit: undefined, used: 9 });
    expect(quota.state().used).toBe(10);
    await quota.sync({ limit: undefined, used: 95 });
    expect(quota.state().used).toBe(95);
    expect(await granted(quota, 10)).toBe(5);
    await quota.sync({ limit: undefined, used: 20 });
    expect(quota.state().used).toBe(100);
  });

  it('reports that the account has used a share of the limit', async () => {
    const account = createAccount();
    const quota = await account.open();
    await quota.sync({ limit: 100, used: 96 });
    await quota.sync({ limit: 100, used: 97 });
    expect(account.events).toEqual([{ event: 'quota.warning', percent: 95, used: 96, limit: 100 }]);
  });

  it('raises nothing in the first minutes of a day, because the count may be that of the day before (defect 7)', async () => {
    const account = createAccount();
    const quota = await account.open({ limit: 100 });
    for (const [afterMidnightMs, used] of [
      [-1, 100],
      [0, 0],
      [15 * MINUTE - 1, 0],
      [15 * MINUTE, 100],
    ] as const) {
      account.wallMs = LATE + HOUR / 2 + afterMidnightMs;
      await quota.sync({ limit: undefined, used: 100 });
      expect(quota.state().used, String(afterMidnightMs)).toBe(used);
    }
  });
});

describe('The daily quota in a folder', () => {
  it('keeps a raised count through a restart, and raises it once for two processes', async () => {
    const account = createAccount();
    const stateDir = await createFolder();
    const one = await account.open({ limit: 100, stateDir });
    const other = await account.open({ limit: 100, stateDir });
    expect(await granted(one, 3)).toBe(3);
    await Promise.all([one, other].map((quota) => quota.sync({ limit: undefined, used: 90 })));
    expect(one.state().used).toBe(90);
    expect(await granted(other, 4)).toBe(4);
    await other.giveBack('2026-11-22');
    const restarted = await account.open({ limit: 100, stateDir });
    expect(restarted.state().used).toBe(93);
    await restarted.sync({ limit: undefined, used: 50 });
    expect(await granted(restarted, 20)).toBe(7);
    expect(await granted(one, 1)).toBe(0);
  });

  it('survives a restart, also after a crash', async () => {
    const account = createAccount();
    const stateDir = await createFolder();
    expect(await granted(await account.open({ limit: 10, stateDir }), 7)).toBe(7);
    // The first instance is never closed.
    const restarted = await account.open({ limit: 10, stateDir });
    expect(restarted.state().used).toBe(7);
    expect(await granted(restarted, 7)).toBe(3);
    expect(restarted.state().used).toBe(10);
    await restarted.giveBack('2026-11-22');
    expect((await account.open({ limit: 10, stateDir })).state().used).toBe(9);
  });

  it('is never passed by two instances together, in whatever order they count (defect 8)', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 8 }),
        fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 1, max: 3 }), fc.boolean()), { minLength: 1, maxLength: 8 }),
        async (limit, steps) => {
          const account = createAccount();
          const stateDir = await mkdtemp(path.join(tmpdir(), 'daily-quota-'));
          try {
            const one = await account.open({ limit, stateDir });
            const other = await account.open({ limit, stateDir });
            let used = 0;
            for (const [isOne, calls, atOnce] of steps) {
              const first = isOne ? one : other;
              const second = isOne ? other : one;
              const counts = await Promise.all([granted(first, calls), atOnce ? granted(second, calls) : 0]);
              used += counts[0] + counts[1];
              expect(used).toBeLessThanOrEqual(limit);
            }
            // Alone, an instance gets what is left.
            expect(await granted(one, limit)).toBe(limit - used);
          } finally {
            await rm(stateDir, { recursive: true });
          }
        },
      ),
      { numRuns: 25 },
    );
  });

  it('keeps the count of a day although the clock jumps to the next one and back (defect 8)', async () => {
    const account = createAccount();
    const stateDir = await createFolder();
    const quota = await account.open({ limit: 10, stateDir });
    expect(await granted(quota, 8)).toBe(8);
    account.wallMs += 24 * HOUR;
    expect(await granted(quota, 1)).toBe(1);
    await account.open({ limit: 10, stateDir });
    account.wallMs -= 24 * HOUR;
    expect(await granted(quota, 10)).toBe(2);
    expect(await granted(await account.open({ limit: 10, stateDir }), 10)).toBe(0);
  });

  it('has a count for each account, and removes the files of old days', async () => {
    const account = createAccount();
    const stateDir = await createFolder();
    expect(await granted(await account.open({ limit: 2, stateDir }), 3)).toBe(2);
    expect(await granted(await account.open({ limit: 2, stateDir, account: '0043' }), 3)).toBe(2);
    const files = await readdir(stateDir);
    expect(files).toHaveLength(2);
    expect(files.join()).not.toMatch(/004[23]/);
    account.advance(7 * 24 * HOUR);
    await account.open({ limit: 2, stateDir });
    expect(await readdir(stateDir)).toHaveLength(3);
    account.advance(24 * HOUR);
    await account.open({ limit: 2, stateDir });
    const remaining = await readdir(stateDir);
    expect(remaining.filter((name) => name.endsWith('2026-11-22'))).toHaveLength(1);
    expect(remaining).toHaveLength(3);
  });

  it('rejects at its creation with the system error code if the folder cannot be written', async () => {
    const account = createAccount();
    const stateDir = await createFolder();
    await writeFile(stateDir, 'a file with the name of the folder');
    await expect(account.open({ stateDir })).rejects.toMatchObject({ code: 'EEXIST' });
    await expect(account.open({ stateDir: path.join(stateDir, 'below') })).rejects.toMatchObject({ code: 'ENOTDIR' });
    await rm(stateDir);
    await expect(account.open({ stateDir })).resolves.toBeDefined();
  });

  it('grants no call that it cannot count, and grants calls again as soon as it can', async () => {
    const account = createAccount();
    const stateDir = await createFolder();
    const quota = await account.open({ stateDir });
    expect(await granted(quota, 1)).toBe(1);
    await rename(stateDir, `${stateDir}-away`);
    await expect(quota.consume()).rejects.toMatchObject({
      kind: 'count-failed',
      code: 'UPSTREAM_UNAVAILABLE',
      cause: { code: 'ENOENT' },
    });
    expect(account.events).toEqual([{ event: 'quota.write-failed', reason: 'ENOENT' }]);
    await rename(`${stateDir}-away`, stateDir);
    expect(await granted(quota, 1)).toBe(1);
    expect(quota.state().used).toBe(2);
  });
});
