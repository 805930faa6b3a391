/** What the witness saw, read for the trials: how many calls at once, and when both places were in use again. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SeenRequest } from '../../src/simulator/witness.js';
import type { Fleet } from './cluster.js';

export interface Watch {
  /** Each time that more than two were in flight, with what happened around it. */
  readonly violations: readonly string[];
  /** The longest time that this process, and so the witness, did not look, milliseconds. */
  readonly longestStallMs: number;
  stop(): void;
}

const PLACES = 2;
const LOOK_MS = 100;
/** A call that its caller's death has ended needs so long to be seen as ended. */
const CLOSING_MS = 100;

export function startWatch(fleet: Fleet): Watch {
  const violations: string[] = [];
  const delays = monitorEventLoopDelay({ resolution: 10 });
  delays.enable();
  const known = new Set<SeenRequest>();
  const timer = setInterval(() => {
    const { requests, mostAtOnce, refusedThird } = fleet.simulator.witness;
    if (mostAtOnce <= PLACES && refusedThird === 0) return;
    for (const [last, crowd] of crowdsAmong(requests.slice(-400))) {
      if (!known.has(last)) violations.push(evidenceOf(crowd, fleet));
      known.add(last);
    }
  }, LOOK_MS);
  return {
    violations,
    get longestStallMs() {
      return Math.round(delays.max / 1e6);
    },
    stop() {
      clearInterval(timer);
      delays.disable();
    },
  };
}

/** The groups of requests that were in flight together and are more than two, each by the request that came last. */
function crowdsAmong(requests: readonly SeenRequest[]): (readonly [last: SeenRequest, crowd: SeenRequest[]])[] {
  return requests
    .map((last) => [last, requests.filter((other) => isInFlight(other, last.receivedAt))] as const)
    .filter(([, crowd]) => crowd.length > PLACES);
}

function evidenceOf(crowd: readonly SeenRequest[], { diary }: Fleet): string {
  const at = Math.max(...crowd.map(({ receivedAt }) => receivedAt));
  const relative = (instant: number): string => `${((instant - at) / 1000).toFixed(3)} s`;
  const calls = crowd.map(
    ({ receivedAt, endedAt, outcome }) =>
      `  call from ${relative(receivedAt)} to ${endedAt === null ? 'now' : relative(endedAt)}: ${outcome}`,
  );
  const around = diary.filter((entry) => entry.at > at - 15_000 && entry.at < at + 1_000);
  const words = around.map((entry) => `  ${relative(entry.at)} ${entry.what}`);
  return [`${crowd.length} at once at ${new Date(at).toISOString()}`, ...calls, ...words].join('\n');
}

function isInFlight({ receivedAt, endedAt }: SeenRequest, instant: number): boolean {
  return receivedAt <= instant && (endedAt ?? Infinity) > instant;
}

/** The first instant from `from` on at which both places were in use; undefined: not yet. */
function bothBusyAt(requests: readonly SeenRequest[], from: number): number | undefined {
  const late = requests.filter(({ endedAt }) => (endedAt ?? Infinity) > from);
  const instants = [from, ...late.map(({ receivedAt }) => receivedAt).filter((instant) => instant > from)];
  return instants.find((instant) => late.filter((request) => isInFlight(request, instant)).length >= PLACES);
}

/** Waits until both places are in use again; undefined where they are not within `patienceMs`. */
export async function untilBothBusy(fleet: Fleet, from: number, patienceMs: number): Promise<number | undefined> {
  const end = from + patienceMs;
  for (;;) {
    const at = bothBusyAt(fleet.simulator.witness.requests.slice(-2_000), from + CLOSING_MS);
    if (at !== undefined) return at;
    if (Date.now() > end) return undefined;
    await sleep(50);
  }
}

/** The calls that were cut off between two instants, a kill and what follows it. */
export function cutBetween(fleet: Fleet, from: number, to: number): number {
  return fleet.simulator.witness.requests
    .slice(-200)
    .filter(({ endedAt, outcome }) => outcome === 'hung up' && (endedAt ?? 0) >= from && (endedAt ?? 0) <= to).length;
}

/** How well two places were used in a time. */
export interface Use {
  readonly calls: number;
  /** Calls times their latency, of what two places could do: 1 is the ideal. */
  readonly share: number;
  /** The part of the time that the places were busy, as the witness saw it; a slow machine makes calls longer, not this smaller. */
  readonly busy: number;
}

export async function measureUse(fleet: Fleet, latencyMs: number, ms: number): Promise<Use> {
  const from = performance.timeOrigin + performance.now();
  await sleep(ms);
  const to = performance.timeOrigin + performance.now();
  // Calls that begin before the time or end after it count with their part in it.
  const within = ({ receivedAt }: SeenRequest, endedAt: number): number =>
    Math.max(0, Math.min(endedAt, to) - Math.max(receivedAt, from));
  const calls = fleet.simulator.witness.calls.filter((call) => within(call, call.endedAt ?? to) > 0);
  const sum = (parts: readonly number[]): number =>
    parts.reduce((total, part) => total + part, 0) / (PLACES * (to - from));
  return {
    calls: calls.length,
    share: sum(calls.map((call) => within(call, call.receivedAt + latencyMs))),
    busy: sum(calls.map((call) => within(call, call.endedAt ?? to))),
  };
}
