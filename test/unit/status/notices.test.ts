import { describe, expect, it } from 'vitest';
import type { ServiceStatus } from '../../../src/core/status.js';
import { noticesOf } from '../../../src/status/notices.js';
import { aStatus } from './status.js';

const quota = aStatus().dailyQuota;
const queue = aStatus().queue;
const textOf = (facts: Partial<ServiceStatus>): string =>
  noticesOf(aStatus(facts))
    .map(({ severity, text }) => `${severity}: ${text}`)
    .join('\n');

describe('noticesOf', () => {
  it('says that nothing is wrong', () => {
    expect(textOf({})).toBe('normal: The service works normally.');
  });

  it.each<[string, Partial<ServiceStatus>, RegExp]>([
    ['an open circuit', { circuit: 'open' }, /^problem: The circuit is open/],
    ['a half-open circuit', { circuit: 'half-open' }, /^warning: One call checks/],
    ['a day that is used up by Wolkvox', { dailyQuota: { ...quota, isExhausted: true } }, /^problem: Wolkvox says/],
    [
      'a day that is used up by the count',
      { dailyQuota: { ...quota, limit: 10, used: 10, remaining: 0, projectedUse: 20 } },
      /^problem: Today's calls are used up, so no call is sent\.$/,
    ],
    [
      'a day that is nearly used up',
      { dailyQuota: { ...quota, limit: 10, used: 8, remaining: 2 } },
      /^warning: 80% of today's calls are used\.$/,
    ],
    [
      'a pace that is too fast',
      { dailyQuota: { ...quota, limit: 10, used: 5, remaining: 5, projectedUse: 11 } },
      /^warning: At the pace of the last hour/,
    ],
    ['a Redis that is away', { redis: { connection: 'down', slotsHeld: 0, slotsWaiting: 0 } }, /^problem: Redis is/],
    ['a pause', { queue: { ...queue, pausedForMs: 1 } }, /^warning: Wolkvox refused a call/],
    ['a long wait', { queue: { ...queue, oldestWaitMs: 10_001 } }, /^warning: A call has waited/],
  ])('mentions %s', (_, facts, expected) => {
    expect(textOf(facts)).toMatch(expected);
    expect(textOf(facts)).not.toContain('\n');
  });

  it('does not mention a pace that lasts, and a wait that is short', () => {
    const lasting = { ...quota, limit: 10, used: 5, remaining: 5, projectedUse: 10 };
    expect(textOf({ dailyQuota: lasting, queue: { ...queue, oldestWaitMs: 9_999 } })).toMatch(/^normal/);
  });

  it('has problems first', () => {
    const both = noticesOf(
      aStatus({ queue: { ...queue, pausedForMs: 1 }, redis: { connection: 'down', slotsHeld: 0, slotsWaiting: 0 } }),
    );
    expect(both.map(({ severity }) => severity)).toEqual(['problem', 'warning']);
  });
});
