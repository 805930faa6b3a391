/** Numbers as Markdown tables. */
import type { Fleet } from './cluster.js';
import { SIZES } from './load.js';
import type { OperationKind, Tally } from './load.js';

export type Row = readonly (string | number)[];

export function table(head: Row, rows: readonly Row[]): string {
  const line = (cells: Row): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** The value that `percent` of the values are not above; undefined where there are none. */
export function percentile(values: readonly number[], percent: number): number | undefined {
  const sorted = [...values].sort((left, right) => left - right);
  return sorted[Math.max(0, Math.ceil((sorted.length * percent) / 100) - 1)];
}

export function seconds(ms: number | undefined): string {
  return ms === undefined ? '–' : `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s`;
}

/** How long callers waited, by the size of their operation. */
export function waitsTable({ waits }: Tally): string {
  const rows = (Object.keys(SIZES) as OperationKind[]).map((kind) => {
    const values = waits[kind];
    const name = kind === 'entities' ? `_entities of 3 to ${SIZES[kind]}` : `${SIZES[kind]} questions`;
    return [name, values.length, ...[50, 95, 100].map((percent) => seconds(percentile(values, percent)))];
  });
  return table(['operation', 'how many', 'p50', 'p95', 'longest'], rows);
}

export function answersRows(tally: Tally): Row[] {
  return [
    ['operations', tally.operations],
    ['answers right', tally.right],
    ['answers as a fault of Wolkvox left them', tally.spoiled],
    ...[...tally.errors].sort().map(([code, count]) => [`clear error ${code}`, count]),
    ['**wrong answers**', tally.wrong.length],
    ['operations hung up by the caller', tally.hungUp],
    ['operations cut with a killed replica', tally.cutByKill],
    ['operations given up at a frozen replica', tally.cutByFreeze],
    ['operations that met the closed door of an ending replica', tally.turnedAway],
    ['**operations lost without a reason**', tally.lost.length],
  ];
}

export function warningsTable({ logged }: Fleet): string {
  return table(
    ['logged as a warning or an error', 'times'],
    [...logged].sort((left, right) => right[1] - left[1]),
  );
}
