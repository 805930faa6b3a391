/**
 * Sees to the two programs that the tests need and npm does not bring: a Chromium for the playground and a Redis server for the
 * replicas. Does nothing where they are there; installs them from Debian's or Ubuntu's packages where it may; otherwise ends with
 * code 1 and one message that says what to install.
 *
 * On the command line: `node scripts/setup.mjs`. As a module: `findTool('chromium')` gives a path.
 */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { pathToFileURL } from 'node:url';

/**
 * What is needed, by the names under which it is installed, best first; `package` is Debian's name, `elsewhere` what others call it.
 */
const TOOLS = {
  chromium: {
    commands: ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'],
    package: 'chromium',
    elsewhere: 'Chromium or Google Chrome',
  },
  redis: {
    commands: ['redis-server', 'valkey-server'],
    package: 'redis-server',
    elsewhere: 'Redis 6.2 or later, or Valkey',
  },
};

/**
 * The path of an installed tool, or undefined.
 *
 * @param {'chromium' | 'redis'} tool
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

/** The words to put before `apt-get` so that it may install; undefined: it may not, or is not there. */
function readApt() {
  const apt = findCommand(['apt-get']);
  if (apt === undefined) return undefined;
  if (process.getuid?.() === 0) return [apt];
  const sudo = findCommand(['sudo']);
  const maySudo = sudo !== undefined && spawnSync(sudo, ['-n', 'true'], { stdio: 'ignore' }).status === 0;
  return maySudo ? [sudo, '-n', apt] : undefined;
}

function install(apt, packages) {
  const [program, ...words] = apt;
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const run = (...args) =>
    spawnSync(program, [...words, ...args], { stdio: ['ignore', 'inherit', 'inherit'], env }).status === 0;
  const add = ['install', '--yes', '--no-install-recommends', ...packages];
  // The lists may be old or absent: one refresh, then one more try.
  return run(...add) || (run('update') && run(...add));
}

function setUp() {
  let missing = Object.keys(TOOLS).filter((tool) => findTool(tool) === undefined);
  if (missing.length === 0) return 0;
  const packages = missing.map((tool) => TOOLS[tool].package);
  const apt = readApt();
  if (apt !== undefined) {
    console.log(`The tests need ${packages.join(' and ')}: installing with apt-get.`);
    install(apt, packages);
    missing = missing.filter((tool) => findTool(tool) === undefined);
    if (missing.length === 0) return 0;
  }
  const wanted = missing.map((tool) => TOOLS[tool]);
  const why = apt === undefined ? 'this account may not install with apt-get here' : 'apt-get could not install it';
  console.error(
    `The tests need ${wanted.map(({ elsewhere }) => elsewhere).join(', and ')}; ${why}.\n` +
      `Install it, then run the tests again. On Debian and Ubuntu: sudo apt-get install ${wanted.map((tool) => tool.package).join(' ')}\n` +
      `Looked in PATH for: ${wanted.flatMap(({ commands }) => commands).join(', ')}`,
  );
  return 1;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href)
  process.exitCode = setUp();
