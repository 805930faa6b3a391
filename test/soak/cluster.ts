/**
 * The stage of a trial: a simulated Wolkvox in this process that counts what comes, a real Redis, and replicas of the built service as
 * processes of their own, to be killed, frozen and started again. Whatever happens, nothing outlives this process.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { createSimulator } from '../../src/simulator/server.js';
import type { Simulator } from '../../src/simulator/server.js';
import { SIMULATOR_TOKEN } from '../../src/simulator/settings.js';
import type { SimulatorSettings } from '../../src/simulator/settings.js';
import { startRedis } from '../support/redis-server.js';
import type { RedisServer } from '../support/redis-server.js';

export interface FleetOptions {
  /** How a replica is configured, beside its addresses. */
  readonly env: Readonly<Record<string, string>>;
  readonly settings: Partial<SimulatorSettings>;
}

/** Times are epoch milliseconds throughout. */
export interface Happening {
  readonly at: number;
  readonly what: string;
}

/** What a replica must never do: end by itself, or meet an error that nobody expected. */
export interface Crash extends Happening {
  readonly replica: string;
}

export interface ReplicaProcess {
  readonly name: string;
  /** Undefined where it takes no questions: it starts, ends, is dead, or has been frozen for longer than a health check takes. */
  readonly url: string | undefined;
  readonly isAlive: boolean;
  /** When it was last killed or asked to end; -Infinity: never. */
  readonly endedAt: number;
  kill(): void;
  freeze(): void;
  thaw(): void;
  /** SIGTERM; resolves when it has ended, with how long that took. */
  end(): Promise<number>;
  /** Starts it (again), with a new port. */
  start(): Promise<void>;
  /** What was done to it between two instants. */
  sufferedBetween(from: number, to: number): 'killed' | 'frozen' | 'ended' | undefined;
}

export interface Fleet {
  readonly simulator: Simulator;
  /** Where the simulator listens. */
  readonly upstream: string;
  readonly redis: RedisServer;
  readonly replicas: readonly ReplicaProcess[];
  readonly crashes: readonly Crash[];
  /** What was done to the fleet, and what the replicas warned of; the latest 5,000. */
  readonly diary: readonly Happening[];
  /** How often each line was logged as a warning or an error. */
  readonly logged: ReadonlyMap<string, number>;
  /** Adds replicas; `env` goes before the fleet's own. Blank takes a variable away. */
  add(count: number, env?: Readonly<Record<string, string>>): Promise<readonly ReplicaProcess[]>;
  /** Takes replicas away for good. */
  remove(replicas: readonly ReplicaProcess[]): Promise<void>;
  note(what: string): void;
  close(): Promise<void>;
}

const ENTRY = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const START_MS = 30_000;
/** A balancer finds out so late that a replica is frozen. */
const HEALTH_CHECK_MS = 1_000;
const DIARY_LENGTH = 5_000;
const BUGS = new Set(['a bug: nobody handled this error', 'unexpected error']);
const WARN = 40;

export async function openFleet({ env, settings }: FleetOptions): Promise<Fleet> {
  if (!existsSync(ENTRY)) throw new Error('Expected dist/main.js; it is not there. First: npm run build');
  const simulator = createSimulator({ settings: { dailyLimit: null, ...settings } });
  const { url: upstream } = await simulator.listen();
  const redis = await startRedis({ appendOnly: true });
  const crashes: Crash[] = [];
  const diary: Happening[] = [];
  const logged = new Map<string, number>();
  let replicas: ReplicaProcess[] = [];
  let lastName = 0;
  const running = new Set<ChildProcess>();
  const killAll = (): void => {
    for (const child of running) child.kill('SIGKILL');
    void redis.kill();
  };
  process.once('exit', killAll);
  const endOnSignal = (): void => process.exit(130);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, endOnSignal);

  function note(what: string): void {
    diary.push({ at: Date.now(), what });
    if (diary.length > DIARY_LENGTH) diary.splice(0, DIARY_LENGTH / 10);
  }

  function makeReplica(own: Readonly<Record<string, string>>): ReplicaProcess {
    lastName += 1;
    const name = `replica ${lastName}`;
    const suffered: { readonly what: 'killed' | 'frozen' | 'ended'; readonly from: number; to: number }[] = [];
    let child: ChildProcess | undefined;
    let url: string | undefined;
    let frozenSince: number | undefined;
    let isExpectedToEnd = false;

    function crashed(what: string): void {
      crashes.push({ at: Date.now(), replica: name, what });
      note(`${name}: ${what}`);
    }

    function hear(line: string): void {
      let entry: { level?: number; event?: string };
      try {
        entry = JSON.parse(line) as typeof entry;
      } catch {
        crashed(`wrote a line that is no JSON: ${line.slice(0, 300)}`);
        return;
      }
      const { level = 0, event = '' } = entry;
      if (BUGS.has(event)) crashed(line);
      else if (level >= WARN) note(`${name} says ${line}`);
      if (level >= WARN) logged.set(event, (logged.get(event) ?? 0) + 1);
    }

    function signal(name: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT' | 'SIGTERM'): void {
      child?.kill(name);
    }

    function suffer(what: 'killed' | 'frozen' | 'ended', to = Date.now()): void {
      suffered.push({ what, from: Date.now(), to });
      note(`${name} is ${what}`);
    }

    return {
      name,
      get url() {
        const isStuck = frozenSince !== undefined && Date.now() - frozenSince > HEALTH_CHECK_MS;
        return isExpectedToEnd || isStuck ? undefined : url;
      },
      get isAlive() {
        return child !== undefined && !isExpectedToEnd && frozenSince === undefined && url !== undefined;
      },
      get endedAt() {
        return Math.max(-Infinity, ...suffered.filter(({ what }) => what !== 'frozen').map(({ to }) => to));
      },
      kill() {
        isExpectedToEnd = true;
        suffer('killed');
        signal('SIGKILL');
      },
      freeze() {
        frozenSince = Date.now();
        suffer('frozen', Infinity);
        signal('SIGSTOP');
      },
      thaw() {
        frozenSince = undefined;
        const last = suffered.at(-1);
        if (last?.what === 'frozen') last.to = Date.now();
        note(`${name} is thawed`);
        signal('SIGCONT');
      },
      async end() {
        const startedAt = performance.now();
        const ending = child;
        isExpectedToEnd = true;
        suffer('ended');
        signal('SIGTERM');
        const code = await exitOf(ending);
        if (code !== 0) crashed(`ended with ${code} after SIGTERM; expected 0`);
        return performance.now() - startedAt;
      },
      async start() {
        await exitOf(child);
        const spawned = spawn(process.execPath, [ENTRY], {
          stdio: ['ignore', 'pipe', 'pipe'],
          env: {
            PORT: '0',
            WOLKVOX_SERVER: '0042',
            WOLKVOX_TOKEN: SIMULATOR_TOKEN,
            WOLKVOX_BASE_URL: upstream,
            REDIS_URL: redis.url,
            ...env,
            ...own,
          },
        });
        child = spawned;
        url = undefined;
        isExpectedToEnd = false;
        frozenSince = undefined;
        running.add(spawned);
        spawned.once('exit', (code, signalName) => {
          running.delete(spawned);
          if (child !== spawned) return;
          url = undefined;
          if (!isExpectedToEnd) crashed(`ended by itself with ${code ?? signalName ?? 'nothing'}`);
        });
        createInterface({ input: spawned.stderr }).on('line', (line) => crashed(`wrote on stderr: ${line}`));
        url = await new Promise<string>((resolve, reject) => {
          const timer = setTimeout(() => reject(new Error(`Expected ${name} to listen; it did not.`)), START_MS);
          createInterface({ input: spawned.stdout }).on('line', (line) => {
            hear(line);
            const address = /"url":"(http:[^"]+)"/.exec(line)?.[1];
            if (address === undefined || !line.includes('"listening"')) return;
            clearTimeout(timer);
            resolve(address);
          });
        });
        note(`${name} has started`);
      },
      sufferedBetween(from, to) {
        // A connection may break a moment before this process hears of it, and be slow a moment after a thaw.
        return suffered.find((one) => one.from <= to + 500 && one.to >= from - 500)?.what;
      },
    };
  }

  return {
    simulator,
    upstream,
    redis,
    get replicas() {
      return replicas;
    },
    crashes,
    diary,
    logged,
    async add(count, own = {}) {
      const more = Array.from({ length: count }, () => makeReplica(own));
      await Promise.all(more.map((replica) => replica.start()));
      replicas = [...replicas, ...more];
      return more;
    },
    async remove(some) {
      replicas = replicas.filter((replica) => !some.includes(replica));
      await Promise.all(some.map((replica) => replica.end()));
    },
    note,
    async close() {
      const ends = [...running].map((child) => exitOf(child));
      for (const replica of replicas) replica.kill();
      killAll();
      await Promise.all(ends);
      await redis.close();
      await simulator.close();
      process.off('exit', killAll);
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, endOnSignal);
    },
  };
}

/** Resolves when a process has ended, with its code or the signal that ended it. */
function exitOf(child: ChildProcess | undefined): Promise<number | string> {
  if (child === undefined) return Promise.resolve(0);
  const ended = child.exitCode ?? child.signalCode;
  if (ended !== null) return Promise.resolve(ended);
  return new Promise((resolve) => child.once('exit', (code, signal) => resolve(code ?? signal ?? 0)));
}
