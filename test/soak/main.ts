import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { chaos } from './chaos.js';
import type { RunReport } from './report.js';
import { soak } from './soak.js';

/** `npm run soak` and `npm run chaos`. They end with code 1 if the run found a violation. */

const RUNS = { soak, chaos } as const;
type RunName = keyof typeof RUNS;
/** The report file has all of them. */
const PRINTED_VIOLATIONS = 20;
const ROOT = new URL('../../', import.meta.url);
const OPTIONS = {
  minutes: { type: 'string', default: '5' },
  seed: { type: 'string', default: '1' },
  help: { type: 'boolean', default: false },
  version: { type: 'boolean', default: false },
} as const;
const HELP: Readonly<Record<RunName, string>> = {
  soak: 'Runs three replicas under load, injects faults of replicas and of Redis, and counts the calls at once.',
  chaos: 'Runs three replicas while Wolkvox, replicas and Redis fail, and checks every answer.',
};

class UsageError extends Error {}

async function main(): Promise<void> {
  const [name, ...args] = process.argv.slice(2);
  if (name !== 'soak' && name !== 'chaos') throw new UsageError('The first argument must be soak or chaos.');
  const { minutes, seed, help, version } = readOptions(args);
  if (help) {
    console.log(`Usage: npm run ${name} -- [--minutes 5] [--seed 1] [--help] [--version]\n${HELP[name]}`);
    console.log(`Details are written to reports/${name}.md and reports/${name}-timeline.txt. See docs/limits.md.`);
  } else if (version) {
    console.log((JSON.parse(readFileSync(new URL('package.json', ROOT), 'utf8')) as { version: string }).version);
  } else {
    const report = await RUNS[name]({ minutes, seed, print });
    write(name, report);
    process.exitCode = report.violations.length === 0 ? 0 : 1;
  }
}

interface Options {
  readonly minutes: number;
  readonly seed: number;
  readonly help: boolean;
  readonly version: boolean;
}

function readOptions(args: string[]): Options {
  const { values, tokens } = parseArgs({ args, options: OPTIONS, strict: false, tokens: true });
  const isKnown = (token: (typeof tokens)[number]): boolean =>
    token.kind === 'option' && Object.hasOwn(OPTIONS, token.name);
  if (!tokens.every(isKnown)) {
    const known = Object.keys(OPTIONS).map((option) => `--${option}`);
    throw new UsageError(`Unknown option. The known options are ${known.join(', ')}.`);
  }
  const minutes = readNumber(values.minutes);
  const seed = readNumber(values.seed);
  if (!(minutes > 0 && minutes <= 60)) throw new UsageError('--minutes must be a number above 0, at most 60.');
  if (!(Number.isInteger(seed) && seed >= 0)) throw new UsageError('--seed must be a whole number, 0 or more.');
  return { minutes, seed, help: values.help === true, version: values.version === true };
}

/** @param value `true` for an option without a value */
function readNumber(value: string | boolean): number {
  return typeof value === 'string' && value !== '' ? Number(value) : NaN;
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
