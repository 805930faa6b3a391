/**
 * `node scripts/gateways.mjs`: installs the gateways that `test/system/gateway.test.ts` runs, from the lock file in
 * `test/gateways/`. It does nothing if they are installed.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { readOptions } from './command-line.mjs';

const FOLDER = fileURLToPath(new URL('../test/gateways/', import.meta.url));
/** npm writes this file at the end of an installation. */
const INSTALLED = `${FOLDER}node_modules/.package-lock.json`;

readOptions(`Usage: node scripts/gateways.mjs [--help | --version]
Installs the gateways that the tests run: 170 MB in test/gateways/node_modules.`);
process.exitCode = isInstalled() ? 0 : install();

function isInstalled() {
  if (!existsSync(INSTALLED)) return false;
  const installedMs = statSync(INSTALLED).mtimeMs;
  return ['package.json', 'package-lock.json'].every((name) => statSync(FOLDER + name).mtimeMs < installedMs);
}

/** Returns the exit code. */
function install() {
  console.log('npm installs the gateways that the tests run (170 MB).');
  const { status } = spawnSync('npm', ['ci', '--ignore-scripts'], { cwd: FOLDER, stdio: 'inherit' });
  return status ?? 1;
}
