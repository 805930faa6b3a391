import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { readOptions } from '../scripts/command-line.mjs';
import { installPackages } from '../scripts/packages.mjs';
import { measurePage } from './page.js';
import { measureMemory, measureStart } from './process-figures.js';
import { checkBars, countWrong, drawResult, writeMarkdown, type Report } from './report.js';
import { FULL, QUICK, type Plan, type Progress, type Result } from './result.js';
import { cores, moveToLoadCore } from './server-process.js';
import { measureThroughput } from './throughput.js';
import { WORKLOADS, type WorkloadName } from './workloads.js';

/** `npm run bench`: compares the subgraph with other servers. It ends with code 1 if an answer is wrong. */

const NAMES = Object.keys(WORKLOADS) as WorkloadName[];
/** Only a complete run that is not quick writes the figures that belong to the project. */
const PUBLISHED = new URL('../docs/benchmarks/', import.meta.url);
const UNPUBLISHED = new URL('../reports/benchmarks/', import.meta.url);
const HELP = `Usage: npm run bench -- [--quick] [--only <workload>] [--json <file>] [--help | --version]
Compares the subgraph with other servers over the same graph and the same answers. See docs/benchmarks.md.
  --quick            takes less than two minutes; the figures are rough
  --only <workload>  one of: ${NAMES.join(', ')}
  --json <file>      writes the figures to this file, too
A complete run without --quick writes docs/benchmarks/, any other run reports/benchmarks/.

Exit codes: 0 all answers are right; 1 an answer is wrong, or the run failed; 130 a signal stopped it.`;

async function main(): Promise<void> {
  const options = { quick: { type: 'boolean' }, only: { type: 'string' }, json: { type: 'string' } } as const;
  const { quick = false, only, json } = readOptions(HELP, options);
  if (only !== undefined && !(NAMES as string[]).includes(only)) {
    throw new Error(`--only must be one of ${NAMES.join(', ')}.`);
  }
  const names = NAMES.filter((name) => only === undefined || name === only);
  if (!installPackages('bench/', 'the servers that the subgraph is compared with (70 MB)')) {
    throw new Error('npm could not install the packages of bench/package.json.');
  }
  moveToLoadCore();
  const report: Report = {
    version: readVersion(),
    date: new Date().toISOString().slice(0, 10),
    isQuick: quick,
    machine: describeMachine(),
    results: await measure(names, quick ? QUICK : FULL, createProgress()),
  };
  writeReport(report, quick || only !== undefined ? UNPUBLISHED : PUBLISHED);
  if (json !== undefined) writeFileSync(json, toJson(report));
  const wrong = countWrong(report.results);
  if (wrong > 0) throw new Error(`${wrong} answers of the real page are wrong.`);
}

async function measure(names: readonly WorkloadName[], plan: Plan, progress: Progress): Promise<Result[]> {
  const others: Partial<Record<WorkloadName, (plan: Plan, progress: Progress) => Promise<Result>>> = {
    page: measurePage,
    start: measureStart,
    memory: measureMemory,
  };
  const ofThroughput = names.filter((name) => others[name] === undefined);
  const results = ofThroughput.length === 0 ? [] : await measureThroughput(ofThroughput, plan, progress);
  for (const name of names) {
    const result = await others[name]?.(plan, progress);
    if (result !== undefined) results.push(result);
  }
  progress('');
  // In the order of the list of workloads.
  return names.flatMap((name) => results.filter(({ workload }) => workload === name));
}

function readVersion(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { readonly version: string }).version;
}

function writeReport(report: Report, folder: URL): void {
  mkdirSync(folder, { recursive: true });
  for (const result of report.results) writeFileSync(new URL(`${result.workload}.svg`, folder), drawResult(result));
  writeFileSync(new URL('results.md', folder), writeMarkdown(report, ''));
  writeFileSync(new URL('results.json', folder), toJson(report));
  console.log(writeMarkdown(report));
  console.log(`Written to ${folder.pathname}: results.md, results.json and a plot for each workload.`);
}

function toJson(report: Report): string {
  return `${JSON.stringify({ ...report, bars: checkBars(report.results) }, undefined, 2)}\n`;
}

function describeMachine(): string {
  const all = cpus();
  const model = `${all[0]?.model ?? 'Unknown processor'}, ${all.length} cores, Node ${process.versions.node}.`;
  return cores === undefined
    ? `${model} The servers and the load share the cores, because there is no taskset or only one core.`
    : `${model} The server has one core, the load another one.`;
}

/** On a terminal one line that changes; otherwise a line for each step, without its details. */
function createProgress(): Progress {
  const { stderr } = process;
  const startedAt = performance.now();
  let last = '';
  return (step, detail = '') => {
    const seconds = Math.round((performance.now() - startedAt) / 1_000);
    const line = step === '' ? '' : `${seconds} s  ${step}${detail === '' ? '' : `: ${detail}`}`;
    if (stderr.isTTY) stderr.write(`\r\x1b[K${line.slice(0, stderr.columns - 1)}`);
    else if (step !== last && step !== '') stderr.write(`${seconds} s  ${step}\n`);
    last = step;
  };
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
main().catch((error: unknown) => {
  console.error(error instanceof Error ? `\n${error.message}` : error);
  process.exitCode = 1;
});
