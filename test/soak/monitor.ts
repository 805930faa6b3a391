import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LoggedRequest } from '../../src/simulator/request-log.js';
import type { Cluster, Incident, Timeline } from './cluster.js';
import { RENEW_MS } from '../../src/redis/leases.js';
import { LEASE_MS } from './fault-injection.js';

/** Reads from the simulator's request log how the two slots of the token were used. */

const SLOTS = 2;
/** The end of a connection is seen this much later on a loaded machine. */
const NOTICE_MS = 1_000;
/** A call that had passed every check when Redis went away may still be sent within this time. */
const LAST_CALL_MS = 2_000;

/** A period with more than two calls at once. Times are epoch milliseconds. */
export interface Overlap {
  readonly from: number;
  readonly to: number;
  readonly calls: number;
}

/** The overlaps among requests, in order. A request in flight lasts until `now`. */
export function findOverlaps(requests: readonly LoggedRequest[], now: number): Overlap[] {
  const changes = requests.flatMap(({ receivedAt, endedAt }) => [
    { at: receivedAt, step: 1 },
    { at: endedAt ?? now, step: -1 },
  ]);
  changes.sort((one, other) => one.at - other.at || one.step - other.step);
  const overlaps: Overlap[] = [];
  let current: { readonly from: number; calls: number } | undefined;
  let calls = 0;
  for (const { at, step } of changes) {
    calls += step;
    if (calls > SLOTS) {
      current ??= { from: at, calls };
      current.calls = Math.max(current.calls, calls);
    } else if (current !== undefined) {
      overlaps.push({ ...current, to: at });
      current = undefined;
    }
  }
  return overlaps;
}

/**
 * The incident that allows an overlap: Redis was restarted or lost its data, or a freeze was longer than the rest of a
 * lease just before its renewal. Then calls may overlap for the duration of one call; `maxCallMs` is the longest one.
 *
 * @returns undefined if nothing allows it
 */
export function causeOf(
  { from, to }: Overlap,
  incidents: readonly Incident[],
  maxCallMs: number,
): Incident | undefined {
  const limitMs = maxCallMs + NOTICE_MS;
  if (to - from > limitMs) return undefined;
  return incidents.find((incident) => {
    const isFreeze = incident.kind === 'freeze' || incident.kind === 'redis freeze';
    if (!isFreeze && incident.kind !== 'redis down' && incident.kind !== 'redis loss') return false;
    const startsAt = incident.from + (isFreeze ? LEASE_MS - RENEW_MS : 0);
    return startsAt <= incident.to && startsAt <= from && from <= incident.to + limitMs;
  });
}

/** What the monitor found in a run. */
export interface SlotReport {
  readonly calls: number;
  readonly mostAtOnce: number;
  /** One line for each period with more than two calls. */
  readonly overlaps: readonly string[];
  /** Requests that were sent while Redis was away. */
  readonly callsWithoutRedis: number;
  readonly violations: readonly string[];
}

/** @param maxCallMs the longest call, in milliseconds */
export function reportSlots(cluster: Cluster, maxCallMs: number): SlotReport {
  const { requests, mostAtOnce, counts } = cluster.simulator.requestLog;
  const { incidents } = cluster.timeline;
  const overlaps = findOverlaps(requests, Date.now()).map((overlap) => {
    const cause = causeOf(overlap, incidents, maxCallMs);
    return { ...overlap, cause, text: describe(overlap, cause) };
  });
  const withoutRedis = requests.filter(({ receivedAt }) => wasRedisAway(cluster.timeline, receivedAt, receivedAt));
  const isUnexplained = mostAtOnce > SLOTS && overlaps.length === 0;
  return {
    calls: counts.requests,
    mostAtOnce,
    overlaps: overlaps.map(({ text }) => text),
    callsWithoutRedis: withoutRedis.length,
    violations: [
      ...overlaps
        .filter(({ cause }) => cause === undefined)
        .map((overlap) => `${overlap.text}\n${evidence(overlap, cluster)}`),
      ...(isUnexplained ? [`${mostAtOnce} calls at once, which the request log no longer holds`] : []),
      ...withoutRedis.map(({ receivedAt }) => `a call without Redis at ${new Date(receivedAt).toISOString()}`),
    ],
  };
}

/** Whether Redis was away from before `from` until after `to`, so that no call was sent in this period. */
export function wasRedisAway({ incidents }: Timeline, from: number, to: number): boolean {
  return incidents.some(
    (incident) =>
      (incident.kind === 'redis down' || incident.kind === 'redis freeze') &&
      incident.from + LAST_CALL_MS <= from &&
      to < incident.to,
  );
}

function describe({ from, to, calls }: Overlap, cause: Incident | undefined): string {
  const reason = cause === undefined ? 'no incident allows it' : `after ${cause.kind} of ${cause.target}`;
  return `${calls} calls at once at ${new Date(from).toISOString()} for ${Math.ceil(to - from)} ms, ${reason}`;
}

/** The calls of an overlap, and what happened in the 15 seconds before it. */
function evidence({ from, to }: Overlap, { simulator, timeline }: Cluster): string {
  const relative = (at: number): string => `${((at - from) / 1000).toFixed(3)} s`;
  const calls = simulator.requestLog.requests
    .filter(({ receivedAt, endedAt }) => receivedAt <= to && (endedAt ?? Infinity) >= from)
    .map(
      ({ receivedAt, endedAt, outcome }) =>
        `  call from ${relative(receivedAt)} to ${endedAt === null ? 'now' : relative(endedAt)}: ${outcome}`,
    );
  const entries = timeline.entries
    .filter(({ at }) => at > from - 15_000 && at < to + 1_000)
    .map(({ at, text }) => `  ${relative(at)} ${text}`);
  return [...calls, ...entries].join('\n');
}

/**
 * Waits until both slots are in use.
 *
 * @returns the time from `from`, in milliseconds; undefined: not within `patienceMs`
 */
export async function untilSlotsInUse(
  { simulator }: Cluster,
  from: number,
  patienceMs: number,
): Promise<number | undefined> {
  let usedAt: number | undefined;
  await sleep(NOTICE_MS);
  await pollUntil(() => {
    // A call of a replica that was killed may seem to last a little longer.
    const requests = simulator.requestLog.requests.slice(-2_000).filter(({ outcome }) => outcome !== 'hung up');
    usedAt = slotsInUseAt(requests, from);
    return usedAt !== undefined;
  }, patienceMs);
  return usedAt === undefined ? undefined : Math.round(usedAt - from);
}

/** The first time from `from` on at which both slots are in use. */
function slotsInUseAt(requests: readonly LoggedRequest[], from: number): number | undefined {
  const isInFlight = ({ receivedAt, endedAt }: LoggedRequest, at: number): boolean =>
    receivedAt <= at && (endedAt ?? Infinity) > at;
  const recent = requests.filter(({ endedAt }) => (endedAt ?? Infinity) > from);
  const times = [from, ...recent.map(({ receivedAt }) => receivedAt).filter((at) => at > from)];
  return times.find((at) => recent.filter((request) => isInFlight(request, at)).length >= SLOTS);
}

/** The calls that were cut off in a period. */
export function callsCutBetween({ simulator }: Cluster, from: number, to: number): number {
  return simulator.requestLog.requests.filter(
    ({ endedAt, outcome }) => outcome === 'hung up' && endedAt !== null && endedAt >= from && endedAt <= to,
  ).length;
}

/** Measures the share of the time of both slots that calls of this latency take. 1: no gap between calls. */
export async function measureUtilisation({ simulator }: Cluster, latencyMs: number, ms: number): Promise<number> {
  const from = performance.timeOrigin + performance.now();
  await sleep(ms);
  const to = performance.timeOrigin + performance.now();
  // Of calls that begin before the period or end after it, the part in it counts.
  const usedMs = simulator.requestLog.calls.reduce(
    (sum, { receivedAt }) => sum + Math.max(0, Math.min(receivedAt + latencyMs, to) - Math.max(receivedAt, from)),
    0,
  );
  return usedMs / (SLOTS * (to - from));
}

/** Measures how long this process, and so the simulator and the load, did nothing. */
export function monitorStalls(): { longestMs(): number; stop(): void } {
  const delays = monitorEventLoopDelay({ resolution: 10 });
  delays.enable();
  return { longestMs: () => Math.round(delays.max / 1e6), stop: () => void delays.disable() };
}

/** @returns whether the condition held within the time */
export async function pollUntil(isSo: () => boolean | Promise<boolean>, timeoutMs: number): Promise<boolean> {
  const latest = performance.now() + timeoutMs;
  for (;;) {
    if (await isSo()) return true;
    if (performance.now() > latest) return false;
    await sleep(50);
  }
}
