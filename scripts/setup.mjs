/**
 * `node scripts/setup.mjs`: installs the programs that the tests need and npm does not install, such as Chromium and a
 * server of Redis. It does nothing if they are installed. If it cannot install them, it says what to install and ends
 * with code 1. The tests find the programs with `findTool`.
 */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { readOptions } from './command-line.mjs';

/**
 * `commands`: names of the program, the preferred first. `package`: its package in Debian and Ubuntu. `service`: the
 * service of the package. It is not installed, because the tests start the programs themselves.
 */
const TOOLS = {
  chromium: {
    title: 'Chromium or Google Chrome',
    commands: ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'],
    package: 'chromium',
  },
  redis: {
    title: 'Redis 6.2 or later, or Valkey',
    commands: ['redis-server', 'valkey-server'],
    package: 'redis-server',
    service: 'redis-server',
  },
  openssl: {
    title: 'OpenSSL',
    commands: ['openssl'],
    package: 'openssl',
  },
  promtool: {
    title: 'promtool of Prometheus',
    commands: ['promtool'],
    package: 'prometheus',
    service: 'prometheus',
  },
  curl: {
    title: 'curl',
    commands: ['curl'],
    package: 'curl',
  },
  jq: {
    title: 'jq',
    commands: ['jq'],
    package: 'jq',
  },
};

/**
 * The path of an installed program; undefined if there is none.
 *
 * @param {'chromium' | 'redis' | 'openssl' | 'promtool' | 'curl' | 'jq'} tool
 * @returns {string | undefined}
 */
export function findTool(tool) {
  return findCommand(TOOLS[tool].commands);
}

function findCommand(commands) {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter(Boolean);
  return commands.flatMap((command) => folders.map((folder) => join(folder, command))).find(isProgram);
}

function isProgram(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function missingTools() {
  return Object.keys(TOOLS).filter((tool) => findTool(tool) === undefined);
}

/** Returns the exit code. */
function setUp() {
  if (missingTools().length === 0) return 0;
  const apt = aptCommand();
  if (apt !== undefined) {
    const tools = missingTools().map((tool) => TOOLS[tool]);
    const packages = tools.map((tool) => tool.package);
    console.log(`The tests need ${packages.join(', ')}. apt-get installs the missing programs.`);
    install(apt, [...tools.flatMap(withoutService), ...packages]);
  }
  const missing = missingTools().map((tool) => TOOLS[tool]);
  if (missing.length === 0) return 0;
  const titles = missing.map(({ title }) => title).join('; ');
  const reason = apt === undefined ? 'This account may not run apt-get.' : 'apt-get failed.';
  console.error(
    `The tests need: ${titles}. ${reason}\n` +
      `On Debian and Ubuntu: sudo apt-get install ${missing.map((tool) => tool.package).join(' ')}\n` +
      `These names were searched in PATH: ${missing.flatMap(({ commands }) => commands).join(', ')}`,
  );
  return 1;
}

/** The command that runs apt-get with the rights to install; undefined if there is none. */
function aptCommand() {
  const apt = findCommand(['apt-get']);
  if (apt === undefined) return undefined;
  if (process.getuid?.() === 0) return [apt];
  const sudo = findCommand(['sudo']);
  const canSudo = sudo !== undefined && spawnSync(sudo, ['-n', 'true'], { stdio: 'ignore' }).status === 0;
  return canSudo ? [sudo, '-n', apt] : undefined;
}

/** Options of apt-get that leave the service of a package out, so that it neither starts now nor with the system. */
function withoutService({ service }) {
  if (service === undefined) return [];
  const folders = ['/etc/init.d', '/lib/systemd/system', '/usr/lib/systemd/system'];
  return folders.flatMap((folder) => ['-o', `Dpkg::Options::=--path-exclude=${folder}/${service}*`]);
}

/** `packages`: names of packages, and options before them. */
function install([program, ...args], packages) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const run = (...more) =>
    spawnSync(program, [...args, ...more], { stdio: ['ignore', 'inherit', 'inherit'], env }).status === 0;
  const add = () => run('install', '--yes', '--no-install-recommends', ...packages);
  // The package lists may be missing or too old.
  if (!add() && run('update')) add();
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  readOptions(`Usage: node scripts/setup.mjs [--help | --version]
Installs the programs that the tests need: ${Object.values(TOOLS)
    .map(({ title }) => title)
    .join('; ')}.`);
  process.exitCode = setUp();
}
