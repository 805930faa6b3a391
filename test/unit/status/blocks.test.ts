import { describe, expect, it } from 'vitest';
import type { RecentMinute, ServiceStatus } from '../../../src/core/status.js';
import { blocksOf, BLOCK_NAMES, type Blocks, type SlotHolders } from '../../../src/status/blocks.js';
import { aMinute, aStatus } from './status.js';

/** The text of a block without its elements. */
function textOf(name: keyof Blocks, facts: Partial<ServiceStatus>, now = 0, holders?: SlotHolders): string {
  const { text } = blocksOf(aStatus(facts), now, holders)[name];
  return text
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
}

/** Ten calls that took at most 0.2 s, and one that took 1.9 s and failed. */
const busyMinute = aMinute({
  answers: { memory: 60, shared: 10, flight: 5, wolkvox: 20, stale: 5 },
  errors: { UPSTREAM_TIMEOUT: 5, BAD_USER_INPUT: 1 },
  calls: { answered: 10, failed: 1, meanMs: 300, slowestMs: 1_900, byDuration: [0, 0, 10, 0, 0, 1, 0, 0, 0, 0, 0] },
});

describe('blocksOf', () => {
  it('has every block', () => {
    expect(Object.keys(blocksOf(aStatus(), 0)).sort()).toEqual([...BLOCK_NAMES].sort());
  });

  it('escapes names that a caller chose', () => {
    const clients = [{ name: `<img src=x onerror='a'>&"`, calls: 1, refusals: 0, operations: [] }];
    const { text } = blocksOf(aStatus({ clients }), 0).clients;
    expect(text).toContain('&lt;img src=x onerror=&#39;a&#39;&gt;&amp;&quot;');
    expect(text).not.toContain('<img');
  });

  it('shows calls against the limit, with a projection', () => {
    const { dailyQuota } = aStatus();
    const limited = {
      ...dailyQuota,
      limit: 5_000,
      used: 1_368,
      remaining: 3_632,
      projectedUse: 3_910,
      usedByOthers: 12,
    };
    expect(textOf('quota', { dailyQuota: limited }, 1_800_000)).toBe(
      '1,368 of 5,000, 27% Left today 3,632 Expected by the end of the day 3,910 Used by other programs 12 ' +
        'Next day begins in 30 min',
    );
    expect(textOf('quota', {})).toBe(
      '0 not limited Expected by the end of the day not known yet Used by other programs not known ' +
        'Next day begins in 1 h',
    );
  });

  it('shows the slots of a process', () => {
    const queue = { ...aStatus().queue, running: 1 };
    expect(textOf('slots', { queue })).toMatch(/^1 of 2 in use One process/);
    expect(squaresOf({ queue })).toEqual(['used', 'free']);
  });

  it('shows which replica holds each slot, or only those of this replica if that is not known', () => {
    const redis = { connection: 'up', slotsHeld: 1, slotsWaiting: 3 } as const;
    const holders = [undefined, 'web-<2>/1/9c4e'];
    expect(textOf('slots', { redis }, 0, holders)).toBe(
      '1 of 2 in use Slot 1 free Slot 2 web-&lt;2&gt;/1/9c4e Waiting here for a slot 3',
    );
    expect(squaresOf({ redis }, holders)).toEqual(['free', 'used']);
    expect(textOf('slots', { redis })).toBe(
      '1 of 2 in use by this replica Slot 1 not known Slot 2 not known Waiting here for a slot 3',
    );
    expect(squaresOf({ redis })).toEqual(['used', 'free']);
    const queue = { ...aStatus().queue, concurrency: 1 };
    expect(textOf('slots', { redis, queue }, 0, ['this replica'])).toBe(
      '1 of 1 in use Slot 1 this replica Waiting here for a slot 3',
    );
  });

  function squaresOf(facts: Partial<ServiceStatus>, holders?: SlotHolders): string[] {
    const { text } = blocksOf(aStatus(facts), 0, holders).slots;
    return [...text.matchAll(/<span class="(used|free)">/g)].map(([, name = '']) => name);
  }

  it('shows the queue by priority, with the longest wait', () => {
    const waitingByPriority = { next: 3, later: 4, background: 1 };
    const queue = { ...aStatus().queue, waiting: 8, waitingByPriority, oldestWaitMs: 1_830 };
    expect(textOf('queue', { queue })).toBe(
      '8 wait, the oldest for 1.8 s Next call of each operation 3 Their later calls 4 For the cache only 1',
    );
    expect(textOf('queue', {})).toMatch(/^0 no call waits/);
  });

  it('shows the circuit, a pause, Redis and the cache', () => {
    const queue = { ...aStatus().queue, pausedForMs: 4_000 };
    const cache = { entries: 812, bytes: 1_900_000 };
    const redis = { connection: 'down', slotsHeld: 0, slotsWaiting: 0 } as const;
    expect(textOf('health', { circuit: 'open', queue, redis, cache })).toBe(
      'Circuit Open: no call is sent Pause of all calls 4 s more Redis unreachable Memory cache 812 answers, 1.9 MB',
    );
    expect(textOf('health', {})).toContain('Pause of all calls none Redis not configured');
  });

  it('adds up the answers and errors of the hour, the most frequent errors first', () => {
    const recent = [busyMinute, aMinute(), busyMinute];
    expect(textOf('answers', { recent })).toBe(
      '80% without a call of their own Memory 120 Cache in Redis 20 Call of another lookup 10 Call of its own 40 ' +
        'Stale answer 10',
    );
    expect(textOf('errors', { recent })).toBe('12 in responses UPSTREAM_TIMEOUT 10 BAD_USER_INPUT 2');
    expect(textOf('errors', {})).toBe('0 no errors');
    expect(textOf('answers', {})).toMatch(/^0 no lookups/);
  });

  it('shows the clients with the most calls, and how many more there are', () => {
    const clients = Array.from({ length: 10 }, (_, index) => ({
      ...{ name: `client-${index}`, calls: 10 - index, refusals: index, operations: [] },
    }));
    const text = textOf('clients', { clients });
    expect(text).toMatch(/client-0 10 0 .* client-7 3 7 2 further clients/);
    expect(text).not.toContain('client-8');
    expect(textOf('clients', {})).toBe('No client has caused a call yet.');
  });
});

describe('the chart of durations', () => {
  const chartOf = (recent: readonly RecentMinute[]): string => blocksOf(aStatus({ recent }), 0).latency.text;
  const barsOf = (chart: string): string[] =>
    [...chart.matchAll(/class="(\w+)"\s+x="(\d+)"\s+y="(\d+)"\s+width="\d+"\s+height="(\d+)"/g)].map((parts) =>
      parts.slice(1).join(' '),
    );

  it('has the current minute at its right edge, and says in words what it shows', () => {
    const chart = chartOf([busyMinute, aMinute()]);
    // The axis ends at 2 s, and the drawing is 120 high.
    expect(barsOf(chart)).toEqual(['slowest 581 6 114', 'mean 581 102 18', 'failed 581 115 5']);
    expect(barsOf(chartOf([busyMinute]))[0]).toMatch(/^slowest 591 /);
    expect(chart).toMatch(/<span>2 s<\/span>/);
    const summary =
      '11 calls in the last hour, 1 of them failed. Half took at most 200 ms, 95% at most 2 s, the slowest one 1.9 s.';
    expect(chart).toContain(`aria-label="${summary}"`);
  });

  it('says that there were no calls, or calls of more than a minute', () => {
    expect(chartOf([aMinute()])).toContain('No call ended in the last hour.');
    expect(barsOf(chartOf([aMinute()]))).toEqual([]);
    const byDuration = [...Array.from({ length: 10 }, () => 0), 2];
    const slow = aMinute({ calls: { answered: 2, failed: 0, meanMs: 61_000, slowestMs: 61_000, byDuration } });
    expect(chartOf([slow])).toContain('none of them failed. Half took more than a minute');
  });
});
