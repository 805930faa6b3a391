import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TestContext } from 'vitest';
import { startRedis, type RedisServer } from './redis-server.js';
import type { Found, Order, ReplicaOptions, Report } from './replica.js';

/** A server in the place of Wolkvox. It counts a call until its connection has delivered the answer, or is closed. */
export interface CallCounter {
  readonly url: string;
  running(): number;
  /** The most simultaneous calls since the start, or since `resetMost`. */
  most(): number;
  resetMost(): void;
  /** The labels of all calls, in the order in which they began. */
  begun(): readonly string[];
  /** Fails all calls from now on. */
  fail(): void;
  close(): Promise<void>;
}

export interface Replica {
  readonly label: string;
  find(customerId: string, callMs: number, maxAgeMs?: number): Promise<Found>;
  work(ms: number, parallel: number, callMs: number): Promise<{ readonly found: number; readonly failed: number }>;
  /** Resolves with the number of calls that were counted. */
  consume(tries: number): Promise<number>;
  report(): Promise<Report>;
  stop(): Promise<void>;
  signal(signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): void;
  end(): Promise<void>;
}

/** The options of a replica without its Redis. */
export const REPLICA_OPTIONS = {
  account: '0042',
  token: 'planted-token-7f3a',
  secret: 'a secret of the replicas, long enough for a test',
  concurrency: 2,
  dailyLimit: undefined,
  zone: 'UTC-5',
  freshness: { freshMs: 300_000, staleMs: 3_600_000 },
  campaignFreshness: { freshMs: 300_000, staleMs: 3_600_000 },
} as const satisfies Partial<ReplicaOptions>;

export async function startCallCounter(): Promise<CallCounter> {
  let running = 0;
  let most = 0;
  let status = 200;
  const begun: string[] = [];
  const server = createServer((request, response) => {
    const query = new URL(request.url ?? '/', 'http://counter').searchParams;
    running += 1;
    most = Math.max(most, running);
    begun.push(query.get('label') ?? '');
    response.once('close', () => (running -= 1));
    setTimeout(() => response.writeHead(status).end(), Number(query.get('ms')));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The call counter has no port.');
  return {
    url: `http://127.0.0.1:${address.port}`,
    running: () => running,
    most: () => most,
    resetMost: () => (most = running),
    begun: () => begun,
    fail: () => (status = 500),
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

export async function startReplica(
  redis: Pick<RedisServer, 'url'>,
  counter: CallCounter,
  options: Partial<ReplicaOptions> = {},
): Promise<Replica> {
  const file = path.join(import.meta.dirname, 'replica.ts');
  const child = spawn(process.execPath, ['--import', 'tsx', file], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const ask = await openDialogue(child);
  await ask({
    act: 'start',
    options: { ...REPLICA_OPTIONS, urls: redis.url.split(','), counterUrl: counter.url, ...options },
  });
  return {
    label: String(child.pid),
    find: (customerId, callMs, maxAgeMs) =>
      ask({ act: 'find', customerId, callMs, ...(maxAgeMs !== undefined && { maxAgeMs }) }) as Promise<Found>,
    work: (ms, parallel, callMs) =>
      ask({ act: 'work', ms, parallel, callMs }) as Promise<{ found: number; failed: number }>,
    consume: (tries) => ask({ act: 'consume', tries }) as Promise<number>,
    report: () => ask({ act: 'report' }) as Promise<Report>,
    stop: () => ask({ act: 'stop' }) as Promise<void>,
    signal: (signal) => void child.kill(signal),
    async end() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
  };
}

interface Message {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: string;
}

/** Sends orders to a replica; each resolves with its result. The replica ends when this process ends. */
async function openDialogue(child: ChildProcess): Promise<(order: Order) => Promise<unknown>> {
  const answers = new Map<number, (message: Message) => void>();
  let lastId = 0;
  const started = new Promise<void>((resolve) => answers.set(0, () => resolve()));
  child.on('message', (message: Message) => answers.get(message.id)?.(message));
  await started;
  return (order) =>
    new Promise((resolve, reject) => {
      lastId += 1;
      answers.set(lastId, ({ value, error }) => {
        if (error === undefined) resolve(value);
        else reject(new Error(error));
      });
      child.once('exit', () => reject(new Error('The replica has ended.')));
      child.send({ id: lastId, order });
    });
}

/** Replicas over one Redis. They end with the test; tests may run at the same time. */
export async function startReplicas(
  test: Pick<TestContext, 'onTestFinished'>,
  count: number,
  options: Partial<ReplicaOptions> = {},
): Promise<{ readonly redis: RedisServer; readonly counter: CallCounter; readonly replicas: readonly Replica[] }> {
  const [redis, counter] = await Promise.all([startRedis({ appendOnly: true }), startCallCounter()]);
  const replicas = await Promise.all(Array.from({ length: count }, () => startReplica(redis, counter, options)));
  test.onTestFinished(async () => {
    await Promise.all(replicas.map((replica) => replica.end()));
    await Promise.all([counter.close(), redis.close()]);
  });
  return { redis, counter, replicas };
}

/** Waits until a condition holds. The time limit of the test ends it. */
export async function until(isTrue: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isTrue())) await sleep(20);
}
