import { mkdirSync, writeFileSync } from 'node:fs';
import { readOptions } from '../../scripts/command-line.mjs';
import { chaos } from './chaos.js';
import type { RunReport } from './report.js';
import { soak } from './soak.js';

/** `npm run soak` and `npm run chaos`. They end with code 1 if the run found a violation. */

const RUNS = { soak, chaos } as const;
type RunName = keyof typeof RUNS;
/** The report file has all of them. */
const PRINTED_VIOLATIONS = 20;
const ROOT = new URL('../../', import.meta.url);
const OPTIONS = { minutes: { type: 'string' }, seed: { type: 'string' } } as const;
const HELP: Readonly<Record<RunName, string>> = {
  soak: 'Runs three replicas under load, injects faults of replicas and of Redis, and counts the calls at once.',
  chaos: 'Runs three replicas while Wolkvox, replicas and Redis fail, and checks every answer.',
};

class UsageError extends Error {}

function helpOf(name: RunName): string {
  return `Usage: npm run ${name} -- [--minutes 5] [--seed 1] [--help | --version]
${HELP[name]}
Details are written to reports/${name}.md and reports/${name}-timeline.txt. See docs/limits.md.

Exit codes: 0 no violation; 1 a violation, or the run failed; 130 a signal stopped it.`;
}

async function main(): Promise<void> {
  const [name, ...args] = process.argv.slice(2);
  if (name !== 'soak' && name !== 'chaos') throw new UsageError('The first argument must be soak or chaos.');
  const { minutes = '5', seed = '1' } = readOptions(helpOf(name), OPTIONS, args);
  const report = await RUNS[name]({ ...readNumbers(minutes, seed), print });
  write(name, report);
  process.exitCode = report.violations.length === 0 ? 0 : 1;
}

function readNumbers(minutes: string, seed: string): { readonly minutes: number; readonly seed: number } {
  if (!(Number(minutes) > 0 && Number(minutes) <= 60)) {
    throw new UsageError('--minutes must be a number above 0, at most 60.');
  }
  if (!/^\d{1,9}$/.test(seed)) throw new UsageError('--seed must be a whole number, 0 or more.');
  return { minutes: Number(minutes), seed: Number(seed) };
}

function write(name: RunName, { summary, details, timeline, violations }: RunReport): void {
  const verdict = violations.length === 0 ? 'Passed: no violation.' : `Failed: ${violations.length} violations.`;
  const folder = new URL('reports/', ROOT);
  mkdirSync(folder, { recursive: true });
  writeFileSync(new URL(`${name}.md`, folder), [summary, details, verdict, ...violations, ''].join('\n\n'));
  writeFileSync(new URL(`${name}-timeline.txt`, folder), `${timeline}\n`);
  console.log(['', summary, '', verdict, ...violations.slice(0, PRINTED_VIOLATIONS)].join('\n'));
  console.log(`Details: reports/${name}.md, reports/${name}-timeline.txt`);
}

function print(line: string): void {
  console.log(`${new Date().toISOString().slice(11, 19)} ${line}`);
}

// A process that ends by process.exit kills its replicas.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
main().catch((error: unknown) => {
  console.error(error instanceof UsageError ? error.message : error);
  process.exitCode = 1;
});
