import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { measureThroughput } from '../../bench/throughput.js';
import { WORKLOADS } from '../../bench/workloads.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const { version } = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8')) as { version: string };
/** Each server gets a few requests of each workload. */
const SHORT = {
  ...{ rounds: 1, roundMs: 50, warmUpMs: 0, firstWarmUpMs: 0, listsPerRound: 1 },
  ...{ pageMs: 0, starts: 0, operations: 0, documents: 0 },
};

function run(...args: string[]): Promise<{ readonly code: unknown; readonly output: string }> {
  return new Promise((resolve) => {
    const options = { cwd: ROOT, env: { PATH: process.env['PATH'] ?? '' } };
    execFile(process.execPath, ['--import', 'tsx', 'bench/main.ts', ...args], options, (error, out, err) =>
      resolve({ code: error === null ? 0 : error.code, output: out + err }),
    );
  });
}

describe('npm run bench', () => {
  it('answers --help and --version, and names what it knows if an option or a workload is unknown', async () => {
    const outcomes = await Promise.all([run('--help'), run('--version'), run('--fast'), run('--only', 'lists')]);
    expect(outcomes.map(({ code }) => code)).toEqual([0, 0, 1, 1]);
    const [help = '', printed, unknown, workload] = outcomes.map(({ output }) => output);
    for (const name of Object.keys(WORKLOADS)) expect(help).toContain(name);
    expect(printed).toBe(`${version}\n`);
    expect(unknown).toBe('Unknown option. The known options are --quick, --only, --json, --help, --version.\n');
    expect(workload).toContain('--only must be one of one-record, ');
  });

  // The other references need the packages of bench/package.json, which npm test does not install.
  it('gets equal answers from the subgraph and from references', async () => {
    const steps: string[] = [];
    const names = ['one-record', 'aliases', 'entities-ids', 'list-first'] as const;
    const results = await measureThroughput(names, SHORT, (step) => steps.push(step), [
      'constant',
      'graphql-js',
      'apollo',
    ]);
    expect(new Set(results.map(({ workload }) => workload))).toEqual(new Set(names));
    for (const { workload, rows, figures } of results) {
      expect(rows, workload).toHaveLength(workload === 'list-first' ? 3 : 4);
      for (const { title, values } of rows) expect(values[0], `${workload}, ${title}`).toBeGreaterThan(0);
      expect(figures['÷ apollo'], workload).toBeGreaterThan(0);
    }
    expect(steps).toContain('Compares the answers');
  });
});
