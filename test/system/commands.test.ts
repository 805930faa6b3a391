import { execFile } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { membersOf, runCommand } from '../support/npm-command.js';
import { readProject, rowsOf } from '../unit/docs/tables.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const page = readProject('docs/commands.md');
const { scripts, version } = JSON.parse(readProject('package.json')) as {
  readonly scripts: Readonly<Record<string, string>>;
  readonly version: string;
};
/** The rows of the first table: they have four cells. */
const documented = [...rowsOf(page)].filter(([, { length }]) => length === 3);

interface Ended {
  readonly code: number | string | null | undefined;
  readonly output: string;
}

/** Runs what npm would run after the build, with its PATH and no other variable. */
function run(script: string, option: string): Promise<Ended> {
  const command = scripts[script]?.split('&& ').at(-1) ?? '';
  const PATH = `${path.join(ROOT, 'node_modules/.bin')}:${process.env['PATH'] ?? ''}`;
  return new Promise((resolve) => {
    execFile('sh', ['-c', `${command} ${option}`], { cwd: ROOT, timeout: 25_000, env: { PATH } }, (error, out, err) =>
      resolve({ code: error === null ? 0 : error.code, output: out + err }),
    );
  });
}

describe.each(documented)('%s', (command, [, options = '', exitCodes = '']) => {
  const script = command.replace(/^npm (?:run )?/, '');
  const known = [...options.matchAll(/`(--[a-z-]+)`/g)].map(([, option = '']) => option);

  it('answers --help with its documented options and exit codes, and --version', async () => {
    const [{ code, output }, versionOutput] = await Promise.all([run(script, '--help'), run(script, '--version')]);
    expect(code).toBe(0);
    expect(output).toMatch(new RegExp(`^Usage: ${command} `));
    for (const option of known) expect(output).toContain(option);
    const paragraph = /\n\nExit codes: (?<codes>[\s\S]+)\.\n$/.exec(output)?.groups?.['codes'];
    expect(paragraph?.replaceAll('\n', ' ')).toBe(exitCodes);
    expect(exitCodes).toMatch(/^0 .+; 1 .+/);
    expect(versionOutput).toEqual({ code: 0, output: `${version}\n` });
  });

  it('refuses an unknown option with code 1 and exactly the documented ones', async () => {
    expect(await run(script, '--planted')).toEqual({
      code: 1,
      output: `Unknown option. The known options are ${[...known, '--help', '--version'].join(', ')}.\n`,
    });
  });
});

describe('docs/commands.md', () => {
  it('has every command of package.json, and no other', () => {
    const named = [...page.matchAll(/`npm (?:run )?([a-z:]+)`/g)].map(([, name = '']) => name);
    expect(new Set(named)).toEqual(new Set(Object.keys(scripts)));
    expect(documented.length).toBeGreaterThan(10);
  });
});

describe('npm run dev', () => {
  it('starts the service, and Ctrl-C ends all of its processes', async () => {
    const dev = runCommand('dev', [], { PORT: '0', WOLKVOX_QUOTA_SYNC_MINUTES: '0' });
    onTestFinished(dev.kill);
    await dev.printed('service.listening');
    // A terminal sends the signal to the whole group.
    process.kill(-dev.group, 'SIGINT');
    expect(await dev.ended).toEqual([0, null]);
    expect(dev.output()).toContain('service.draining');
    expect(membersOf(dev.group)).toEqual([]);
  }, 60_000);
});
