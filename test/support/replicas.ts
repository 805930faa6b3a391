import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SharedOptions } from '../../src/redis/shared.js';
import type { Order } from './replica.js';

/** Stands where Wolkvox would, and counts the calls that run at once. */
export interface Witness {
  readonly url: string;
  readonly running: number;
  readonly most: number;
  /** The labels of all calls in the order in which they began. */
  readonly begun: readonly string[];
  /** Answers the calls that were to last until told otherwise, those with `UNTIL_TOLD`. */
  endHeld(): void;
  /** From now on each call is refused with this text. */
  refuse(text: string): void;
  /** Resolves as soon as `count` calls have begun in all. */
  hasBegun(count: number): Promise<void>;
  close(): Promise<void>;
}

export interface Replica {
  order(order: Order): Promise<unknown>;
  signal(signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): void;
  /** Undefined while it runs. */
  readonly exit: number | string | undefined;
  end(): Promise<void>;
}

/** As the duration of a call: until `endHeld`. */
export const UNTIL_TOLD = -1;

export async function startWitness(): Promise<Witness> {
  let running = 0;
  let most = 0;
  let refusal: string | undefined;
  const begun: string[] = [];
  const held: (() => void)[] = [];
  const server = createServer((request, response) => {
    const query = new URL(request.url ?? '/', 'http://witness').searchParams;
    running += 1;
    most = Math.max(most, running);
    begun.push(query.get('label') ?? '');
    // As Wolkvox does, a call goes on until it is answered or its connection closes, whatever its caller is up to.
    response.once('close', () => (running -= 1));
    const answer = (): void => {
      if (refusal !== undefined) response.statusCode = 500;
      response.end(refusal ?? 'done');
    };
    const ms = Number(query.get('ms'));
    if (ms === UNTIL_TOLD) held.push(answer);
    else setTimeout(answer, ms);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('Expected a port; there was none.');
  return {
    url: `http://127.0.0.1:${address.port}`,
    get running() {
      return running;
    },
    get most() {
      return most;
    },
    begun,
    endHeld() {
      for (const answer of held.splice(0)) answer();
    },
    refuse: (text) => (refusal = text),
    hasBegun: (count) => until(() => begun.length >= count),
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

export const sharedDefaults = {
  account: '0042',
  token: 'planted-token-7f3a',
  secret: 'a secret of the replicas, long enough for a test',
  concurrency: 2,
  callTimeoutMs: 60_000,
  dailyLimit: undefined,
  timeZone: 'UTC-5',
  freshness: { freshMs: 300_000, staleMs: 3_600_000 },
  whenDown: 'closed',
} as const satisfies Omit<SharedOptions, 'url' | 'log'>;

export async function startReplica(
  options: Partial<SharedOptions> & { readonly url: string },
  witness: Witness | undefined,
  skewMs = 0,
): Promise<Replica> {
  const child = spawn(process.execPath, ['--import', 'tsx', path.join(import.meta.dirname, 'replica.ts')], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const waiting = new Map<number, (message: { value?: unknown; error?: string }) => void>();
  let last = 0;
  // A test that runs out of time ends nothing itself.
  const killIt = (): boolean => child.kill('SIGKILL');
  process.once('exit', killIt);
  child.once('exit', () => process.off('exit', killIt));
  child.on('message', (message: { id: number; value?: unknown; error?: string }) => waiting.get(message.id)?.(message));
  const replica: Replica = {
    order(order) {
      last += 1;
      const id = last;
      return new Promise((resolve, reject) => {
        waiting.set(id, (message) => {
          if (message.error === undefined) resolve(message.value);
          else reject(new Error(message.error));
        });
        child.send({ id, order });
      });
    },
    signal: (signal) => void child.kill(signal),
    get exit() {
      return child.exitCode ?? child.signalCode ?? undefined;
    },
    async end() {
      if (replica.exit !== undefined) return;
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
  };
  await new Promise<void>((resolve) => waiting.set(0, () => resolve()));
  await replica.order({
    act: 'start',
    options: { ...sharedDefaults, ...options },
    witness: witness?.url ?? '',
    skewMs,
  });
  return replica;
}

/** Waits until something that another process does has come about; the test's own time limit ends it. */
export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await sleep(20);
}
