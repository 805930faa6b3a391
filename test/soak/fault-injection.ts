/** Does harm to a fleet and sees how long it takes to recover. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Draw } from '../../src/simulator/draw.js';
import type { Fleet, ReplicaProcess } from './cluster.js';
import { oneOf } from './workload.js';
import { cutBetween, untilBothBusy } from './monitor.js';

/**
 * `kill`: SIGKILL and a new start; `freeze`: SIGSTOP for a while; `end`: SIGTERM and a new start; Redis is killed and started again
 * empty or with its data, or frozen. `two kills` strikes two replicas, one right after the other.
 */
export type Harm = 'kill' | 'two kills' | 'freeze' | 'end' | 'redis empty' | 'redis kept' | 'redis frozen';

export interface Recovery {
  readonly harm: Harm;
  readonly at: number;
  /** How long the harm itself lasted, milliseconds; none of a kill. */
  readonly lastedMs: number;
  /** Calls of the replica that were in flight when it was killed. */
  readonly placesLost: number;
  /** From the end of the harm until both places were in use again; undefined: never, within the patience. */
  readonly regainedMs: number | undefined;
}

/** So long after a kill the connections of the killed process are seen to be closed, even on a busy machine. */
const CLOSING_MS = 400;

/** By then the others have noticed that a replica is dead. */
const NOTICED_MS = 12_000;

/** A harm that is done, and whose consequences last. */
export interface Inflicted extends Omit<Recovery, 'regainedMs'> {
  /** When the harm itself was over. */
  readonly since: number;
  /** Resolves when what was ended has been started again. */
  readonly again: Promise<unknown>;
}

/** Does the harm; undefined where no replica is alive to suffer it. */
export async function inflict(
  fleet: Fleet,
  harm: Harm,
  draw: Draw,
  lastMs = 300 + draw(8_000),
): Promise<Inflicted | undefined> {
  if (alive(fleet).length === 0) return undefined;
  let at = Date.now();
  const victim = oneOf(draw, alive(fleet));
  const done = { harm, at, lastedMs: 0, placesLost: 0, since: at, again: Promise.resolve() };
  switch (harm) {
    case 'kill': {
      victim.kill();
      const again = restart(victim, 300 + draw(2_500));
      await sleep(CLOSING_MS);
      return { ...done, placesLost: cutBetween(fleet, at, Date.now()), again };
    }
    case 'two kills': {
      victim.kill();
      const again = [restart(victim, 1_500 + draw(2_500))];
      await sleep(200 + draw(1_200));
      const [second] = alive(fleet);
      const since = Date.now();
      // Somebody must be left to take the places over.
      if (second !== undefined && alive(fleet).length > 1) {
        second.kill();
        again.push(restart(second, 300 + draw(2_500)));
      }
      await sleep(CLOSING_MS);
      return {
        ...done,
        placesLost: cutBetween(fleet, at, Date.now()),
        lastedMs: since - at,
        since,
        again: Promise.all(again),
      };
    }
    case 'end':
      return { ...done, again: victim.end().then(() => victim.start()) };
    case 'freeze':
      victim.freeze();
      await sleep(lastMs);
      victim.thaw();
      break;
    case 'redis empty':
    case 'redis kept':
      await untilDeathsAreNoticed(fleet);
      at = Date.now();
      fleet.note('Redis is killed');
      await fleet.redis.kill();
      await sleep(Math.min(lastMs, 5_000));
      await fleet.redis.restart({ empty: harm === 'redis empty' });
      fleet.note(`Redis is back, ${harm === 'redis empty' ? 'empty' : 'with its data'}`);
      break;
    case 'redis frozen':
      fleet.note('Redis is frozen');
      fleet.redis.freeze();
      await sleep(lastMs);
      fleet.redis.thaw();
      fleet.note('Redis is thawed');
      break;
  }
  return { ...done, at, since: Date.now(), lastedMs: Date.now() - at };
}

/** Does the harm and waits until both places are in use again, for `patienceMs` at most, and what was ended is back. */
export async function disturb(
  fleet: Fleet,
  harm: Harm,
  draw: Draw,
  { lastMs, patienceMs }: { readonly lastMs?: number | undefined; readonly patienceMs: number },
): Promise<Recovery | undefined> {
  const inflicted = await inflict(fleet, harm, draw, lastMs);
  if (inflicted === undefined) return undefined;
  const { since, again, ...done } = inflicted;
  const busyAt = await untilBothBusy(fleet, since, patienceMs);
  const regainedMs = busyAt === undefined ? undefined : Math.round(busyAt - since);
  fleet.note(`${harm}: both places in use again after ${regainedMs ?? 'more than any'} ms`);
  await again;
  return { ...done, regainedMs };
}

/**
 * A Redis that has lost its memory cannot tell a replica that died a moment before from one that is frozen in the middle of a call, and
 * hands nothing out for the length of a lease, 70 s. That is as it must be; a trial that strikes both together again and again would show
 * nothing else.
 */
async function untilDeathsAreNoticed(fleet: Fleet): Promise<void> {
  while (fleet.replicas.some(({ isAlive, endedAt }) => !isAlive || Date.now() - endedAt < NOTICED_MS)) await sleep(100);
}

function alive(fleet: Fleet): ReplicaProcess[] {
  return fleet.replicas.filter(({ isAlive }) => isAlive);
}

async function restart(replica: ReplicaProcess, afterMs: number): Promise<void> {
  await sleep(afterMs);
  await replica.start();
}
