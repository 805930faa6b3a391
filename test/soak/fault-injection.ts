import { setTimeout as sleep } from 'node:timers/promises';
import { pick, type Random } from '../../src/simulator/random.js';
import type { Cluster, Replica } from './cluster.js';

/** A fault of a replica or of Redis that was injected. Times are epoch milliseconds. */
export interface InjectedFault {
  readonly name: FaultName;
  readonly startedAt: number;
  /** When the fault itself was over: at once after a kill. */
  readonly endedAt: number;
  /** Resolves when the replicas that ended are started again. */
  readonly restarted: Promise<unknown>;
}

/** Injects a fault; returns the restarts that are under way when the fault itself is over. */
type Inject = (cluster: Cluster, victim: Replica, random: Random) => Promise<readonly Promise<void>[]>;

/** The lease of a slot. A freeze that is longer may lead to a third call for the duration of one call. */
export const LEASE_MS = 10_000;

const FAULTS = {
  kill: async (_cluster, victim, random) => [kill(victim, random)],
  'double kill': async (cluster, victim, random) => {
    const restarts = [kill(victim, random)];
    await sleep(200 + random(1_200));
    const [second, third] = living(cluster);
    // One replica is left, so that the slots are used again.
    if (second !== undefined && third !== undefined) restarts.push(kill(second, random));
    return restarts;
  },
  stop: async (_cluster, victim) => [victim.stop().then(() => victim.start())],
  freeze: (_cluster, victim, random) => freeze(victim, 300 + random(7_700)),
  'long freeze': (_cluster, victim, random) => freeze(victim, LEASE_MS + 1_000 + random(3_000)),
  'redis restart': (cluster, _victim, random) => restartRedis(cluster, random, false),
  'redis loss': (cluster, _victim, random) => restartRedis(cluster, random, true),
  'redis flush': async (cluster) => {
    await cluster.flushRedis();
    return [];
  },
  'redis freeze': async (cluster, _victim, random) => {
    cluster.freezeRedis();
    await sleep(500 + random(7_000));
    cluster.thawRedis();
    return [];
  },
} satisfies Record<string, Inject>;

/**
 * - `kill`, `double kill`: SIGKILL and a new start, of two replicas one shortly after the other
 * - `stop`: SIGTERM and a new start
 * - `freeze`: SIGSTOP for less than the lease, `long freeze`: for more
 * - `redis restart`: SIGKILL and a start with the data, `redis loss`: without, `redis flush`: FLUSHALL
 * - `redis freeze`: SIGSTOP for less than the lease
 */
export type FaultName = keyof typeof FAULTS;
export const FAULT_NAMES = Object.keys(FAULTS) as readonly FaultName[];

/** @returns undefined if no replica is alive */
export async function injectFault(
  cluster: Cluster,
  name: FaultName,
  random: Random,
): Promise<InjectedFault | undefined> {
  const candidates = living(cluster);
  if (candidates.length === 0) return undefined;
  const startedAt = Date.now();
  const restarts = await FAULTS[name](cluster, pick(random, candidates), random);
  return { name, startedAt, endedAt: Date.now(), restarted: Promise.all(restarts) };
}

function living(cluster: Cluster): Replica[] {
  return cluster.replicas().filter((replica) => replica.isAlive());
}

async function kill(replica: Replica, random: Random): Promise<void> {
  replica.kill();
  await sleep(300 + random(2_500));
  await replica.start();
}

async function freeze(replica: Replica, ms: number): Promise<[]> {
  replica.freeze();
  await sleep(ms);
  replica.thaw();
  return [];
}

/** Redis is away for 3 to 6 seconds, so that what happens without it can be seen. */
async function restartRedis(cluster: Cluster, random: Random, empty: boolean): Promise<[]> {
  const restart = await cluster.killRedis();
  await sleep(3_000 + random(3_000));
  await restart({ empty });
  return [];
}
