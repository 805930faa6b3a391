import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** The service as a process of its own. */
export interface ServiceProcess {
  readonly child: ChildProcess;
  /** Everything that it has written to stdout and stderr. */
  readonly output: () => string;
  /** Everything that it has written to stderr. */
  readonly errors: () => string;
  /** Its address. Resolves when it listens; rejects if it ends before. */
  readonly url: Promise<string>;
  /** Resolves to its exit code, or to the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals | null>;
  kill(signal: NodeJS.Signals): void;
}

/**
 * Starts the built `dist/main.js`, with PATH and this environment only, and without calls of its own unless the
 * environment asks for them. It is killed when the test ends.
 *
 * @param preload the text of a module that runs before it
 */
export function startProcess(env: Readonly<Record<string, string>>, preload?: string): ServiceProcess {
  const imports = preload === undefined ? [] : ['--import', `data:text/javascript,${encodeURIComponent(preload)}`];
  const child = spawn(process.execPath, [...imports, MAIN], {
    cwd: ROOT,
    env: { PATH: process.env['PATH'] ?? '', PORT: '0', WOLKVOX_QUOTA_SYNC_MINUTES: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  let err = '';
  const url = new Promise<string>((resolve, reject) => {
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text;
      const address = /"url":"([^"]+)"/.exec(out)?.[1];
      if (address !== undefined) resolve(address);
    });
    child.once('close', (code, signal) => {
      reject(new Error(`The service ended with ${String(code ?? signal)}.\n${out}${err}`));
    });
  });
  // A test may wait for the end only.
  url.catch(() => undefined);
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text;
  });
  const ended = new Promise<number | NodeJS.Signals | null>((resolve) => {
    child.once('close', (code, signal) => resolve(code ?? signal));
  });
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  return { child, url, ended, output: () => out + err, errors: () => err, kill: (signal) => void child.kill(signal) };
}
