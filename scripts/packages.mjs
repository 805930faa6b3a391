/**
 * `node scripts/packages.mjs`: installs the packages that the tests run beside those of `package.json`, each from the
 * lock file in its own folder. It does nothing if they are installed.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { readOptions } from './command-line.mjs';

/** What is in each folder, with the size that it takes. */
const FOLDERS = {
  'test/gateways/': 'the gateways that the tests run (170 MB)',
  'examples/clients/': 'the libraries of the client recipes (40 MB)',
};

readOptions(`Usage: node scripts/packages.mjs [--help | --version]
Installs what the tests run from lock files of their own:
${Object.entries(FOLDERS)
  .map(([folder, content]) => `  ${folder}: ${content}`)
  .join('\n')}`);
process.exitCode = Object.keys(FOLDERS).every((folder) => isInstalled(folder) || install(folder)) ? 0 : 1;

function isInstalled(folder) {
  const path = pathOf(folder);
  // npm writes this file at the end of an installation.
  const installed = `${path}node_modules/.package-lock.json`;
  if (!existsSync(installed)) return false;
  const installedMs = statSync(installed).mtimeMs;
  return ['package.json', 'package-lock.json'].every((name) => statSync(path + name).mtimeMs < installedMs);
}

/** Returns whether npm succeeded. */
function install(folder) {
  console.log(`npm installs ${FOLDERS[folder]}.`);
  const { status } = spawnSync('npm', ['ci', '--ignore-scripts'], { cwd: pathOf(folder), stdio: 'inherit' });
  return status === 0;
}

function pathOf(folder) {
  return fileURLToPath(new URL(`../${folder}`, import.meta.url));
}
