import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { TestContext } from 'vitest';

/** A script in a process of its own. The process ends with the test. */
export interface ScriptProcess {
  /** The next line that it writes, as JSON. */
  nextLine(): Promise<unknown>;
  signal(signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): void;
}

/** @param source TypeScript, a module in the project's folder */
export function runScript(
  test: TestContext,
  source: string,
  env: Readonly<Record<string, string>> = {},
): ScriptProcess {
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', source], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...env },
  });
  test.onTestFinished(() => void child.kill('SIGKILL'));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async nextLine() {
      const line = await lines.next();
      if (line.done === true) throw new Error('The script has ended and wrote nothing more.');
      return JSON.parse(line.value) as unknown;
    },
    signal: (signal) => void child.kill(signal),
  };
}
