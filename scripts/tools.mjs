/** `npm run dev`, `npm run fuzz` and `npm run mutation`: programs of other packages, with fixed options. */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { readOptions } from './command-line.mjs';

const TOOLS = {
  dev: {
    help: `Usage: npm run dev [-- --help | --version]
Starts the subgraph, and starts it again when a file changes. The environment variables are those of npm start.

Exit codes: 0 a signal stopped it; 1 the option is wrong; 130, 143 a signal stopped it after the subgraph had ended.`,
    command: 'tsx',
    args: ['watch', 'src/main.ts'],
  },
  fuzz: {
    help: `Usage: npm run fuzz [-- --help | --version]
Sends 10,000 generated operations and reads 100,000 generated answers of Wolkvox. It takes some minutes.

Exit codes: 0 all tests pass; 1 or more a test fails, or a signal stopped it.`,
    command: 'vitest',
    args: ['run', 'test/soak/fuzz.test.ts'],
    env: { FUZZ: 'full' },
  },
  mutation: {
    help: `Usage: npm run mutation [-- --help | --version]
Changes the code of src/calls and src/cache in small steps, and counts the changes that no test notices. It takes about
half an hour, and writes reports/mutation.json.

Exit codes: 0 the score is 80 or more; 1 or more it is lower, the run failed, or a signal stopped it.`,
    command: 'stryker',
    args: ['run'],
  },
};

const [name, ...given] = process.argv.slice(2);
const { help, command, args, env } = TOOLS[name];
readOptions(help, {}, given);
const child = spawn(command, args, { stdio: 'inherit', env: { ...process.env, ...env } });
// Ctrl-C sends SIGINT to the child, too. A second one would kill what it runs at once.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => child.kill('SIGTERM'));
child.on('close', (code, signal) => {
  process.exitCode = code ?? 128 + constants.signals[signal];
});
