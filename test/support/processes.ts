import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';

const HOST = '127.0.0.1';

/** Ends a child and removes its folder if this process ends before it, however this process ends. */
export function endWithThisProcess(child: ChildProcess, folder: string): void {
  // `read` returns when the pipe from this process closes. Detached, so that Ctrl-C does not end it too early.
  const script = 'read -r _; kill -9 "$1"; rm -rf "$2"';
  const watchdog = spawn('/bin/sh', ['-c', script, 'watchdog', String(child.pid), folder], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  child.once('exit', () => watchdog.kill('SIGKILL'));
}

/**
 * A free loopback port. The one that is 10,000 higher, which a node of a Redis Cluster also listens on, is a port and
 * free as well.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = await listenOnce(0);
    if (port < 55_000 && (await listenOnce(port + 10_000).catch(() => undefined)) !== undefined) return port;
  }
}

async function listenOnce(port: number): Promise<number> {
  const probe = createServer();
  probe.listen(port, HOST);
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  if (address === null || typeof address === 'string') throw new Error('The probe of a port has no address.');
  return address.port;
}
