/**
 * `node scripts/packages.mjs`: installs the packages that the tests run beside those of `package.json`, each from the
 * lock file in its own folder. It does nothing if they are installed.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { readOptions } from './command-line.mjs';

/** What the tests need in each folder, with the size that it takes. */
const FOLDERS = {
  'test/gateways/': 'the gateways that the tests run (170 MB)',
  'examples/clients/': 'the libraries of the client recipes (40 MB)',
};

/**
 * Installs the packages of a folder, if they are not installed.
 *
 * @param {string} folder from the root of the project, with a slash at its end
 * @param {string} content what is installed
 * @returns {boolean} whether they are installed now
 */
export function installPackages(folder, content) {
  const path = fileURLToPath(new URL(`../${folder}`, import.meta.url));
  if (isInstalled(path)) return true;
  console.error(`npm installs ${content}.`);
  const { status } = spawnSync('npm', ['ci', '--ignore-scripts'], { cwd: path, stdio: ['ignore', 2, 2] });
  return status === 0;
}

/** @param {string} path */
function isInstalled(path) {
  // npm writes this file at the end of an installation.
  const installed = `${path}node_modules/.package-lock.json`;
  if (!existsSync(installed)) return false;
  const installedMs = statSync(installed).mtimeMs;
  return ['package.json', 'package-lock.json'].every((name) => statSync(path + name).mtimeMs < installedMs);
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const folders = Object.entries(FOLDERS);
  readOptions(`Usage: node scripts/packages.mjs [--help | --version]
Installs what the tests run from lock files of their own:
${folders.map(([folder, content]) => `  ${folder}: ${content}`).join('\n')}`);
  process.exitCode = folders.every(([folder, content]) => installPackages(folder, content)) ? 0 : 1;
}
