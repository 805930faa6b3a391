import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';

/** A real Redis on a port of its own, to be stopped, frozen and started again as a test needs. */
export interface RedisServer {
  readonly url: string;
  /** Sends a command on a connection made for it. */
  ask(command: string, ...args: readonly (string | number)[]): Promise<unknown>;
  /** Ends the process at once, without a last save. */
  kill(): Promise<void>;
  /** Starts it again on the same port; `empty` without what it had stored. */
  restart(options: { readonly empty: boolean }): Promise<void>;
  freeze(): void;
  thaw(): void;
  close(): Promise<void>;
}

export async function startRedis(options: { readonly appendOnly?: boolean } = {}): Promise<RedisServer> {
  if (spawnSync('redis-server', ['--version']).error !== undefined) {
    throw new Error('Expected redis-server to be installed; it is not. On Debian: apt-get install redis-server');
  }
  const port = await freePort();
  const url = `redis://127.0.0.1:${port}`;
  let folder = await mkdtemp(path.join(tmpdir(), 'redis-'));
  let server = await start();

  async function start(): Promise<ChildProcess> {
    const settings = {
      port,
      bind: '127.0.0.1',
      dir: folder,
      save: '',
      appendonly: options.appendOnly === true ? 'yes' : 'no',
      daemonize: 'no',
    };
    const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
    const child = spawn('redis-server', args, { stdio: 'ignore' });
    // A test that runs out of time ends nothing itself.
    const killIt = (): boolean => child.kill('SIGKILL');
    process.once('exit', killIt);
    child.once('exit', () => process.off('exit', killIt));
    for (let tries = 0; tries < 200; tries += 1) {
      if ((await ask('PING').catch(() => undefined)) === 'PONG') return child;
      if (child.exitCode !== null) break;
      await sleep(25);
    }
    child.kill('SIGKILL');
    throw new Error(`Expected redis-server to answer on port ${port}; it did not.`);
  }

  async function ask(command: string, ...args: readonly (string | number)[]): Promise<unknown> {
    const redis = new Redis(url, {
      lazyConnect: true,
      retryStrategy: () => null,
      disableClientInfo: true,
      protocol: 2,
    });
    redis.on('error', () => undefined);
    try {
      await redis.connect();
      return await redis.call(command, ...args);
    } finally {
      redis.disconnect();
    }
  }

  async function kill(): Promise<void> {
    if (server.exitCode !== null || server.signalCode !== null) return;
    const ended = once(server, 'exit');
    server.kill('SIGKILL');
    await ended;
  }

  return {
    url,
    ask,
    kill,
    async restart({ empty }) {
      await kill();
      if (empty) {
        await rm(folder, { recursive: true, force: true });
        folder = await mkdtemp(path.join(tmpdir(), 'redis-'));
      }
      server = await start();
    },
    freeze: () => void server.kill('SIGSTOP'),
    thaw: () => void server.kill('SIGCONT'),
    async close() {
      await kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const probe = createServer();
  probe.listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  if (address === null || typeof address === 'string') throw new Error('Expected a port; there was none.');
  return address.port;
}
