import type { WorkloadName } from './workloads.js';

/** What a workload measured. */
export interface Result {
  readonly workload: WorkloadName;
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
  /** The figures of the subgraph that have bars, by name. */
  readonly figures: Readonly<Record<string, number>>;
}

export interface Column {
  readonly title: string;
  /** Whether the plot shows it. */
  readonly plotted: boolean;
}

/** The values of a server, by column. NaN: not measured. */
export interface Row {
  readonly title: string;
  readonly isSubgraph: boolean;
  readonly values: readonly number[];
}

/** How long and how often everything is measured. */
export interface Plan {
  readonly rounds: number;
  readonly roundMs: number;
  readonly warmUpMs: number;
  /** The warm-up of the first workload, in which the code that all workloads use is compiled. */
  readonly firstWarmUpMs: number;
  /** Lists that the warm-up and each round write for the first time. */
  readonly listsPerRound: number;
  readonly pageMs: number;
  readonly starts: number;
  readonly operations: number;
  readonly documents: number;
}

export const FULL: Plan = {
  rounds: 5,
  roundMs: 3_000,
  warmUpMs: 1_500,
  firstWarmUpMs: 5_000,
  listsPerRound: 8,
  pageMs: 60_000,
  starts: 7,
  operations: 100_000,
  documents: 20_000,
};
export const QUICK: Plan = {
  rounds: 3,
  roundMs: 200,
  warmUpMs: 200,
  firstWarmUpMs: 1_500,
  listsPerRound: 3,
  pageMs: 10_000,
  starts: 3,
  operations: 10_000,
  documents: 2_000,
};
/** Says what is being done. An empty step ends it. */
export type Progress = (step: string, detail?: string) => void;
