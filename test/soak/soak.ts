/**
 * The soak: the token's two places under a load that never lets up. Alone, over replicas, then with replicas killed and frozen and
 * Redis restarted at random, it counts at the witness how many calls there are at once, how well the places are used, and how soon a
 * lost one is in use again.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { request } from 'undici';
import { createDraw } from '../../src/simulator/draw.js';
import { SIMULATOR_TOKEN } from '../../src/simulator/settings.js';
import { disturb } from './fault-injection.js';
import type { Harm, Recovery } from './fault-injection.js';
import { openFleet } from './cluster.js';
import type { Fleet } from './cluster.js';
import { startLoad } from './load.js';
import type { Load, LoadOptions, Tally } from './load.js';
import { createQuestions, oneOf } from './workload.js';
import type { Questions } from './workload.js';
import { answersRows, percentile, seconds, table, waitsTable, warningsTable } from './tables.js';
import { measureUse, startWatch } from './monitor.js';
import type { Use } from './monitor.js';

export interface SoakOptions {
  readonly minutes: number;
  readonly replicas: number;
  readonly seed: number;
  /** Percent of the disturbances that strike Redis. */
  readonly redisPercent: number;
  readonly say: (line: string) => void;
}

export interface TrialReport {
  /** What must not be; empty: the trial is passed. */
  readonly violations: readonly string[];
  readonly markdown: string;
  /** What was done to the fleet, and what the replicas warned of. */
  readonly diary: string;
}

const LATENCY_MS = 150;
const DEADLINE_MS = 20_000;
const CALL_TIMEOUT_MS = 10_000;
const TTL_SECONDS = 20;
const STALE_SECONDS = 60;
/** A killed replica's places must be free again by then. */
const REGAIN_MS = 15_000;
/** Longer than the lease of a place, 70 s. Only a long soak has the time. */
const LONG_FREEZE = { ms: 75_000, fromMinutes: 5 };

/** A frozen replica's places come back after its lease of 70 s at the latest. */
const PATIENCE_MS = 100_000;

/** Shares of the whole time. */
const SHARES = { bare: 0.08, alone: 0.1, replicas: 0.16 };
const WARM_UP_MS = 1_000;

const LOAD: Omit<LoadOptions, 'seed'> = {
  ...{ callers: 10, hotPercent: 0, maxAgeZeroPercent: 0, hangUpPercent: 0 },
  ...{ deadlineMs: DEADLINE_MS, callTimeoutMs: CALL_TIMEOUT_MS, keptMs: (TTL_SECONDS + STALE_SECONDS) * 1_000 },
};

export async function soak(options: SoakOptions): Promise<TrialReport> {
  const { seed, say } = options;
  const totalMs = options.minutes * 60_000;
  const fleet = await openFleet({
    settings: { latency: { minMs: LATENCY_MS, maxMs: LATENCY_MS } },
    env: {
      ...{ WOLKVOX_TIMEOUT_MS: `${CALL_TIMEOUT_MS}`, REQUEST_DEADLINE_MS: `${DEADLINE_MS}` },
      ...{ CACHE_TTL_SECONDS: `${TTL_SECONDS}`, CACHE_STALE_SECONDS: `${STALE_SECONDS}` },
    },
  });
  const watch = startWatch(fleet);
  try {
    const questions = createQuestions(fleet.simulator, seed);
    const bare = await useBare(fleet, questions, totalMs * SHARES.bare);
    say(`two bare connections use ${percent(bare.share)} of the places`);

    const single = await fleet.add(1, { REDIS_URL: '' });
    const [aloneLoad, alone] = await saturate(fleet, questions, seed + 1, totalMs * SHARES.alone);
    await fleet.remove(single);
    say(`one replica alone uses ${percent(alone.share)}`);

    await fleet.add(options.replicas);
    const [togetherLoad, together] = await saturate(fleet, questions, seed + 2, totalMs * SHARES.replicas);
    say(`${options.replicas} replicas use ${percent(together.share)}`);

    fleet.simulator.settings.latency = { minMs: 60, maxMs: 260 };
    const load = startLoad(fleet, questions, {
      ...LOAD,
      ...{ seed: seed + 3, hotPercent: 25, maxAgeZeroPercent: 20, hangUpPercent: 8 },
    });
    const dialling = setInterval(() => questions.dial(), 1_000);
    const recoveries = await harmAtRandom(fleet, options, totalMs * (1 - SHARES.bare - SHARES.alone - SHARES.replicas));
    clearInterval(dialling);
    await load.stop();
    return reportOf({ options, fleet, watch, bare, alone, together, aloneLoad, togetherLoad, load, recoveries });
  } finally {
    watch.stop();
    await fleet.close();
  }
}

/** What two connections that do nothing but ask make of the places on this machine, here and now. */
async function useBare(fleet: Fleet, questions: Questions, ms: number): Promise<Use> {
  let isOver = false;
  const ask = async (): Promise<void> => {
    while (!isOver) {
      const { phone = '', customerId = '', campaignId = '' } = questions.cold().question;
      const search = new URLSearchParams({
        ...{ api: 'find_record', campaign_id: campaignId, customer_phone: phone, customer_id: customerId },
      });
      const response = await request(`${fleet.upstream}/api/v2/campaign.php?${search.toString()}`, {
        headers: { 'wolkvox-token': SIMULATOR_TOKEN },
      });
      await response.body.text();
    }
  };
  const asking = [ask(), ask()];
  await sleep(WARM_UP_MS);
  const use = await measureUse(fleet, LATENCY_MS, Math.max(1_000, ms - WARM_UP_MS));
  isOver = true;
  await Promise.all(asking);
  return use;
}

async function saturate(fleet: Fleet, questions: Questions, seed: number, ms: number): Promise<[Load, Use]> {
  const load = startLoad(fleet, questions, { ...LOAD, seed });
  await sleep(WARM_UP_MS);
  const use = await measureUse(fleet, LATENCY_MS, Math.max(1_000, ms - WARM_UP_MS));
  await load.stop('hang up');
  return [load, use];
}

async function harmAtRandom(fleet: Fleet, options: SoakOptions, ms: number): Promise<Recovery[]> {
  const { seed, minutes, redisPercent, say } = options;
  const draw = createDraw(seed, 51);
  const end = Date.now() + ms;
  const recoveries: Recovery[] = [];
  const harm = async (what: Harm, lastMs?: number): Promise<void> => {
    // The last one is waited for beyond the end, but no longer than a kill may take.
    const patienceMs = Math.min(PATIENCE_MS, Math.max(REGAIN_MS + 1_000, end - Date.now()));
    const recovery = await disturb(fleet, what, draw, { lastMs, patienceMs });
    if (recovery === undefined) return;
    recoveries.push(recovery);
    say(`${what}: ${recovery.placesLost} places lost, in use again after ${seconds(recovery.regainedMs)}`);
  };
  await sleep(2_000);
  if (minutes >= LONG_FREEZE.fromMinutes) await harm('freeze', LONG_FREEZE.ms);
  while (Date.now() < end) {
    const isRedis = draw(100) < redisPercent;
    await harm(
      isRedis
        ? oneOf(draw, ['redis empty', 'redis kept', 'redis frozen'])
        : oneOf(draw, ['kill', 'kill', 'kill', 'kill', 'two kills', 'freeze', 'freeze', 'end']),
    );
    await sleep(500 + draw(2_500));
  }
  return recoveries;
}

interface Findings {
  readonly options: SoakOptions;
  readonly fleet: Fleet;
  readonly watch: { readonly violations: readonly string[]; readonly longestStallMs: number };
  readonly bare: Use;
  readonly alone: Use;
  readonly together: Use;
  readonly aloneLoad: Load;
  readonly togetherLoad: Load;
  readonly load: Load;
  readonly recoveries: readonly Recovery[];
}

function reportOf(findings: Findings): TrialReport {
  const { options, fleet, watch, bare, alone, together, aloneLoad, togetherLoad, load, recoveries } = findings;
  const { witness } = fleet.simulator;
  const tallies: readonly Tally[] = [aloneLoad.tally, togetherLoad.tally, load.tally];
  const late = recoveries.filter(({ harm, regainedMs = Infinity }) => harm.includes('kill') && regainedMs > REGAIN_MS);
  const violations = [
    ...watch.violations,
    ...(witness.mostAtOnce > 2 ? [`${witness.mostAtOnce} calls at once at the witness`] : []),
    ...(witness.refusedThird > 0 ? [`${witness.refusedThird} calls refused as a third one`] : []),
    ...late.map(({ harm, regainedMs }) => `${harm}: both places in use again after ${seconds(regainedMs)}, too late`),
    ...tallies.flatMap(({ wrong }) => wrong.map((words) => `wrong answer: ${words}`)),
    ...tallies.flatMap(({ lost }) => lost.map((words) => `lost: ${words}`)),
    ...fleet.crashes.map(({ replica, what }) => `${replica}: ${what}`),
  ];
  const markdown = [
    `Soak of ${options.minutes} min, ${options.replicas} replicas, seed ${options.seed}`,
    table(
      ['what', 'figure', 'wanted'],
      [
        ['calls at the witness', witness.counts.calls, ''],
        ['most at once', witness.mostAtOnce, '2'],
        ['refused as a third one', witness.refusedThird, '0'],
        ['places used by two bare connections', useText(bare), ''],
        ['places used by one replica alone, of what the bare connections use', ratioText(alone, bare), '≥ 95%'],
        [
          `places used by ${options.replicas} replicas, of what the bare connections use`,
          ratioText(together, bare),
          '≥ 85%',
        ],
        ['crashes, unhandled errors, words on stderr', fleet.crashes.length, '0'],
        ['longest time the witness did not look', seconds(watch.longestStallMs), ''],
      ],
    ),
    recoveriesTable(recoveries),
    'Waits, one replica alone:',
    waitsTable(aloneLoad.tally),
    `Waits, ${options.replicas} replicas:`,
    waitsTable(togetherLoad.tally),
    'Waits with kills, freezes and restarts:',
    waitsTable(load.tally),
    'Answers with kills, freezes and restarts:',
    table(['what', 'how many'], answersRows(load.tally)),
    warningsTable(fleet),
  ].join('\n\n');
  return { violations, markdown, diary: diaryOf(fleet) };
}

function recoveriesTable(recoveries: readonly Recovery[]): string {
  const harms = [...new Set(recoveries.map(({ harm }) => harm))].sort();
  const rows = harms.map((harm) => {
    const those = recoveries.filter((recovery) => recovery.harm === harm);
    const times = those.map(({ regainedMs }) => regainedMs ?? Infinity);
    const lost = those.reduce((sum, { placesLost }) => sum + placesLost, 0);
    const lasted = those.map(({ lastedMs }) => lastedMs);
    return [
      ...[harm, those.length, harm.includes('kill') ? lost : '–', seconds(percentile(lasted, 100))],
      ...[seconds(percentile(times, 50)), seconds(percentile(times, 100))],
    ];
  });
  return table(['harm', 'times', 'calls cut', 'longest harm', 'both places in use again, p50', 'longest'], rows);
}

export function diaryOf({ diary }: Fleet): string {
  return diary.map(({ at, what }) => `${new Date(at).toISOString()} ${what}`).join('\n');
}

function useText({ share, busy, calls }: Use): string {
  return `${percent(share)} (${calls} calls; busy ${percent(busy)} of the time)`;
}

/** The bare connections show what is ideal on this machine in this run: nothing but asking. */
function ratioText(use: Use, bare: Use): string {
  return `${percent(use.share / bare.share)}; ${useText(use)}`;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)}%`;
}
