import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import semver from 'semver';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { readProject } from './docs/tables.js';

const ROOT = new URL('../../', import.meta.url);
const WORKFLOWS = '.github/workflows/';
const workflows = readdirSync(new URL(WORKFLOWS, ROOT)).map((name) => WORKFLOWS + name);
/** An action with the SHA of a commit, and its version as a comment, as Renovate writes it. */
const PINNED = /^ +(?:- )?uses: [\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/;

interface Workflow {
  readonly permissions: object;
  readonly concurrency: { readonly group: string };
  readonly jobs: Readonly<Record<string, Job>>;
}
interface Job {
  readonly permissions?: object;
  readonly 'timeout-minutes': number;
  readonly steps: readonly {
    readonly uses?: string;
    readonly run?: string;
    readonly with?: Readonly<Record<string, unknown>>;
  }[];
}
interface Manifest {
  readonly engines?: { readonly node?: string };
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

const manifest = JSON.parse(readProject('package.json')) as Manifest;

/** The lines of a workflow that use an action that is not pinned. */
function unpinned(workflow: string): string[] {
  return (workflow.match(/^.*\buses:.*$/gm) ?? []).filter((line) => !PINNED.test(line));
}

describe.each(workflows)('%s', (file) => {
  const text = readProject(file);
  const { permissions, concurrency, jobs } = parse(text, { strict: true }) as Workflow;
  const steps = Object.values(jobs).flatMap((job) => job.steps);

  it('pins each action to the SHA of a commit, with its version', () => {
    expect(steps.filter(({ uses }) => uses !== undefined).length).toBeGreaterThan(1);
    expect(unpinned(text)).toEqual([]);
    for (const line of ['      - uses: actions/checkout@v7', `      - uses: actions/checkout@${'0'.repeat(40)}`]) {
      expect(unpinned(line)).toEqual([line]);
    }
  });

  it('has the least rights, one run per branch and a bound on its time', () => {
    expect(permissions).toEqual({ contents: 'read' });
    expect(concurrency.group).toContain('github.ref');
    for (const job of Object.values(jobs)) {
      expect(job.permissions).toBeUndefined();
      expect(job['timeout-minutes']).toBeLessThanOrEqual(60);
    }
    const checkouts = steps.filter(({ uses }) => uses?.startsWith('actions/checkout@'));
    expect(checkouts.map((step) => step.with)).toEqual([{ 'persist-credentials': false }]);
    // Texts of a pull request in a command, and rights to the repository, would let anybody run commands with them.
    expect(text).not.toMatch(/pull_request_target|github\.event\.|secrets\./);
  });

  it('runs the command of the README on the oldest supported line of Node', () => {
    expect(steps.flatMap(({ run = [] }) => run)).toEqual(['npm ci && npm test']);
    expect(readProject('README.md')).toContain('\nnpm ci && npm test\n');
    const node = steps.flatMap((step) => step.with?.['node-version'] ?? []).map(String);
    expect(node.map((version) => semver.satisfies(version, manifest.engines?.node ?? ''))).toEqual([true]);
    expect(semver.major(node[0] ?? '')).toBe(semver.minVersion(manifest.engines?.node ?? '')?.major);
  });
});

describe('renovate.json', () => {
  const { constraints, rangeStrategy, ignorePaths, packageRules } = JSON.parse(readProject('renovate.json')) as {
    readonly constraints: { readonly node: string };
    readonly rangeStrategy: string;
    readonly ignorePaths: readonly string[];
    readonly packageRules: readonly {
      readonly description: string;
      readonly matchPackageNames?: readonly string[];
      readonly allowedVersions?: string;
    }[];
  };
  const versions = { ...manifest.dependencies, ...manifest.devDependencies };

  it('keeps versions exact, and knows the supported versions of Node', () => {
    expect(rangeStrategy).toBe('pin');
    expect(constraints.node).toBe(manifest.engines?.node);
  });

  it('has rules with reasons for packages that are used, and allows their versions', () => {
    let allowed = 0;
    for (const { description, matchPackageNames = [], allowedVersions } of packageRules) {
      expect(description).toMatch(/^[A-Z].*\.$/);
      for (const name of matchPackageNames.filter((pattern) => !pattern.startsWith('!'))) {
        expect(versions, description).toHaveProperty([name]);
        if (allowedVersions === undefined) continue;
        expect(semver.satisfies(versions[name] ?? '', allowedVersions), name).toBe(true);
        allowed += 1;
      }
    }
    expect(allowed).toBeGreaterThan(2);
  });

  it('reads every lock file of the project', () => {
    const locks = execFileSync('git', ['ls-files', '*package-lock.json'], { cwd: ROOT, encoding: 'utf8' }).trim();
    expect(locks.split('\n').filter((path) => existsSync(new URL(path, ROOT))).length).toBeGreaterThan(3);
    expect(ignorePaths).toEqual(['**/node_modules/**']);
  });
});
