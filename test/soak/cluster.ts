import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { createSimulator, type Simulator } from '../../src/simulator/server.js';
import { SIMULATOR_TOKEN, type SimulatorSettings } from '../../src/simulator/settings.js';
import { startRedis, type RedisServer } from '../support/redis-server.js';

/**
 * A set of replicas of the built service, each a process of its own, with a real Redis, over a simulator in this
 * process. All times are epoch milliseconds. Nothing outlives this process.
 */

export type IncidentKind = 'kill' | 'stop' | 'freeze' | 'redis down' | 'redis loss' | 'redis freeze';

/** Something that was done to a replica or to Redis. `redis loss`: Redis loses its data, with or without a restart. */
export interface Incident {
  readonly kind: IncidentKind;
  /** The name of a replica, or `redis`. */
  readonly target: string;
  readonly from: number;
  /** Infinity while it lasts. */
  readonly to: number;
}

/** What was done, and what the replicas logged as a warning or an error. */
export class Timeline {
  readonly entries: { readonly at: number; readonly text: string }[] = [];
  readonly incidents: Incident[] = [];
  /** What no replica may do, such as ending by itself. */
  readonly crashes: string[] = [];

  note(text: string): void {
    this.entries.push({ at: Date.now(), text });
  }

  crash(text: string): void {
    this.crashes.push(text);
    this.note(text);
  }

  /** @returns a function that ends the incident */
  begin(kind: IncidentKind, target: string): () => void {
    const incident = { kind, target, from: Date.now(), to: Infinity };
    this.incidents.push(incident);
    this.note(`${kind}: ${target}`);
    return () => {
      incident.to = Date.now();
      this.note(`end of ${kind}: ${target}`);
    };
  }

  print(): string {
    return this.entries.map(({ at, text }) => `${new Date(at).toISOString()} ${text}`).join('\n');
  }
}

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const START_MS = 30_000;
/** A load balancer finds out after this time that a replica is frozen. */
const HEALTH_CHECK_MS = 1_000;
/** A broken connection is noticed a little before or after its cause. */
const NOTICE_MS = 500;
/** Log events that report a bug. */
const BUGS = new Set(['service.bug', 'service.stop-failed']);
const WARN_LEVEL = 40;

/** A process of the service that can be killed, frozen, stopped and started again. */
export class Replica {
  readonly name: string;
  readonly #env: Readonly<Record<string, string>>;
  readonly #timeline: Timeline;
  #child: ChildProcess | undefined;
  #url: string | undefined;
  #frozenAt = Infinity;
  #thaw = (): void => undefined;
  #isToEnd = true;

  constructor(name: string, env: Readonly<Record<string, string>>, timeline: Timeline) {
    this.name = name;
    this.#env = env;
    this.#timeline = timeline;
  }

  /** Undefined if a load balancer would send nothing to it. */
  url(): string | undefined {
    const isKnownToBeFrozen = Date.now() - this.#frozenAt > HEALTH_CHECK_MS;
    return this.#isToEnd || isKnownToBeFrozen ? undefined : this.#url;
  }

  isAlive(): boolean {
    return !this.#isToEnd && this.#url !== undefined && this.#frozenAt === Infinity;
  }

  kill(): void {
    this.#isToEnd = true;
    this.#timeline.begin('kill', this.name)();
    this.#child?.kill('SIGKILL');
  }

  freeze(): void {
    this.#frozenAt = Date.now();
    this.#thaw = this.#timeline.begin('freeze', this.name);
    this.#child?.kill('SIGSTOP');
  }

  thaw(): void {
    this.#frozenAt = Infinity;
    this.#thaw();
    this.#child?.kill('SIGCONT');
  }

  /** Sends SIGTERM and waits for the end. */
  async stop(): Promise<void> {
    this.#isToEnd = true;
    const ended = this.#timeline.begin('stop', this.name);
    this.#child?.kill('SIGTERM');
    const code = await exitOf(this.#child);
    ended();
    if (code !== 0) this.#timeline.crash(`${this.name} ended with ${code} after SIGTERM`);
  }

  /** Starts the process, on a new port. */
  async start(): Promise<void> {
    await exitOf(this.#child);
    const child = spawn(process.execPath, [MAIN], { stdio: ['ignore', 'pipe', 'pipe'], env: { ...this.#env } });
    const killIt = (): boolean => child.kill('SIGKILL');
    process.once('exit', killIt);
    this.#child = child;
    this.#url = undefined;
    this.#isToEnd = false;
    child.once('exit', (code, signal) => {
      process.off('exit', killIt);
      if (!this.#isToEnd) this.#timeline.crash(`${this.name} ended by itself with ${code ?? signal ?? 'no code'}`);
      this.#isToEnd = true;
    });
    createInterface({ input: child.stderr }).on('line', (line) =>
      this.#timeline.crash(`${this.name} wrote to stderr: ${line}`),
    );
    this.#url = await new Promise<string>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${this.name} did not listen within ${START_MS} ms.`)), START_MS);
      createInterface({ input: child.stdout }).on('line', (line) => {
        const url = this.#readLogLine(line);
        if (url === undefined) return;
        clearTimeout(timer);
        resolve(url);
      });
    });
    this.#timeline.note(`started: ${this.name}`);
  }

  /** Resolves when the process has ended. */
  async ended(): Promise<void> {
    await exitOf(this.#child);
  }

  /** What was done to it in a period. */
  incidentBetween(from: number, to: number): IncidentKind | undefined {
    return this.#timeline.incidents.find(
      (incident) => incident.target === this.name && incident.from <= to + NOTICE_MS && incident.to >= from - NOTICE_MS,
    )?.kind;
  }

  /** @returns the address if the line says that the service listens */
  #readLogLine(line: string): string | undefined {
    const { level, event, url } = parseLogLine(line);
    if (event === undefined) this.#timeline.crash(`${this.name} wrote a line that is not JSON: ${line.slice(0, 300)}`);
    else if (BUGS.has(event)) this.#timeline.crash(`${this.name}: ${line}`);
    else if (level >= WARN_LEVEL) this.#timeline.note(`${this.name}: ${line}`);
    return event === 'service.listening' ? url : undefined;
  }
}

/** How every replica is configured. Times are milliseconds. */
export interface ClusterOptions {
  readonly callTimeoutMs: number;
  readonly deadlineMs: number;
  readonly freshMs: number;
  readonly staleMs: number;
  /** More environment variables. */
  readonly env?: Readonly<Record<string, string>>;
  readonly simulator?: Partial<SimulatorSettings>;
}

const REPLICAS = 3;

export class Cluster {
  readonly timeline = new Timeline();
  readonly #closing = new AbortController();
  /** Aborts when the cluster is closed, also after an error. */
  readonly closed = this.#closing.signal;
  readonly options: ClusterOptions;
  readonly simulator: Simulator;
  /** The address of the simulator. */
  readonly upstream: string;
  readonly #redis: RedisServer;
  readonly #env: Readonly<Record<string, string>>;
  #replicas: readonly Replica[] = [];
  #names = 0;
  #thawRedis = (): void => undefined;

  private constructor(options: ClusterOptions, simulator: Simulator, upstream: string, redis: RedisServer) {
    const { callTimeoutMs, deadlineMs, freshMs, staleMs, env = {} } = options;
    this.options = options;
    this.simulator = simulator;
    this.upstream = upstream;
    this.#redis = redis;
    this.#env = {
      ...{ PORT: '0', REDIS_URL: redis.url },
      ...{ WOLKVOX_SERVER: '0042', WOLKVOX_TOKEN: SIMULATOR_TOKEN, WOLKVOX_BASE_URL: upstream },
      ...{ WOLKVOX_TIMEOUT_MS: `${callTimeoutMs}`, REQUEST_DEADLINE_MS: `${deadlineMs}` },
      ...{ CACHE_TTL_SECONDS: `${freshMs / 1_000}`, CACHE_STALE_SECONDS: `${staleMs / 1_000}` },
      // The calls that the trials count are those of their lookups.
      WOLKVOX_QUOTA_SYNC_MINUTES: '0',
      ...env,
    };
  }

  /** Starts Redis and the simulator, and no replica yet. */
  static async open(options: ClusterOptions): Promise<Cluster> {
    if (!existsSync(MAIN)) throw new Error('dist/main.js does not exist. Run npm run build first.');
    const simulator = createSimulator({ settings: { dailyLimit: null, ...options.simulator } });
    const { url } = await simulator.listen();
    return new Cluster(options, simulator, url, await startRedis({ appendOnly: true }));
  }

  replicas(): readonly Replica[] {
    return this.#replicas;
  }

  /** Starts three replicas. */
  async add(env: Readonly<Record<string, string>> = {}): Promise<void> {
    const added = Array.from({ length: REPLICAS }, () => {
      this.#names += 1;
      return new Replica(`replica ${this.#names}`, { ...this.#env, ...env }, this.timeline);
    });
    await Promise.all(added.map((replica) => replica.start()));
    this.#replicas = [...this.#replicas, ...added];
  }

  /** Stops all replicas for good. */
  async removeAll(): Promise<void> {
    const removed = this.#replicas;
    this.#replicas = [];
    await Promise.all(removed.map((replica) => replica.stop()));
  }

  /** Kills Redis. @returns a function that starts it again, empty or with its data */
  async killRedis(): Promise<(options: { readonly empty: boolean }) => Promise<void>> {
    const isBack = this.timeline.begin('redis down', 'redis');
    await this.#redis.kill();
    return async ({ empty }) => {
      // A replica may be connected before the restart is known to have succeeded.
      isBack();
      if (empty) this.timeline.begin('redis loss', 'redis')();
      await this.#redis.restart({ empty });
    };
  }

  async flushRedis(): Promise<void> {
    const done = this.timeline.begin('redis loss', 'redis');
    await this.#redis.command('FLUSHALL');
    done();
  }

  freezeRedis(): void {
    this.#thawRedis = this.timeline.begin('redis freeze', 'redis');
    this.#redis.freeze();
  }

  thawRedis(): void {
    this.#thawRedis();
    this.#redis.thaw();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    for (const replica of this.#replicas) {
      replica.kill();
      await replica.ended();
    }
    await this.#redis.close();
    await this.simulator.close();
  }
}

function parseLogLine(line: string): { level: number; event: string | undefined; url: string | undefined } {
  try {
    const { level = 0, event, url } = JSON.parse(line) as { level?: number; event?: string; url?: string };
    return { level, event, url };
  } catch {
    return { level: 0, event: undefined, url: undefined };
  }
}

/** Resolves when a process has ended, with its code or the signal that ended it. */
function exitOf(child: ChildProcess | undefined): Promise<number | string> {
  const ended = child === undefined ? 0 : (child.exitCode ?? child.signalCode);
  if (ended !== null) return Promise.resolve(ended);
  return new Promise((resolve) => child?.once('exit', (code, signal) => resolve(code ?? signal ?? 0)));
}
