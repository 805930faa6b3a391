import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';

/** The servers that are measured, each as a process of its own. */

export interface ServerProcess {
  readonly name: ServerName;
  readonly url: string;
  /** CPU time of the process since its start, in milliseconds, to 10 ms; NaN if the system does not say. */
  cpuMs(): number;
  /** Resident memory, in megabytes; NaN if the system does not say. */
  residentMb(): number;
  /** What the heap and buffers hold after a garbage collection, in megabytes. Only with `inspected`. */
  heldMb(): Promise<number>;
  stop(): Promise<void>;
}

export const SERVERS = {
  subgraph: 'this subgraph',
  constant: 'node:http, constant body',
  'graphql-jit': 'node:http + graphql-jit',
  mercurius: 'mercurius with jit',
  yoga: 'GraphQL Yoga with jit',
  'graphql-js': 'node:http + graphql-js',
  apollo: 'Apollo Server standalone',
} as const;
export type ServerName = keyof typeof SERVERS;

export interface ServerOptions {
  /** For a reference: the file of answers, or the address of Wolkvox. For the subgraph: the address of Wolkvox. */
  readonly source: string;
  /** Settings of the subgraph beside those that all runs need. */
  readonly env?: Readonly<Record<string, string>>;
  /** Answers `heldMb`. */
  readonly inspected?: boolean;
  /** On all cores instead of the server's. */
  readonly onAllCores?: boolean;
}

const ROOT = fileURLToPath(new URL('../', import.meta.url));
/** How long a server may take to listen, in milliseconds. A file of answers has tens of megabytes. */
const START_MS = 60_000;
/** Answers each message with the memory that is held after a garbage collection. */
const INSPECTION = `process.on('message', () => {
  gc(); gc();
  const { heapUsed, external } = process.memoryUsage();
  process.send(heapUsed + external);
}); process.channel.unref();`;
/** In production a service needs these. Records have the same ids in every run. */
const SUBGRAPH_ENV = {
  PORT: '0',
  ALLOW_UNAUTHENTICATED: 'true',
  RECORD_ID_SECRET: 'record-ids-of-the-benchmark-0123456789',
  WOLKVOX_SERVER: '0042',
  WOLKVOX_TOKEN: 'simulator-token',
  WOLKVOX_QUOTA_SYNC_MINUTES: '0',
};

const running = new Set<ChildProcess>();
process.once('exit', () => running.forEach((child) => child.kill('SIGKILL')));

/**
 * The cores of the server and of the load. Undefined: the system has only one, or no `taskset`; the scheduler then
 * decides.
 */
export const cores = readCores();

function readCores(): { readonly server: string; readonly load: string; readonly all: string } | undefined {
  const affinity = spawnSync('taskset', ['-cp', String(process.pid)], { encoding: 'utf8' });
  const all = affinity.status === 0 ? /: ([\d,-]+)\s*$/.exec(affinity.stdout)?.[1] : undefined;
  if (all === undefined || availableParallelism() < 2) return undefined;
  const [server = '', load = ''] = all.split(',').flatMap((range) => {
    const [first = '', last = first] = range.split('-');
    return first === last ? [first] : [first, String(Number(first) + 1)];
  });
  return { server, load, all };
}

/** Moves this process, which makes the load and is Wolkvox, away from the server's core. */
export function moveToLoadCore(): void {
  if (cores !== undefined) spawnSync('taskset', ['-acp', cores.load, String(process.pid)]);
}

/** Starts a server. Resolves when it listens. */
export async function startServer(name: ServerName, options: ServerOptions): Promise<ServerProcess> {
  const { inspected = false, onAllCores = false } = options;
  const node = [
    process.execPath,
    ...(inspected ? ['--expose-gc', '--import', `data:text/javascript,${encodeURIComponent(INSPECTION)}`] : []),
    ...(name === 'subgraph' ? ['dist/main.js'] : [`bench/servers/${name}.mjs`, options.source]),
  ];
  const pinned = cores === undefined ? node : ['taskset', '-c', onAllCores ? cores.all : cores.server, ...node];
  const [command = '', ...args] = pinned;
  const child = spawn(command, args, {
    cwd: ROOT,
    env: {
      PATH: process.env['PATH'] ?? '',
      NODE_ENV: 'production',
      ...(name === 'subgraph' && { ...SUBGRAPH_ENV, WOLKVOX_BASE_URL: options.source }),
      ...options.env,
    },
    stdio: ['ignore', 'pipe', 'pipe', ...(inspected ? (['ipc'] as const) : [])],
  });
  running.add(child);
  child.once('exit', () => running.delete(child));
  const url = await readUrl(name, child);
  return { name, url, ...readingsOf(child), stop: () => stop(child) };
}

function readingsOf(child: ChildProcess): Pick<ServerProcess, 'cpuMs' | 'residentMb' | 'heldMb'> {
  return {
    cpuMs() {
      // The fields after the name of the program: utime and stime are the 12th and 13th, in hundredths of a second.
      const fields = readProcessFile(child, 'stat')
        .replace(/^.*\) /, '')
        .split(' ');
      return 10 * (Number(fields[11]) + Number(fields[12]));
    },
    residentMb: () => Number(/^VmRSS:\s+(\d+) kB/m.exec(readProcessFile(child, 'status'))?.[1]) / 1_000,
    async heldMb() {
      child.send('heap');
      const [bytes] = (await once(child, 'message')) as [number];
      return bytes / 1_000_000;
    },
  };
}

function readProcessFile({ pid }: ChildProcess, name: 'stat' | 'status'): string {
  return process.platform === 'linux' ? readFileSync(`/proc/${pid ?? ''}/${name}`, 'utf8') : '';
}

/** @throws Error with the output of the server if it ends before it listens */
function readUrl(name: ServerName, child: ChildProcess): Promise<string> {
  let output = '';
  return new Promise((resolve, reject) => {
    const fail = (reason: string): void => reject(new Error(`The server ${name} ${reason}.\n${output}`));
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      fail(`does not listen after ${START_MS / 1_000} s`);
    }, START_MS);
    const read = (text: string): void => {
      output = (output + text).slice(-10_000);
      const url = /"url":"([^"]+)"/.exec(output)?.[1];
      if (url === undefined) return;
      clearTimeout(timer);
      resolve(name === 'subgraph' ? `${url}/graphql` : url);
    };
    child.stdout?.setEncoding('utf8').on('data', read);
    child.stderr?.setEncoding('utf8').on('data', read);
    child.once('error', ({ message }) => fail(`cannot be started: ${message}`));
    child.once('exit', (code, signal) => {
      clearTimeout(timer);
      fail(`ended with ${String(code ?? signal)}`);
    });
  });
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}
