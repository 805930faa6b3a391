import { drawBarChart, formatNumber } from './chart.js';
import type { Result } from './result.js';
import { BARS, WORKLOADS, type Bar } from './workloads.js';

/** The results as tables and plots. */

export interface Report {
  readonly version: string;
  /** The day of the run, 2026-11-24. */
  readonly date: string;
  readonly isQuick: boolean;
  readonly machine: string;
  readonly results: readonly Result[];
}

export interface CheckedBar extends Bar {
  readonly value: number;
  /** `below` also if there is no value. */
  readonly verdict: 'ok' | 'below' | 'above';
}

/** The bars of the workloads that were measured. */
export function checkBars(results: readonly Result[], bars: readonly Bar[] = BARS): CheckedBar[] {
  return bars.flatMap((bar) => {
    const result = results.find(({ workload }) => workload === bar.workload);
    if (result === undefined) return [];
    const value = result.figures[bar.figure] ?? NaN;
    const { atLeast = -Infinity, atMost = Infinity } = bar;
    return [
      { ...bar, value, verdict: value >= atLeast && value <= atMost ? 'ok' : value > atMost ? 'above' : 'below' },
    ];
  });
}

/** The wrong answers of all servers. Most workloads end the run at the first one; the real page counts them. */
export function countWrong(results: readonly Result[]): number {
  return results
    .flatMap(({ columns, rows }) =>
      rows.flatMap(({ values }) => values.filter((_, at) => columns[at]?.title === 'wrong')),
    )
    .reduce((sum, count) => sum + count, 0);
}

/** The report as Markdown. @param plots the folder of the plots; undefined: there are none */
export function writeMarkdown({ version, date, isQuick, machine, results }: Report, plots?: string): string {
  const bars = checkBars(results).map(({ workload, figure, value, atLeast, atMost, verdict }) => [
    WORKLOADS[workload],
    figure,
    formatNumber(value),
    atLeast === undefined ? `at most ${formatNumber(atMost ?? NaN)}` : `at least ${formatNumber(atLeast)}`,
    verdict,
  ]);
  const sections = results.map(({ workload, columns, rows }) => {
    const head = ['server', ...columns.map(({ title }) => title)];
    const cells = rows.map(({ title, values }) => [title, ...values.map(formatNumber)]);
    const plot = plots === undefined ? [] : [`![${WORKLOADS[workload]}](${plots}${workload}.svg)`];
    return [`## ${WORKLOADS[workload]}`, table(head, cells), ...plot].join('\n\n');
  });
  return [
    '# Results of the benchmark',
    `Made by \`npm run bench${isQuick ? ' -- --quick' : ''}\` on ${date}, version ${version}. ${machine}`,
    '## Bars',
    table(['workload', 'figure of this subgraph', 'measured', 'bar', ''], bars),
    ...sections,
    '',
  ].join('\n\n');
}

/** The plot of a workload: a group of bars for each plotted column. */
export function drawResult({ workload, columns, rows }: Result): string {
  const groups = columns.flatMap(({ title, plotted }, index) => {
    const bars = rows.map((row) => ({
      title: row.title,
      value: row.values[index] ?? NaN,
      isHighlighted: row.isSubgraph,
    }));
    return plotted ? [{ title, bars }] : [];
  });
  return drawBarChart({ title: WORKLOADS[workload], groups });
}

/** A table in Markdown whose columns are aligned in a terminal, too. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((_, column) => Math.max(3, ...[head, ...rows].map((cells) => cells[column]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    `| ${widths.map((width, column) => (cells[column] ?? '').padEnd(width)).join(' | ')} |`;
  return [line(head), `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`, ...rows.map(line)].join('\n');
}
