/**
 * The chaos: a mixed load while Wolkvox fails in every way that the simulator knows, wave after wave, replicas are killed, frozen and
 * ended, and Redis vanishes. Every answer is judged; the tables tell what callers got, and how soon all was well again.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { createDraw } from '../../src/simulator/draw.js';
import { FAULT_NAMES } from '../../src/simulator/faults.js';
import type { FaultName } from '../../src/simulator/faults.js';
import { inflict } from './fault-injection.js';
import type { Harm, Inflicted } from './fault-injection.js';
import { openFleet } from './cluster.js';
import type { Fleet } from './cluster.js';
import { startLoad } from './load.js';
import type { Load } from './load.js';
import { createQuestions, oneOf } from './workload.js';
import { diaryOf } from './soak.js';
import type { TrialReport } from './soak.js';
import { answersRows, percentile, seconds, table, waitsTable, warningsTable } from './tables.js';
import type { Row } from './tables.js';
import { startWatch, untilBothBusy } from './monitor.js';

export interface ChaosOptions {
  readonly minutes: number;
  readonly replicas: number;
  readonly seed: number;
  readonly say: (line: string) => void;
}

const DEADLINE_MS = 8_000;
/** What a response may take beyond its operation's deadline on a machine that does other things too. */
const MARGIN_MS = 4_000;
const CALL_TIMEOUT_MS = 3_000;
const TTL_SECONDS = 5;
const STALE_SECONDS = 60;
const DAY_LIMIT = 80;

interface Wave {
  readonly name: string;
  readonly faults: readonly FaultName[];
  /** Of the calls that are struck, all its faults together. */
  readonly percent: number;
}

/** These say something about the account that is not over in a moment: they have a phase of their own. */
const LASTING: readonly FaultName[] = ['token-refused', 'quota-refused', 'code-403-in-200'];
const EVERYTHING: Wave = {
  name: 'everything at once',
  faults: FAULT_NAMES.filter((name) => !LASTING.includes(name)),
  percent: 35,
};
const WAVES: readonly Wave[] = [
  { name: 'broken connections', faults: ['cut', 'reset', 'cut-body'], percent: 40 },
  { name: 'slow and silent', faults: ['slow', 'silence', 'silence-body', 'endless-body'], percent: 30 },
  { name: 'server errors', faults: ['500', '502', '503', '504', 'code-500-in-200'], percent: 50 },
  { name: 'throttled', faults: ['429-seconds', '429-date', 'simultaneous-refused'], percent: 50 },
  {
    name: 'nonsense',
    faults: ['404-html', 'html-200', 'truncated-json', 'empty-body', 'gzip-bomb', 'flood'],
    percent: 60,
  },
  {
    name: 'odd but readable',
    faults: ['bom', 'code-number', 'code-zero', 'error-null-text', 'missing-keys', 'null-values', 'unknown-keys'],
    percent: 90,
  },
  { name: 'maintenance', faults: ['maintenance-json', 'maintenance-html', 'maintenance-empty'], percent: 80 },
  EVERYTHING,
];
/** An open circuit asks again after a minute at the latest, and so does one that a refused token has opened. */
const PATIENCE_MS = 75_000;
/** A trial of less time has one wave of everything and the day's limit. */
const ALL_WAVES_MS = 150_000;

interface Outcome {
  readonly name: string;
  readonly calls: number;
  readonly struck: number;
  readonly right: number;
  readonly errors: number;
  /** From its end until both places were in use again and a fresh answer was right; undefined: not in time. */
  readonly recoveredMs: number | undefined;
}

interface Harmed extends Inflicted {
  /** From the end of the harm until a fresh answer was right; undefined: not in time, or not before the account itself failed. */
  readonly recoveredMs: number | undefined;
}

export async function chaos(options: ChaosOptions): Promise<TrialReport> {
  const { seed } = options;
  const fleet = await openFleet({
    settings: {
      ...{ latency: { minMs: 20, maxMs: 80 }, slowMs: 2_000, bombMb: 40, retryAfterSeconds: 1 },
    },
    env: {
      ...{ WOLKVOX_TIMEOUT_MS: `${CALL_TIMEOUT_MS}`, REQUEST_DEADLINE_MS: `${DEADLINE_MS}`, RESPONSE_MAX_MB: '16' },
      ...{ CACHE_TTL_SECONDS: `${TTL_SECONDS}`, CACHE_STALE_SECONDS: `${STALE_SECONDS}` },
    },
  });
  const watch = startWatch(fleet);
  try {
    const questions = createQuestions(fleet.simulator, seed);
    await fleet.add(options.replicas);
    const load = startLoad(fleet, questions, {
      ...{ callers: 8, seed: seed + 1, hotPercent: 40, maxAgeZeroPercent: 25, hangUpPercent: 8 },
      ...{ deadlineMs: DEADLINE_MS, callTimeoutMs: CALL_TIMEOUT_MS, keptMs: (TTL_SECONDS + STALE_SECONDS) * 1_000 },
    });
    const dialling = setInterval(() => questions.dial(), 700);
    const outcomes: Outcome[] = [];
    const harmed = await failInWaves(fleet, load, options, outcomes);
    const account = await failForGood(fleet, load, options, outcomes);
    clearInterval(dialling);
    await load.stop();
    return reportOf({ options, fleet, watch, load, outcomes, harmed, account });
  } finally {
    watch.stop();
    await fleet.close();
  }
}

/** The waves, while replicas and Redis come to harm at random. */
async function failInWaves(fleet: Fleet, load: Load, options: ChaosOptions, outcomes: Outcome[]): Promise<Harmed[]> {
  const totalMs = options.minutes * 60_000;
  const isLong = totalMs >= ALL_WAVES_MS;
  const waves = isLong ? WAVES : [EVERYTHING];
  // The rest is for what lasts: see `failForGood`.
  const waveMs = (totalMs * (isLong ? 0.6 : 0.7)) / waves.length;
  const harming = harmAtRandom(fleet, load, options);
  await sleep(waveMs * 0.1);
  for (const wave of waves) outcomes.push(await play(wave, waveMs * 0.55, waveMs * 0.35, fleet, load, options));
  return harming.stop();
}

async function play(
  { name, faults, percent }: Wave,
  onMs: number,
  offMs: number,
  fleet: Fleet,
  load: Load,
  { seed, say }: Pick<ChaosOptions, 'seed' | 'say'>,
): Promise<Outcome> {
  const { witness } = fleet.simulator;
  const before = {
    calls: witness.counts.requests,
    struck: struckAt(fleet),
    right: load.tally.right,
    errors: errorsOf(load),
  };
  fleet.note(`wave begins: ${name}`);
  fleet.simulator.faults.random(
    Object.fromEntries(faults.map((fault) => [fault, percent / 100 / faults.length])),
    seed,
  );
  await sleep(onMs);
  fleet.simulator.faults.clear();
  const endedAt = Date.now();
  fleet.note(`wave ends: ${name}`);
  const outcome = {
    name,
    calls: witness.counts.requests - before.calls,
    struck: struckAt(fleet) - before.struck,
    right: load.tally.right - before.right,
    errors: errorsOf(load) - before.errors,
  };
  const recoveredMs = await untilWell(fleet, load, endedAt, PATIENCE_MS);
  say(`${name}: ${outcome.right} right, ${outcome.errors} clear errors; well again after ${seconds(recoveredMs)}`);
  await sleep(Math.max(0, endedAt + offMs - Date.now()));
  return { ...outcome, recoveredMs };
}

function struckAt({ simulator }: Fleet): number {
  return simulator.witness.requests.filter(({ outcome }) => outcome.startsWith('fault: ')).length;
}

function errorsOf({ tally }: Load): number {
  return [...tally.errors.values()].reduce((sum, count) => sum + count, 0);
}

async function untilWell(fleet: Fleet, load: Load, since: number, patienceMs: number): Promise<number | undefined> {
  const [busyAt, freshAt] = await Promise.all([
    untilBothBusy(fleet, since, patienceMs),
    untilFresh(load, since, () => Date.now() > since + patienceMs),
  ]);
  return busyAt === undefined || freshAt === undefined ? undefined : Math.round(Math.max(busyAt, freshAt) - since);
}

async function untilFresh(load: Load, since: number, isEnough: () => boolean): Promise<number | undefined> {
  for (;;) {
    const at = load.freshAfter(since);
    if (at !== undefined || isEnough()) return at;
    await sleep(50);
  }
}

function harmAtRandom(fleet: Fleet, load: Load, { seed, say }: ChaosOptions): { stop(): Promise<Harmed[]> } {
  const draw = createDraw(seed, 61);
  const over = new AbortController();
  const all: Promise<Harmed>[] = [];
  const harms: readonly Harm[] = [
    'kill',
    'kill',
    'two kills',
    'freeze',
    'end',
    'redis empty',
    'redis kept',
    'redis frozen',
  ];

  async function goOn(): Promise<void> {
    for (;;) {
      await sleep(1_000 + draw(4_000), undefined, { signal: over.signal }).catch(() => undefined);
      if (over.signal.aborted) return;
      const inflicted = await inflict(fleet, oneOf(draw, harms), draw, 200 + draw(5_000));
      if (inflicted !== undefined) all.push(recovered(inflicted));
    }
  }

  async function recovered(inflicted: Inflicted): Promise<Harmed> {
    const freshAt = await untilFresh(load, inflicted.since, () => over.signal.aborted);
    await inflicted.again;
    const recoveredMs = freshAt === undefined ? undefined : freshAt - inflicted.since;
    say(`${inflicted.harm}: a fresh right answer after ${seconds(recoveredMs)}`);
    return { ...inflicted, recoveredMs };
  }

  const going = goOn();
  return {
    async stop() {
      over.abort();
      await going;
      return Promise.all(all);
    },
  };
}

interface Account {
  /** Undefined in a trial too short for it. */
  readonly callsAfterRefusal: number | undefined;
  readonly sentOfLimit: number;
}

/** What says something about the account and lasts: a refused token, a day that Wolkvox calls used up, and the limit of our own count. */
async function failForGood(fleet: Fleet, load: Load, options: ChaosOptions, outcomes: Outcome[]): Promise<Account> {
  const { simulator } = fleet;
  let callsAfterRefusal: number | undefined;
  if (options.minutes * 60_000 >= ALL_WAVES_MS) {
    outcomes.push(
      await play({ name: 'token refused', faults: ['token-refused'], percent: 100 }, 3_000, 0, fleet, load, options),
    );
    fleet.note('wave begins: the day is used up, as Wolkvox says');
    simulator.faults.random({ 'quota-refused': 0.5, 'code-403-in-200': 0.5 }, options.seed);
    await sleep(4_000);
    simulator.faults.clear();
    const before = simulator.witness.counts.requests;
    await sleep(5_000);
    callsAfterRefusal = simulator.witness.counts.requests - before;
    fleet.note(`wave ends: the day is used up; ${callsAfterRefusal} calls since`);
    options.say(`the day is used up, as Wolkvox says: ${callsAfterRefusal} calls in the next 5 s`);
  }
  await fleet.remove(fleet.replicas);
  await fleet.redis.ask('FLUSHALL');
  fleet.note('a new day, of few calls');
  const before = simulator.spentToday;
  simulator.settings.dailyLimit = before + DAY_LIMIT;
  await fleet.add(options.replicas, { WOLKVOX_DAILY_LIMIT: `${DAY_LIMIT}` });
  const draw = createDraw(options.seed, 71);
  for (const harm of ['redis kept', 'redis empty', 'kill', 'end'] as const) {
    await sleep(1_500);
    const inflicted = await inflict(fleet, harm, draw, 300);
    await inflicted?.again;
  }
  await untilSpent();
  return { callsAfterRefusal, sentOfLimit: simulator.spentToday - before };

  async function untilSpent(): Promise<void> {
    const end = Date.now() + 20_000;
    while (simulator.spentToday - before < DAY_LIMIT - 10 && Date.now() < end) await sleep(100);
    // So long anybody would need to send one call too many.
    await sleep(3_000);
  }
}

interface Findings {
  readonly options: ChaosOptions;
  readonly fleet: Fleet;
  readonly watch: { readonly violations: readonly string[]; readonly longestStallMs: number };
  readonly load: Load;
  readonly outcomes: readonly Outcome[];
  readonly harmed: readonly Harmed[];
  readonly account: Account;
}

function reportOf({ options, fleet, watch, load, outcomes, harmed, account }: Findings): TrialReport {
  const { witness } = fleet.simulator;
  const { tally } = load;
  const waitLimitMs = DEADLINE_MS + MARGIN_MS;
  const violations = [
    ...watch.violations,
    ...(witness.mostAtOnce > 2 ? [`${witness.mostAtOnce} calls at once at the witness`] : []),
    ...(witness.refusedThird > 0 ? [`${witness.refusedThird} calls refused as a third one`] : []),
    ...(witness.refusedQuota > 0 ? [`${witness.refusedQuota} calls beyond the day's limit`] : []),
    ...(tally.longestWait.ms > waitLimitMs
      ? [`a wait of ${seconds(tally.longestWait.ms)}: ${tally.longestWait.what}`]
      : []),
    ...outcomes
      .filter(({ recoveredMs }) => recoveredMs === undefined)
      .map(({ name }) => `not well again after: ${name}`),
    ...tally.wrong.map((words) => `wrong answer: ${words}`),
    ...tally.lost.map((words) => `lost: ${words}`),
    ...fleet.crashes.map(({ replica, what }) => `${replica}: ${what}`),
  ];
  const markdown = [
    `Chaos of ${options.minutes} min, ${options.replicas} replicas, seed ${options.seed}`,
    table(
      ['what', 'figure', 'wanted'],
      [
        ...answersRows(tally).map(([what = '', count = '']): Row => [
          what,
          count,
          what.toString().startsWith('**') ? '0' : '',
        ]),
        ['calls at the witness', witness.counts.requests, ''],
        ['most at once', witness.mostAtOnce, '2'],
        ['refused as a third one', witness.refusedThird, '0'],
        ["beyond the day's limit", witness.refusedQuota, '0'],
        [`calls sent of a day's limit of ${DAY_LIMIT}`, account.sentOfLimit, `≤ ${DAY_LIMIT}`],
        ['calls in 5 s after Wolkvox said that the day is used up', account.callsAfterRefusal ?? '–', '0'],
        ['crashes, unhandled errors, words on stderr', fleet.crashes.length, '0'],
        ['longest wait of a caller', seconds(tally.longestWait.ms), `≤ ${seconds(waitLimitMs)}`],
        ['longest time the witness did not look', seconds(watch.longestStallMs), ''],
      ],
    ),
    table(
      ['wave', 'requests', 'struck', 'right', 'clear errors', 'well again after'],
      outcomes.map(({ name, calls, struck, right, errors, recoveredMs }) => [
        name,
        calls,
        struck,
        right,
        errors,
        seconds(recoveredMs),
      ]),
    ),
    harmsTable(harmed),
    waitsTable(tally),
    warningsTable(fleet),
  ].join('\n\n');
  return { violations, markdown, diary: diaryOf(fleet) };
}

function harmsTable(harmed: readonly Harmed[]): string {
  const rows = [...new Set(harmed.map(({ harm }) => harm))].sort().map((harm) => {
    const those = harmed.filter((one) => one.harm === harm);
    const times = those.map(({ recoveredMs }) => recoveredMs).filter((ms) => ms !== undefined);
    const lasted = those.map(({ lastedMs }) => lastedMs);
    return [
      ...[harm, those.length, seconds(percentile(lasted, 100))],
      ...[seconds(percentile(times, 50)), seconds(percentile(times, 100))],
    ];
  });
  return table(['harm', 'times', 'longest harm', 'a fresh right answer again, p50', 'longest'], rows);
}
