import { describe, expect, it } from 'vitest';
import { evaluate, readScrape, type Scrape } from '../../support/promql.js';

/** Scrapes at intervals of one minute. */
const scrapesOf = (...texts: string[]): Scrape[] => texts.map((text, minute) => readScrape(text, 60 * minute));
/** The numbers of a result. */
function numbers(query: string, ...texts: string[]): number | number[] {
  const value = evaluate(query, scrapesOf(...texts));
  return typeof value === 'number' ? value : value.map((element) => element.value);
}

const CALLS = 'calls_total{reason="timeout",outcome="a"} 3\ncalls_total{reason="server",outcome="b"} 4\ncalls_total 1';

describe('the evaluator of the documented queries', () => {
  it.each<[string, number | number[]]>([
    ['1 + 2 * 3 - 4 / 2', 5],
    ['(1 + 2) * 3', 9],
    ['calls_total', [3, 4, 1]],
    ['calls_total{reason="timeout"}', [3]],
    ['calls_total{reason="time"}', []],
    ['calls_total{reason=~"time.+|x"}', [3]],
    ['calls_total{reason=~"time"}', []],
    ['calls_total{reason!~"time.+", outcome="b"}', [4]],
    ['calls_total{reason!="timeout"}', [4, 1]],
    ['calls_total{reason=""}', [1]],
    ['sum(calls_total)', [8]],
    ['max(calls_total)', [4]],
    ['min(calls_total)', [1]],
    ['max(missing)', []],
    ['calls_total > 3', [4]],
    ['sum(calls_total) / 4 == 2', [2]],
    ['sum(calls_total) / sum(calls_total{reason="server"})', [2]],
    ['1 - sum(calls_total) / 16', [0.5]],
    ['sum(missing) / sum(calls_total)', []],
    ['sum(missing) > 0 or sum(calls_total) > 7', [8]],
    ['sum(calls_total) > 7 or sum(calls_total) > 0', [8]],
  ])('%s', (query, expected) => {
    expect(numbers(query, 'other 9', CALLS)).toEqual(expected);
  });

  it('compares no value with NaN, and leaves it out of max and min', () => {
    expect(numbers('up == 0', 'up NaN')).toEqual([]);
    expect(numbers('up >= 0', 'up Nan')).toEqual([]);
    expect(numbers('max(up)', 'up{of="a"} Nan\nup{of="b"} 1')).toEqual([1]);
    expect(numbers('min(up)', 'up{of="a"} Nan')).toEqual([NaN]);
    expect(numbers('sum(up)', 'up{of="a"} Nan\nup{of="b"} 1')).toEqual([NaN]);
    expect(numbers('sum(up) / sum(up) > 0.5', 'up 0')).toEqual([]);
  });

  it('computes the increase of each series, also over a restart of the process', () => {
    expect(numbers('increase(calls[5m])', 'calls 1', 'calls 4')).toEqual([3]);
    expect(numbers('rate(calls[5m])', 'calls 0', 'calls 300')).toEqual([1]);
    expect(numbers('increase(calls[5m])', 'calls 10', 'calls 12', 'calls 5')).toEqual([7]);
    expect(numbers('sum(increase(calls[5m]))', 'calls{of="a"} 1\ncalls 1', 'calls{of="a"} 2\ncalls 1')).toEqual([1]);
  });

  it('sees no increase of a series that was not there before, or that has one sample in the window', () => {
    expect(numbers('increase(calls[5m])', 'other 1', 'calls 1')).toEqual([]);
    expect(numbers('increase(calls[5m])', 'other 1', 'calls 1', 'calls 1')).toEqual([0]);
    expect(numbers('increase(calls[1m])', 'calls 1', 'calls 5', 'calls 5')).toEqual([0]);
  });

  it.each(['avg(calls)', 'calls[5m]', 'sum by (x) (calls)', 'calls >', 'calls and calls', 'calls #', 'calls > calls'])(
    'refuses what it does not know: %s',
    (query) => {
      expect(() => evaluate(query, scrapesOf('calls 1'))).toThrow();
    },
  );
});
