import { stat } from 'node:fs/promises';
import type { Observe } from '../core/events.js';
import { OPT_NAMES, type OptLabels } from '../core/opt-labels.js';
import { MAX_LABEL_LENGTH, foldName, readLabelFile, type Columns, type LabelTable } from './label-file.js';

export interface WatchOptions {
  readonly path: string;
  /** How often the file is checked, in milliseconds. Default: 2,000. */
  readonly intervalMs?: number;
  readonly observe: Observe;
  readonly onBug: (error: unknown) => void;
}

/** The labels of a file, which follow its changes. */
export interface WatchedLabels {
  readonly labels: OptLabels;
  /** Ends the checks. The labels stay as they are. */
  close(): void;
}

/** The file cannot be used. Each problem names the JSON path, and no value of the file. */
export class LabelFileError extends Error {
  override readonly name = 'LabelFileError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super('The file of labels cannot be used.');
    this.problems = problems;
  }
}

const DEFAULT_INTERVAL_MS = 2_000;
/** A log line names this many problems. */
const LOGGED_PROBLEMS = 20;
const BLANK: Columns = Object.freeze(OPT_NAMES.map(() => Object.freeze({ label: null, type: null })));

/** What is known without a file: the twelve columns by their names, without labels and types. */
export const NO_LABELS: OptLabels = createLabels(
  () => ({ default: BLANK, campaigns: new Map() }),
  () => 0,
);

/**
 * Reads the labels, and reads them again when the file changes. A wrong version is refused and reported, and the labels
 * of the last right one are used. The checks do not keep the process alive.
 *
 * Each check asks the system for the state of the file to which the path leads. `fs.watch` is not used, because it
 * misses changes: a ConfigMap of Kubernetes replaces a symbolic link to the folder of the file, an editor replaces the
 * file by another one, and network file systems and some container mounts report nothing. A version is read when two
 * checks in a row find the same state, so that a file is not read while it is written.
 *
 * @throws LabelFileError if the first version cannot be used
 */
export async function watchLabels(options: WatchOptions): Promise<WatchedLabels> {
  const { path, intervalMs = DEFAULT_INTERVAL_MS, observe, onBug } = options;
  // The state comes first: a change while the file is read is a new version.
  let readState = await stateOf(path);
  let lastState = readState;
  const file = await readLabelFile(path);
  if ('problems' in file) throw new LabelFileError(file.problems);
  let table = file.table;
  let version = 1;
  let isClosed = false;
  let timer = startTimer();
  observe({ event: 'labels.loaded', campaigns: table.campaigns.size });

  return {
    labels: createLabels(
      () => table,
      () => version,
    ),
    close() {
      isClosed = true;
      clearTimeout(timer);
    },
  };

  function startTimer(): NodeJS.Timeout {
    const run = async (): Promise<void> => {
      await check().catch(onBug);
      if (!isClosed) timer = startTimer();
    };
    return setTimeout(() => void run(), intervalMs).unref();
  }

  async function check(): Promise<void> {
    const state = await stateOf(path);
    const isSettled = state === lastState;
    lastState = state;
    if (!isSettled || state === readState) return;
    readState = state;
    const next = await readLabelFile(path);
    if (isClosed) return;
    if ('problems' in next) {
      observe({ event: 'labels.rejected', problems: shorten(next.problems) });
      return;
    }
    table = next.table;
    version += 1;
    observe({ event: 'labels.loaded', campaigns: table.campaigns.size });
  }
}

function createLabels(table: () => LabelTable, version: () => number): OptLabels {
  const positions = new WeakMap<Columns, ReadonlyMap<string, number>>();
  const of = (campaignId: string): Columns => table().campaigns.get(campaignId) ?? table().default;
  return {
    of,
    positionOf(campaignId, name) {
      if (name.length > MAX_LABEL_LENGTH) return undefined;
      const columns = of(campaignId);
      let found = positions.get(columns);
      if (found === undefined) positions.set(columns, (found = positionsIn(columns)));
      return found.get(foldName(name));
    },
    version,
  };
}

function positionsIn(columns: Columns): ReadonlyMap<string, number> {
  return new Map([
    ...columns.flatMap(({ label }, index) => (label === null ? [] : [[foldName(label), index + 1] as const])),
    ...OPT_NAMES.map((name, index) => [name, index + 1] as const),
  ]);
}

/** The state of the file to which the path leads. The rights count, because they may have been the problem. */
async function stateOf(path: string): Promise<string> {
  try {
    const { dev, ino, mode, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
    return [dev, ino, mode, size, mtimeNs, ctimeNs].join();
  } catch (error) {
    return String(error instanceof Error && 'code' in error ? error.code : error);
  }
}

function shorten(problems: readonly string[]): readonly string[] {
  const more = problems.length - LOGGED_PROBLEMS;
  return more <= 0 ? problems : [...problems.slice(0, LOGGED_PROBLEMS), `${more} more.`];
}
