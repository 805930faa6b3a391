import type { Tally } from './load.js';
import type { SlotReport } from './monitor.js';

/** Writes figures as Markdown tables. */

export type Row = readonly (string | number)[];

/** The result of a soak or a chaos run. */
export interface RunReport {
  /** The short table that is printed. */
  readonly summary: string;
  /** Everything else, in Markdown. */
  readonly details: string;
  /** What was done to the cluster, and what the replicas logged, line by line. */
  readonly timeline: string;
  /** Empty if the run passed. */
  readonly violations: readonly string[];
  /** How often that happened which the run is about. */
  readonly counts: Readonly<Record<string, number>>;
}

export function table(head: Row, rows: readonly Row[]): string {
  const line = (cells: Row): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** The smallest value that `percent` of the values do not exceed; undefined if there are no values. */
export function percentile(values: readonly number[], percent: number): number | undefined {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.max(0, Math.ceil((sorted.length * percent) / 100) - 1)];
}

/** Milliseconds as seconds. */
export function seconds(ms: number | undefined): string {
  return ms === undefined ? '–' : `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s`;
}

export function percent(share: number): string {
  return `${(share * 100).toFixed(0)}%`;
}

/** How the lookups of a load ended. */
export function answerRows(tally: Tally): Row[] {
  return [
    ['operations', tally.operations],
    ['lookups answered right', tally.right],
    ['lookups answered with a stale answer', tally.stale],
    ...[...tally.errors].sort().map(([code, count]) => [`lookups failed with ${code}`, count]),
    ['wrong answers', tally.wrong.length],
  ];
}

/** What a load found that must not happen. */
export function loadViolations({ wrong, lost }: Tally): string[] {
  return [...wrong.map((text) => `wrong answer: ${text}`), ...lost.map((text) => `no response: ${text}`)];
}

/** How the slots were used. Each overlap has a row of its own. */
export function slotRows({ calls, mostAtOnce, overlaps, callsWithoutRedis }: SlotReport): Row[] {
  return [
    ['calls', calls],
    ['most calls at once', mostAtOnce],
    ...overlaps.map((text): Row => ['more than two calls at once', text]),
    ['calls sent without Redis', callsWithoutRedis],
  ];
}

/** @param stallMs the longest time in which the process of the load and the simulator did nothing */
export function detailRows({ waits, hungUp, cutOff, lost }: Tally, stallMs: number): Row[] {
  return [
    ...[50, 95, 100].map((limit): Row => [`wait of callers, p${limit}`, seconds(percentile(waits, limit))]),
    ['operations that the caller cut off', hungUp],
    ['operations cut off by a kill, a freeze or a stop', cutOff],
    ['operations without a response for no known reason', lost.length],
    ['longest stall of the load and the simulator', seconds(stallMs)],
  ];
}
