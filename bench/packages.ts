import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const FOLDER = fileURLToPath(new URL('.', import.meta.url));
/** npm writes this file at the end of an installation. */
const INSTALLED = `${FOLDER}node_modules/.package-lock.json`;

/** Installs the servers that the subgraph is compared with, if they are not installed. @throws Error if npm fails */
export function installPackages(): void {
  if (isInstalled()) return;
  console.error('npm installs the servers that the subgraph is compared with (70 MB).');
  const { status } = spawnSync('npm', ['ci', '--ignore-scripts'], { cwd: FOLDER, stdio: ['ignore', 2, 2] });
  if (status !== 0) throw new Error('npm could not install the packages of bench/package.json.');
}

function isInstalled(): boolean {
  if (!existsSync(INSTALLED)) return false;
  const installedMs = statSync(INSTALLED).mtimeMs;
  return ['package.json', 'package-lock.json'].every((name) => statSync(FOLDER + name).mtimeMs < installedMs);
}
