import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { findTool } from '../../../scripts/setup.mjs';

const SCRIPT = fileURLToPath(new URL('../../../scripts/setup.mjs', import.meta.url));

/** A folder that is the whole PATH of a run: what is not in it is not installed. */
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'setup-test-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function addProgram(name: string, script = ''): void {
  writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`);
  chmodSync(join(folder, name), 0o755);
}

/** An apt-get that notes how it was called, and a sudo for those who are not root. */
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

test('where everything is there, setup says and does nothing', () => {
  addProgram('google-chrome');
  addProgram('redis-server');
  addApt('');

  expect(runSetup()).toEqual({ status: 0, stdout: '', stderr: '', apt: [] });
});

test('what is missing is installed with apt-get, and only that', () => {
  addProgram('chromium');
  addApt(`/bin/cp "${folder}/chromium" "${folder}/redis-server"`);

  expect(runSetup()).toMatchObject({
    status: 0,
    stderr: '',
    apt: ['install --yes --no-install-recommends redis-server'],
  });
});

test('where the package lists are absent, they are fetched and the installation tried again', () => {
  addApt(`case "$1" in
    update) : > "${folder}/updated" ;;
    install) [ -e "${folder}/updated" ] || exit 100
      for name in chromium redis-server; do /bin/cp "$0" "${folder}/$name"; done ;;
  esac`);

  expect(runSetup()).toMatchObject({
    status: 0,
    apt: [
      'install --yes --no-install-recommends chromium redis-server',
      'update',
      'install --yes --no-install-recommends chromium redis-server',
    ],
  });
});

test('where nothing may be installed, setup fails with one message that says what to install', () => {
  const { status, stdout, stderr } = runSetup();

  expect(status).toBe(1);
  expect(stdout).toBe('');
  expect(stderr).toMatch(/Chromium or Google Chrome, and Redis/);
  expect(stderr).toContain('sudo apt-get install chromium redis-server');
});

test('where apt-get fails, setup fails with the same message', () => {
  addProgram('redis-server');
  addApt('exit 100');

  const { status, stderr } = runSetup();

  expect(status).toBe(1);
  expect(stderr).toContain('apt-get could not install it');
  expect(stderr).toContain('sudo apt-get install chromium\n');
});

test('the tools that setup ensures are found here', () => {
  expect(findTool('chromium')).toMatch(/chrom/);
  expect(findTool('redis')).toMatch(/-server$/);
});
