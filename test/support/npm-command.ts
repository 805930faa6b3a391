import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';

/** A command of package.json that runs. */
export interface Command {
  /** The id of its process group. */
  readonly group: number;
  /** Everything that it has written to stdout and stderr. */
  readonly output: () => string;
  /** Resolves when its output has this text; rejects if it ends before. */
  readonly printed: (text: string) => Promise<void>;
  /** Resolves to its exit code and the signal that ended it. */
  readonly ended: Promise<[number | null, string | null]>;
  /** Ends all of its processes. */
  readonly kill: () => Promise<void>;
}

/** Runs `npm run <name> -- <args>` as a terminal does: npm and its children are a process group. */
export function runCommand(name: string, args: readonly string[], env: Readonly<Record<string, string>>): Command {
  const npm = spawn('npm', ['run', name, '--', ...args], {
    detached: true,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const { pid: group } = npm;
  if (group === undefined) throw new Error('npm cannot be started.');
  let output = '';
  for (const stream of [npm.stdout, npm.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const ended = once(npm, 'close') as Promise<[number | null, string | null]>;
  return {
    group,
    output: () => output,
    ended,
    printed: (text) =>
      new Promise((resolve, reject) => {
        const check = (): void => {
          if (output.includes(text)) resolve();
        };
        check();
        for (const stream of [npm.stdout, npm.stderr]) stream.on('data', check);
        void ended.then(() => reject(new Error(`The command ended before it printed "${text}".\n${output}`)));
      }),
    async kill() {
      if (membersOf(group).length > 0) process.kill(-group, 'SIGKILL');
      await ended;
    },
  };
}

/** The ids of the running processes of a group. */
export function membersOf(group: number): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((id) => {
      // After the program's name in brackets come its state, parent and group.
      const [state, , groupOfProcess] = statOf(id)
        .replace(/^.*\) /s, '')
        .split(' ');
      return state !== 'Z' && Number(groupOfProcess) === group;
    });
}

/** Empty if the process has ended. */
function statOf(id: string): string {
  try {
    return readFileSync(`/proc/${id}/stat`, 'utf8');
  } catch {
    return '';
  }
}
