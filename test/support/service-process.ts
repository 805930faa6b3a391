import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** The service as a process of its own. */
export interface ServiceProcess {
  readonly child: ChildProcess;
  /** All that it has written to stdout and stderr. */
  readonly output: () => string;
  readonly errors: () => string;
  /** Resolves with its address once it listens; rejects when it ends before. */
  readonly url: Promise<string>;
  /** Resolves with its exit code, or with the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals | null>;
  kill(signal: NodeJS.Signals): void;
}

/**
 * Starts the built `dist/main.js` with this environment and nothing else of the test's own; it is killed when the test is over.
 *
 * @param preload a module's text that runs before it
 */
export function startProcess(env: Readonly<Record<string, string>>, preload?: string): ServiceProcess {
  const child = spawn(
    process.execPath,
    [...(preload === undefined ? [] : ['--import', `data:text/javascript,${encodeURIComponent(preload)}`]), MAIN],
    { cwd: ROOT, env: { PATH: process.env['PATH'] ?? '', PORT: '0', ...env }, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let out = '';
  let err = '';
  let listening: (url: string) => void = () => undefined;
  let failed: (error: Error) => void = () => undefined;
  const url = new Promise<string>((resolve, reject) => {
    listening = resolve;
    failed = reject;
  });
  url.catch(() => undefined);
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
    const found = /"url":"([^"]+)"/.exec(out)?.[1];
    if (found !== undefined) listening(found);
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text;
  });
  const ended = new Promise<number | NodeJS.Signals | null>((resolve) => {
    child.once('close', (code, signal) => {
      failed(new Error(`The service ended with ${String(code ?? signal)}.\n${out}${err}`));
      resolve(code ?? signal);
    });
  });
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  return { child, url, ended, output: () => out + err, errors: () => err, kill: (signal) => child.kill(signal) };
}
