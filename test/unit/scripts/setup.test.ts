import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { findTool } from '../../../scripts/setup.mjs';

const SCRIPT = fileURLToPath(new URL('../../../scripts/setup.mjs', import.meta.url));

/** Options of apt-get that leave the services of Redis and Prometheus out. */
const withoutService = (service: string): string =>
  ['/etc/init.d', '/lib/systemd/system', '/usr/lib/systemd/system']
    .map((folder) => `-o Dpkg::Options::=--path-exclude=${folder}/${service}*`)
    .join(' ');

/** The only folder in PATH, so that other programs are not installed. */
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'setup-test-'));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

function addPrograms(...names: string[]): void {
  for (const name of names) addProgram(name);
}

function addProgram(name: string, script = ''): void {
  writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`);
  chmodSync(join(folder, name), 0o755);
}

/** Adds an apt-get that logs its arguments, and a sudo for accounts that are not root. */
function addApt(script: string): void {
  addProgram('apt-get', `echo "$@" >> "${folder}/apt.log"\n${script}`);
  addProgram('sudo', 'shift\nexec "$@"');
  addProgram('true');
}

function runSetup(): { status: number | null; stdout: string; stderr: string; apt: string[] } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [SCRIPT], { env: { PATH: folder }, encoding: 'utf8' });
  const log = join(folder, 'apt.log');
  return { status, stdout, stderr, apt: existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : [] };
}

test.each(['redis-server', 'valkey-server'])(
  'does nothing if Chrome, %s and the other programs are installed, and the tests start the same server (defect 37)',
  (server) => {
    addPrograms('google-chrome', server, 'openssl', 'promtool', 'curl', 'jq');
    addApt('');

    expect(runSetup()).toEqual({ status: 0, stdout: '', stderr: '', apt: [] });
    vi.stubEnv('PATH', folder);
    expect(findTool('redis')).toBe(join(folder, server));
    expect(findTool('chromium')).toBe(join(folder, 'google-chrome'));
  },
);

test('installs only the missing program with apt-get, without its service', () => {
  addPrograms('chromium', 'openssl', 'promtool', 'curl', 'jq');
  addApt(`/bin/cp "${folder}/chromium" "${folder}/redis-server"`);

  expect(runSetup()).toMatchObject({
    status: 0,
    stderr: '',
    apt: [`install --yes --no-install-recommends ${withoutService('redis-server')} redis-server`],
  });
});

test('updates the package lists and installs again if the first installation fails', () => {
  addApt(`case "$1" in
    update) : > "${folder}/updated" ;;
    install) [ -e "${folder}/updated" ] || exit 100
      for name in chromium redis-server openssl promtool curl jq; do /bin/cp "$0" "${folder}/$name"; done ;;
  esac`);

  const options = `${withoutService('redis-server')} ${withoutService('prometheus')}`;
  const install = `install --yes --no-install-recommends ${options} chromium redis-server openssl prometheus curl jq`;
  expect(runSetup()).toMatchObject({ status: 0, apt: [install, 'update', install] });
});

test('fails and says what to install if it cannot run apt-get', () => {
  const { status, stdout, stderr } = runSetup();

  expect(status).toBe(1);
  expect(stdout).toBe('');
  expect(stderr).toMatch(/Chromium or Google Chrome; Redis .*; OpenSSL; promtool .*; curl; jq/);
  expect(stderr).toContain('sudo apt-get install chromium redis-server openssl prometheus curl jq');
});

test('fails and says what to install if apt-get fails', () => {
  addPrograms('redis-server', 'openssl', 'promtool', 'curl', 'jq');
  addApt('exit 100');

  const { status, stderr } = runSetup();

  expect(status).toBe(1);
  expect(stderr).toContain('apt-get failed');
  expect(stderr).toContain('sudo apt-get install chromium\n');
});

test('finds the programs that it has installed on this machine', () => {
  expect(findTool('chromium')).toMatch(/chrom/);
  expect(findTool('redis')).toMatch(/-server$/);
  expect(findTool('openssl')).toMatch(/openssl$/);
  expect(findTool('promtool')).toMatch(/promtool$/);
  expect(findTool('curl')).toMatch(/curl$/);
  expect(findTool('jq')).toMatch(/jq$/);
});
