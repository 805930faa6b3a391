import { describe, expect, it } from 'vitest';
import { checkBars, countWrong, drawResult, table, writeMarkdown } from '../../../bench/report.js';
import type { Result } from '../../../bench/result.js';

const one: Result = {
  workload: 'one-record',
  columns: [
    { title: 'requests a second', plotted: true },
    { title: 'slowest round', plotted: false },
  ],
  rows: [
    { title: 'this subgraph', isSubgraph: true, values: [12_000, 11_000] },
    { title: 'another server', isSubgraph: false, values: [6_000, 5_500] },
  ],
  figures: { '÷ apollo': 2, '÷ graphql-jit': 0.29 },
};
const page: Result = {
  workload: 'page',
  columns: [
    { title: 'pages', plotted: false },
    { title: 'wrong', plotted: false },
  ],
  rows: [
    { title: 'this subgraph', isSubgraph: true, values: [100, 0] },
    { title: 'another server', isSubgraph: false, values: [100, 3] },
  ],
  figures: { refused: 0, wrong: 1 },
};

describe('The report of the benchmark', () => {
  it('compares each figure with its bar', () => {
    const bars = [
      { workload: 'one-record', figure: '÷ apollo', atLeast: 2 },
      { workload: 'one-record', figure: '÷ graphql-jit', atLeast: 0.3 },
      { workload: 'one-record', figure: '÷ yoga', atLeast: 1 },
      { workload: 'page', figure: 'refused', atMost: 0 },
      { workload: 'page', figure: 'wrong', atMost: 0 },
      { workload: 'memory', figure: 'idle, MB', atMost: 120 },
    ] as const;
    expect(checkBars([one, page], bars).map(({ figure, verdict }) => `${figure} ${verdict}`)).toEqual([
      ...['÷ apollo ok', '÷ graphql-jit below', '÷ yoga below', 'refused ok', 'wrong above'],
    ]);
  });

  it('prints the bars, a table for each workload, and plots only where there is a folder', () => {
    const report = { version: '1.2.3', date: '2026-11-24', isQuick: true, machine: 'A machine.', results: [one, page] };
    const text = writeMarkdown(report);
    expect(text).toContain('Made by `npm run bench -- --quick` on 2026-11-24, version 1.2.3. A machine.');
    expect(text).toMatch(/\| One record +\| ÷ apollo +\| 2 +\| at least 2 +\| ok +\|/);
    expect(text).toMatch(/\| another server +\| 6,000 +\| 5,500 +\|/);
    expect(text).not.toContain('.svg');
    expect(writeMarkdown({ ...report, isQuick: false }, '')).toContain('![One record](one-record.svg)');
  });

  it('counts the wrong answers of all servers', () => {
    expect(countWrong([one, page])).toBe(3);
    expect(countWrong([one])).toBe(0);
  });

  it('plots only the columns that are meant for it', () => {
    const plot = drawResult(one);
    expect(plot).toContain('requests a second');
    expect(plot).not.toContain('slowest round');
    expect(plot.match(/<rect /g)).toHaveLength(2);
  });

  it('aligns the columns of a table', () => {
    expect(table(['a', 'long title'], [['long name', '1']]).split('\n')).toEqual([
      '| a         | long title |',
      '|-----------|------------|',
      '| long name | 1          |',
    ]);
  });
});
