import { setTimeout as sleep } from 'node:timers/promises';
import { FAULT_NAMES as WOLKVOX_FAULTS, type FaultName as WolkvoxFault } from '../../src/simulator/faults.js';
import { createRandom, pick } from '../../src/simulator/random.js';
import { Cluster } from './cluster.js';
import { FAULT_NAMES, injectFault, type FaultName } from './fault-injection.js';
import { Load, type Tally } from './load.js';
import { monitorStalls, pollUntil, reportSlots, untilSlotsInUse } from './monitor.js';
import {
  answerRows,
  detailRows,
  loadViolations,
  percentile,
  seconds,
  slotRows,
  table,
  type RunReport,
} from './report.js';
import { createWorkload } from './workload.js';

/**
 * The chaos: Wolkvox fails in every way that the simulator knows, one wave after the other, while replicas are killed,
 * frozen and stopped and Redis goes away. The oracle checks every answer.
 */
export interface ChaosOptions {
  /** About how long it runs. Less than two: only the wave with all faults. */
  readonly minutes: number;
  readonly seed: number;
  readonly print: (line: string) => void;
}

interface Wave {
  readonly name: string;
  readonly faults: readonly WolkvoxFault[];
  /** Percent of the calls that have one of the faults. */
  readonly percent: number;
  /** How long it lasts. Undefined: an equal share of the time that is left. */
  readonly ms?: number;
}

/** The service reacts to these for longer than a moment, so that they have waves of their own. */
const LASTING: readonly WolkvoxFault[] = ['token-refused', 'quota-refused', 'code-403-in-200'];
/** They leave values out, so that the oracle would not know the right answer. */
const INCOMPLETE: readonly WolkvoxFault[] = ['missing-keys', 'missing-campaign', 'null-values'];
const ALL_AT_ONCE: Wave = {
  name: 'all faults at once',
  faults: WOLKVOX_FAULTS.filter((name) => !LASTING.includes(name) && !INCOMPLETE.includes(name)),
  percent: 35,
};
const WAVES: readonly Wave[] = [
  { name: 'broken connections', faults: ['cut', 'reset', 'cut-body'], percent: 40 },
  { name: 'slow and silent', faults: ['slow', 'silence', 'silence-body', 'endless-body'], percent: 30 },
  { name: 'server errors', faults: ['500', '502', '503', '504', 'code-500-in-200'], percent: 50 },
  { name: 'throttled', faults: ['429-seconds', '429-date', 'simultaneous-refused'], percent: 50 },
  {
    ...{ name: 'malformed answers', percent: 60 },
    faults: ['404-html', 'html-200', 'truncated-json', 'empty-body', 'gzip-bomb', 'flood'],
  },
  {
    ...{ name: 'unusual answers', percent: 90 },
    faults: ['bom', 'code-number', 'code-zero', 'error-null-text', 'unknown-keys'],
  },
  { name: 'maintenance', faults: ['maintenance-json', 'maintenance-html', 'maintenance-empty'], percent: 80 },
  { name: 'daily calls used up', faults: ['quota-refused', 'code-403-in-200'], percent: 100, ms: 4_000 },
  { name: 'token refused', faults: ['token-refused'], percent: 100, ms: 3_000 },
  ALL_AT_ONCE,
];
/** The service needs about this long to recover from a wave. */
const RECOVERY_MS = 4_000;
const SHORTEST_WAVE_MS = 1_000;
const ALL_WAVES_FROM_MINUTES = 2;
/** Faults of replicas and of Redis; a long freeze would fill a wave. */
const CLUSTER_FAULTS = FAULT_NAMES.filter((name) => name !== 'long freeze');

const DEADLINE_MS = 8_000;
const CALL_TIMEOUT_MS = 3_000;
/** A response may take this much longer than the deadline of its operation on a loaded machine. */
const MARGIN_MS = 4_000;
/** The circuit sends a probe within a minute, also after a refused token. */
const PATIENCE_MS = 75_000;

export async function chaos(options: ChaosOptions): Promise<RunReport> {
  const { seed } = options;
  const cluster = await Cluster.open({
    ...{ callTimeoutMs: CALL_TIMEOUT_MS, deadlineMs: DEADLINE_MS, freshMs: 5_000, staleMs: 60_000 },
    env: { RESPONSE_MAX_MB: '16' },
    simulator: { latency: { minMs: 20, maxMs: 80 }, slowMs: 2_000, bombMb: 40, retryAfterSeconds: 1 },
  });
  const stalls = monitorStalls();
  try {
    const workload = createWorkload(cluster.simulator, seed);
    await cluster.add();
    const load = new Load(cluster, workload, {
      callers: 8,
      seed: seed + 1,
      hotPercent: 40,
      maxAgeZeroPercent: 25,
      hangUpPercent: 8,
    });
    const outcomes = await runWaves(cluster, load, options);
    await load.stop();
    return report({ options, cluster, outcomes, tally: load.tally, stallMs: stalls.longestMs() });
  } finally {
    stalls.stop();
    await cluster.close();
  }
}

/** How a wave ended: `recoveredMs` later both slots were in use and a new answer was right; undefined: not in time. */
interface WaveOutcome {
  readonly name: string;
  readonly recoveredMs: number | undefined;
}

async function runWaves(cluster: Cluster, load: Load, options: ChaosOptions): Promise<WaveOutcome[]> {
  const waves = options.minutes < ALL_WAVES_FROM_MINUTES ? [ALL_AT_ONCE] : WAVES;
  const end = Date.now() + options.minutes * 60_000;
  const outcomes: WaveOutcome[] = [];
  const stopFaults = injectFaults(cluster, options.seed);
  for (const [index, wave] of waves.entries()) {
    const share = (end - Date.now()) / (waves.length - index);
    const ms = Math.max(SHORTEST_WAVE_MS, share - RECOVERY_MS);
    const recoveredMs = await runWave({ ms, ...wave }, cluster, load, options.seed);
    outcomes.push({ name: wave.name, recoveredMs });
    options.print(`${wave.name}: recovered after ${seconds(recoveredMs)}`);
  }
  await stopFaults();
  return outcomes;
}

async function runWave(
  wave: Required<Wave>,
  cluster: Cluster,
  load: Load,
  seed: number,
): Promise<WaveOutcome['recoveredMs']> {
  const { faults } = cluster.simulator;
  cluster.timeline.note(`wave begins: ${wave.name}`);
  faults.random(Object.fromEntries(wave.faults.map((name) => [name, wave.percent / 100 / wave.faults.length])), seed);
  await sleep(wave.ms);
  faults.clear();
  const endedAt = Date.now();
  cluster.timeline.note(`wave ends: ${wave.name}`);
  const slotsMs = await untilSlotsInUse(cluster, endedAt, PATIENCE_MS);
  const isAnswered = await pollUntil(() => load.hasAnswerSentAfter(endedAt), endedAt + PATIENCE_MS - Date.now());
  return slotsMs !== undefined && isAnswered ? Date.now() - endedAt : undefined;
}

/** Injects faults of replicas and of Redis at random. @returns a function that ends it */
function injectFaults(cluster: Cluster, seed: number): () => Promise<void> {
  const random = createRandom(seed, 61);
  const over = new AbortController();
  const restarts: Promise<unknown>[] = [];
  const injecting = (async () => {
    for (const name of shuffledFaults()) {
      await sleep(1_000 + random(3_000), undefined, { signal: over.signal }).catch(() => undefined);
      if (over.signal.aborted) return;
      restarts.push((await injectFault(cluster, name, random))?.restarted ?? Promise.resolve());
    }
  })();
  return async () => {
    over.abort();
    await injecting;
    await Promise.all(restarts);
  };

  /** A kill first, so that also a short run has one. */
  function* shuffledFaults(): Generator<FaultName> {
    yield 'kill';
    for (;;) yield pick(random, CLUSTER_FAULTS);
  }
}

interface Findings {
  readonly options: ChaosOptions;
  readonly cluster: Cluster;
  readonly outcomes: readonly WaveOutcome[];
  readonly tally: Tally;
  readonly stallMs: number;
}

function report({ options, cluster, outcomes, tally, stallMs }: Findings): RunReport {
  const { timeline, simulator } = cluster;
  const slots = reportSlots(cluster, CALL_TIMEOUT_MS);
  const longestMs = percentile(tally.waits, 100) ?? 0;
  const notRecovered = outcomes.filter(({ recoveredMs }) => recoveredMs === undefined);
  const violations = [
    ...slots.violations,
    // The time in which this process did nothing is no wait for the service.
    ...(longestMs > DEADLINE_MS + MARGIN_MS + stallMs ? [`a caller waited for ${seconds(longestMs)}`] : []),
    ...notRecovered.map(({ name }) => `not recovered ${seconds(PATIENCE_MS)} after the wave: ${name}`),
    ...loadViolations(tally),
    ...timeline.crashes,
  ];
  const summary = table(
    [`chaos of ${options.minutes} min, seed ${options.seed}`, 'figure'],
    [...answerRows(tally), ['longest wait of a caller', seconds(longestMs)], ['violations', violations.length]],
  );
  const faulty = simulator.requestLog.requests.filter(({ outcome }) => outcome.startsWith('fault: ')).length;
  const details = [
    table(
      ['wave', 'recovered after'],
      outcomes.map(({ name, recoveredMs }) => [name, seconds(recoveredMs)]),
    ),
    table(['details', 'figure'], [['calls with a fault', faulty], ...slotRows(slots), ...detailRows(tally, stallMs)]),
  ].join('\n\n');
  const killed = timeline.incidents.filter(({ kind }) => kind === 'kill').length;
  const counts = { right: tally.right, faulty, killed };
  return { summary, details, timeline: timeline.print(), violations, counts };
}
