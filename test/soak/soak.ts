import { setTimeout as sleep } from 'node:timers/promises';
import { request } from 'undici';
import { createRandom, pick, type Random } from '../../src/simulator/random.js';
import { SIMULATOR_TOKEN } from '../../src/simulator/settings.js';
import { Cluster } from './cluster.js';
import { injectFault, type FaultName } from './fault-injection.js';
import { Load, type LoadOptions, type Tally } from './load.js';
import {
  callsCutBetween,
  measureUtilisation,
  monitorStalls,
  pollUntil,
  reportSlots,
  untilSlotsInUse,
} from './monitor.js';
import {
  answerRows,
  detailRows,
  loadViolations,
  percent,
  percentile,
  seconds,
  slotRows,
  table,
  type RunReport,
} from './report.js';
import { createWorkload, type Workload } from './workload.js';

/**
 * The soak: replicas under a load that never ends. It counts the calls at once, measures how well the two slots are
 * used, and injects faults of replicas and of Redis.
 */
export interface SoakOptions {
  /** About how long it runs. */
  readonly minutes: number;
  readonly seed: number;
  /** A short run: only these faults, in this order. */
  readonly faults?: readonly FaultName[];
  readonly print: (line: string) => void;
}

/** The utilisation of the slots is measured with calls of these durations. */
const LATENCIES_MS = [40, 300] as const;
/** Shares of the whole time: bare connections and replicas at one latency, and the faults. */
const SHARES = { bare: 0.04, replicas: 0.06, faults: 0.7 };
const WARM_UP_MS = 1_000;
const FAULT_LATENCY = { minMs: 60, maxMs: 260 };
const SETTINGS = { callTimeoutMs: 10_000, deadlineMs: 20_000, freshMs: 20_000, staleMs: 60_000 };
/** Both slots must be in use again this long after a kill. */
const KILL_LIMIT_MS = 15_000;
const PATIENCE_MS = 30_000;
/** Calls that the daily limit allows in the last phase. */
const QUOTA_CALLS = 80;
const RANDOM_FAULTS: readonly FaultName[] = [
  ...(['kill', 'kill', 'kill', 'kill', 'double kill', 'stop', 'freeze', 'freeze', 'long freeze'] as const),
  ...(['redis restart', 'redis loss', 'redis flush', 'redis freeze'] as const),
];

const LOAD: LoadOptions = { callers: 10, seed: 0, hotPercent: 25, maxAgeZeroPercent: 20, hangUpPercent: 8 };

export async function soak(options: SoakOptions): Promise<RunReport> {
  const { seed } = options;
  const cluster = await Cluster.open(SETTINGS);
  const stalls = monitorStalls();
  try {
    const workload = createWorkload(cluster.simulator, seed);
    await cluster.add();
    const isShort = options.faults !== undefined;
    const utilisations = isShort ? [] : await measureUtilisations(cluster, workload, options);
    cluster.simulator.settings.latency = FAULT_LATENCY;
    const load = new Load(cluster, workload, { ...LOAD, seed: seed + 3 });
    const recoveries = await injectFaults(cluster, options);
    await load.stop('hang up');
    const quota = isShort ? undefined : await useUpQuota(cluster, workload, options);
    const stallMs = stalls.longestMs();
    return report({ options, cluster, utilisations, recoveries, quota, tally: load.tally, stallMs });
  } finally {
    stalls.stop();
    await cluster.close();
  }
}

interface Utilisation {
  readonly latencyMs: number;
  /** Shares of the time of both slots. Two bare connections show what is possible on this machine at this moment. */
  readonly bare: number;
  readonly replicas: number;
}

async function measureUtilisations(
  cluster: Cluster,
  workload: Workload,
  { minutes, seed, print }: SoakOptions,
): Promise<Utilisation[]> {
  const measure = async (latencyMs: number, share: number): Promise<number> => {
    await sleep(WARM_UP_MS);
    return measureUtilisation(cluster, latencyMs, Math.max(1_500, minutes * 60_000 * share - WARM_UP_MS));
  };
  const utilisations: Utilisation[] = [];
  for (const latencyMs of LATENCIES_MS) {
    cluster.simulator.settings.latency = { minMs: latencyMs, maxMs: latencyMs };
    const over = new AbortController();
    const connections = [1, 2].map(() => callRepeatedly(cluster, workload, over.signal));
    const bare = await measure(latencyMs, SHARES.bare);
    over.abort();
    await Promise.all(connections);
    const onlyCold = { hotPercent: 0, maxAgeZeroPercent: 0, hangUpPercent: 0 };
    const load = new Load(cluster, workload, { ...LOAD, ...onlyCold, seed: seed + latencyMs });
    const replicas = await measure(latencyMs, SHARES.replicas);
    await load.stop('hang up');
    utilisations.push({ latencyMs, bare, replicas });
    print(`calls of ${latencyMs} ms: ${percent(replicas / bare)} of the ideal utilisation`);
  }
  return utilisations;
}

/** One connection that sends one call after the other. */
async function callRepeatedly(cluster: Cluster, workload: Workload, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const { phone = '', customerId = '', campaignId = '' } = workload.cold().criteria;
    const search = new URLSearchParams({
      ...{ api: 'find_record', campaign_id: campaignId, customer_phone: phone, customer_id: customerId },
    });
    const response = await request(`${cluster.upstream}/api/v2/campaign.php?${search.toString()}`, {
      headers: { 'wolkvox-token': SIMULATOR_TOKEN },
    });
    await response.body.text();
  }
}

/** What a fault did to the slots. Durations are in milliseconds. */
interface Recovery {
  readonly fault: FaultName;
  readonly lastedMs: number;
  readonly callsCut: number;
  /** From the end of the fault until both slots were in use; undefined: not in time. */
  readonly recoveredMs: number | undefined;
}

async function injectFaults(cluster: Cluster, options: SoakOptions): Promise<Recovery[]> {
  const random = createRandom(options.seed, 51);
  const end = Date.now() + options.minutes * 60_000 * SHARES.faults;
  const recoveries: Recovery[] = [];
  await sleep(WARM_UP_MS);
  for (const name of options.faults ?? randomFaults(random, end)) {
    const fault = await injectFault(cluster, name, random);
    if (fault === undefined) continue;
    const recoveredMs = await untilSlotsInUse(cluster, fault.endedAt, PATIENCE_MS);
    await fault.restarted;
    const callsCut = callsCutBetween(cluster, fault.startedAt, fault.endedAt + 400);
    recoveries.push({ fault: name, lastedMs: fault.endedAt - fault.startedAt, callsCut, recoveredMs });
    options.print(`${name}: both slots in use again after ${seconds(recoveredMs)}`);
    await sleep(500 + random(1_000));
  }
  return recoveries;
}

function* randomFaults(random: Random, end: number): Generator<FaultName> {
  while (Date.now() < end) yield pick(random, RANDOM_FAULTS);
}

interface QuotaResult {
  readonly isUsedUp: boolean;
  readonly calls: number;
  readonly tally: Tally;
}

/** Uses up a daily limit, while replicas are killed and stopped and Redis is restarted. */
async function useUpQuota(cluster: Cluster, workload: Workload, options: SoakOptions): Promise<QuotaResult> {
  const { simulator } = cluster;
  const random = createRandom(options.seed, 71);
  // No caller waits now, so that the count does not change while the replicas are replaced.
  await sleep(1_000);
  const before = simulator.usedToday();
  const limit = (await highestCount(cluster)) + QUOTA_CALLS;
  await cluster.removeAll();
  await cluster.add({ WOLKVOX_DAILY_LIMIT: `${limit}` });
  const load = new Load(cluster, workload, { ...LOAD, seed: options.seed + 4 });
  for (const name of ['kill', 'redis restart', 'stop'] as const) {
    await sleep(500);
    const fault = await injectFault(cluster, name, random);
    await fault?.restarted;
  }
  const isUsedUp = await pollUntil(async () => (await counts(cluster)).every((count) => count >= limit), 60_000);
  // Every replica knows the count now, so that it survives the loss of Redis.
  await cluster.flushRedis();
  await sleep(3_000);
  await load.stop('hang up');
  const calls = simulator.usedToday() - before;
  options.print(`daily limit of ${QUOTA_CALLS} calls: ${calls} sent`);
  return { isUsedUp, calls, tally: load.tally };
}

async function highestCount(cluster: Cluster): Promise<number> {
  return Math.max(0, ...(await counts(cluster)));
}

/** The day's calls as each replica counts them. */
function counts(cluster: Cluster): Promise<number[]> {
  return Promise.all(
    cluster.replicas().map(async (replica) => {
      const url = replica.url();
      if (url === undefined) return -1;
      const response = await request(`${url}/readyz`);
      const { quota } = (await response.body.json()) as { readonly quota: { readonly used: number } };
      return quota.used;
    }),
  );
}

interface Findings {
  readonly options: SoakOptions;
  readonly cluster: Cluster;
  readonly utilisations: readonly Utilisation[];
  readonly recoveries: readonly Recovery[];
  readonly quota: QuotaResult | undefined;
  readonly tally: Tally;
  readonly stallMs: number;
}

function report({ options, cluster, utilisations, recoveries, quota, tally, stallMs }: Findings): RunReport {
  const { timeline } = cluster;
  const slots = reportSlots(cluster, FAULT_LATENCY.maxMs);
  const kills = recoveries.filter(({ fault }) => fault.includes('kill'));
  const slowestMs = percentile(
    kills.map(({ recoveredMs }) => recoveredMs ?? Infinity),
    100,
  );
  const slowKills = kills.filter(({ recoveredMs = Infinity }) => recoveredMs > KILL_LIMIT_MS);
  const { answers, errors } = tally.withoutRedis;
  const summary = table(
    [`soak of ${options.minutes} min, seed ${options.seed}`, 'figure'],
    [
      ...slotRows(slots),
      ['lookups without Redis', `${answers} answered, ${errors} failed`],
      ...utilisations.map(({ latencyMs, bare, replicas }) => [
        `utilisation of the slots, calls of ${latencyMs} ms`,
        `${percent(replicas / bare)} of the ideal (${percent(bare)} by two bare connections)`,
      ]),
      [`both slots in use again after kill -9, longest of ${kills.length}`, seconds(slowestMs)],
      [`calls of a daily limit of ${QUOTA_CALLS}`, quota?.calls ?? '–'],
      ['wrong answers', tally.wrong.length],
    ],
  );
  const violations = [
    ...slots.violations,
    ...slowKills.map(({ fault, recoveredMs }) => `${fault}: both slots in use again after ${seconds(recoveredMs)}`),
    ...(quota !== undefined && quota.calls > QUOTA_CALLS ? [`${quota.calls} calls of a limit of ${QUOTA_CALLS}`] : []),
    ...(quota === undefined ? [] : loadViolations(quota.tally)),
    ...(quota?.isUsedUp === false ? ['not every replica reached the daily limit within a minute'] : []),
    ...loadViolations(tally),
    ...timeline.crashes,
  ];
  const details = [
    table(
      ['fault', 'lasted', 'calls cut', 'both slots in use again after'],
      recoveries.map(({ fault, lastedMs, callsCut, recoveredMs }) => [
        ...[fault, seconds(lastedMs), callsCut, seconds(recoveredMs)],
      ]),
    ),
    table(['while faults were injected', 'figure'], [...answerRows(tally), ...detailRows(tally, stallMs)]),
  ].join('\n\n');
  const killed = timeline.incidents.filter(({ kind }) => kind === 'kill').length;
  const counts = { right: tally.right, killed, answersWithoutRedis: answers, errorsWithoutRedis: errors };
  return { summary, details, timeline: timeline.print(), violations, counts };
}
