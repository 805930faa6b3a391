import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { ServiceEvent } from '../../../src/records/events.js';
import type { DayBudget } from '../../../src/records/limits.js';
import { createDayBudget } from '../../../src/wolkvox/budget.js';

/** 23:30 of 22 November in the account's zone, five hours behind UTC. */
const LATE = Date.UTC(2026, 10, 23, 4, 30);
const HOUR = 3_600_000;

interface Setting {
  now: number;
  events: ServiceEvent[];
  open(options?: { limit?: number; stateDir?: string; account?: string }): DayBudget;
}

function setting(): Setting {
  const events: ServiceEvent[] = [];
  const self: Setting = {
    now: LATE,
    events,
    open: ({ limit, stateDir, account = '0042' } = {}) =>
      createDayBudget({
        limit,
        stateDir,
        account,
        zone: 'UTC-5',
        observe: (event) => events.push(event),
        now: () => self.now,
      }),
  };
  return self;
}

async function folder(): Promise<string> {
  const made = await mkdtemp(path.join(tmpdir(), 'day-count-'));
  onTestFinished(() => rm(made, { recursive: true, force: true }));
  return path.join(made, 'state');
}

async function spend(budget: DayBudget, times: number): Promise<PromiseSettledResult<void>[]> {
  return Promise.allSettled(Array.from({ length: times }, () => budget.spend()));
}

const granted = (results: readonly PromiseSettledResult<void>[]): number =>
  results.filter(({ status }) => status === 'fulfilled').length;

describe("the day's budget", () => {
  it('grants exactly the limit however many ask at once, and does not count what it refuses', async () => {
    const budget = setting().open({ limit: 20 });
    const results = await spend(budget, 30);
    expect(granted(results)).toBe(20);
    expect(budget.state).toMatchObject({ day: '2026-11-22', spent: 20, limit: 20 });
    expect(results.at(-1)).toMatchObject({
      reason: {
        code: 'UPSTREAM_QUOTA_EXHAUSTED',
        retryable: false,
        retryAfterSeconds: 1800,
        message: 'The 20 calls of the day are used up.',
      },
    });
  });

  it("begins anew at midnight of the account's zone", async () => {
    const at = setting();
    const budget = at.open({ limit: 2 });
    await spend(budget, 3);
    at.now = LATE + HOUR / 2 - 1;
    expect(granted(await spend(budget, 1))).toBe(0);
    at.now = LATE + HOUR / 2;
    expect(granted(await spend(budget, 3))).toBe(2);
    expect(budget.state).toMatchObject({ day: '2026-11-23', spent: 2 });
  });

  it('counts without a limit, and tells of the day that it is now', async () => {
    const at = setting();
    const budget = at.open();
    expect(budget.state).toEqual({ day: '2026-11-22', spent: 0, limit: undefined, exhaustedUntil: undefined });
    expect(granted(await spend(budget, 5))).toBe(5);
    expect(budget.state).toMatchObject({ spent: 5, limit: undefined });
    expect(at.events).toEqual([]);
    at.now += HOUR;
    expect(budget.state).toEqual({ day: '2026-11-23', spent: 0, limit: undefined, exhaustedUntil: undefined });
  });

  it('tells once of 80, 95 and 100 percent', async () => {
    const at = setting();
    await spend(at.open({ limit: 40 }), 50);
    expect(at.events).toEqual([
      { event: 'budget', percent: 80, spent: 32, limit: 40 },
      { event: 'budget', percent: 95, spent: 38, limit: 40 },
      { event: 'budget', percent: 100, spent: 40, limit: 40 },
    ]);
  });

  it('stops when Wolkvox says that the day is used up, lets one probe an hour through, and ends that with the day or a success', async () => {
    const at = setting();
    at.now = Date.UTC(2026, 10, 23, 12, 0);
    const budget = at.open();
    await budget.spend();
    await budget.exhausted();
    expect(budget.state.exhaustedUntil).toBe(Date.UTC(2026, 10, 24, 5, 0));
    expect(granted(await spend(budget, 5))).toBe(0);
    at.now += HOUR;
    expect(granted(await spend(budget, 5))).toBe(1);
    at.now += HOUR / 2;
    expect(granted(await spend(budget, 5))).toBe(0);
    await budget.accepted();
    expect(granted(await spend(budget, 5))).toBe(5);
    await budget.exhausted();
    at.now = Date.UTC(2026, 10, 24, 5, 0);
    expect(granted(await spend(budget, 5))).toBe(5);
  });
});

describe("the day's budget in a folder", () => {
  it('survives a restart, and a crash at any moment, without a call forgotten', async () => {
    const at = setting();
    const stateDir = await folder();
    await spend(at.open({ limit: 10, stateDir }), 7);
    // Not closed: the process is gone.
    const after = at.open({ limit: 10, stateDir });
    expect(granted(await spend(after, 7))).toBe(3);
    expect(after.state.spent).toBe(10);
  });

  it('keeps accounts apart and removes the files of days that are over', async () => {
    const at = setting();
    const stateDir = await folder();
    await spend(at.open({ limit: 2, stateDir }), 2);
    expect(granted(await spend(at.open({ limit: 2, stateDir, account: '0043' }), 2))).toBe(2);
    expect(await readdir(stateDir)).toHaveLength(2);
    at.now += HOUR;
    await spend(at.open({ limit: 2, stateDir }), 1);
    expect((await readdir(stateDir)).filter((name) => name.endsWith('2026-11-23'))).toHaveLength(1);
    expect(await readdir(stateDir)).toHaveLength(2);
  });

  it('makes no call that it cannot count, and says why', async () => {
    const at = setting();
    const stateDir = await folder();
    await writeFile(stateDir, 'a file where a folder should be');
    const budget = at.open({ stateDir });
    expect(await spend(budget, 1)).toMatchObject([
      { reason: { code: 'UPSTREAM_UNAVAILABLE', message: expect.stringContaining('not be counted') as string } },
    ]);
    expect(at.events).toMatchObject([{ event: 'count-not-written', reason: 'EEXIST' }]);
  });
});
