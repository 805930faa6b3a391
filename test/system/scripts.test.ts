import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { productionPackages, type LockFile, type Sbom } from '../../scripts/sbom.mjs';
import { codesOf } from '../support/graphql-client.js';
import { startService } from '../support/service.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const { version } = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8')) as { version: string };
const SECRET = 'a-secret-of-the-router-0123456789';
const PERSON = ['--customer-id', '21839174', '--phone', '306 482 1975'];

interface Ended {
  readonly code: number | string | null | undefined;
  readonly output: string;
}

/** Runs a script with PATH and this environment only. */
function run(script: string, args: readonly string[], env: Record<string, string> = {}): Promise<Ended> {
  const imports = script.endsWith('.ts') ? ['--import', 'tsx'] : [];
  const options = { cwd: ROOT, timeout: 100_000, env: { PATH: process.env['PATH'] ?? '', ...env } };
  return new Promise((resolve) => {
    execFile(process.execPath, [...imports, `scripts/${script}`, ...args], options, (error, out, err) =>
      resolve({ code: error === null ? 0 : error.code, output: out + err }),
    );
  });
}

function addressOf(url: string): { HOST: string; PORT: string } {
  const { hostname, port } = new URL(url);
  return { HOST: hostname, PORT: port };
}

describe.each([
  'check.mjs',
  'demo.ts',
  'forget.mjs',
  'node-versions.mjs',
  'notices.mjs',
  'packages.mjs',
  'sbom.mjs',
  'setup.mjs',
  'trusted-documents.mjs',
])('scripts/%s', (script) => {
  it('answers --help and --version, and refuses other options and arguments with code 1', async () => {
    const given = ['--help', '--version', '--planted', 'planted'];
    const [help, versionOutput, option, argument] = await Promise.all(given.map((each) => run(script, [each])));
    expect(help).toEqual({ code: 0, output: expect.stringMatching(/^Usage: /) as string });
    expect(versionOutput).toEqual({ code: 0, output: `${version}\n` });
    const known = 'The known options are .*--help, --version\\.\n$';
    expect(option).toEqual({ code: 1, output: expect.stringMatching(`^Unknown option\\. ${known}`) as string });
    expect(argument).toEqual({ code: 1, output: expect.stringMatching(`^Unexpected argument\\. ${known}`) as string });
  });
});

describe('npm run forget', () => {
  it('erases a person from a running service, and prints how many answers were cached', async () => {
    const { url, ask, simulator } = await startService({ env: { ROUTER_SECRET: `${SECRET},another-secret` } });
    const headers = { 'router-authorization': SECRET };
    const query = '{ findCampaignRecords(phone: "3064821975") { id } }';
    expect(codesOf(await ask(query, {}, { headers }))).toEqual([]);
    const env = { ...addressOf(url), ROUTER_SECRET: `${SECRET},another-secret` };
    expect(await run('forget.mjs', PERSON, env)).toEqual({ code: 0, output: 'Erased cached answers: 1.\n' });
    expect(await run('forget.mjs', PERSON, env)).toEqual({
      code: 0,
      output: 'No answer about this person was cached.\n',
    });
    expect(codesOf(await ask(query, {}, { headers }))).toEqual([]);
    expect(simulator.requestLog.requests).toHaveLength(2);
  });

  it('reads the secret from a file, and reaches a service that listens on every interface', async () => {
    const { url } = await startService({ env: { ROUTER_SECRET: SECRET } });
    const file = path.join(temporaryFolder('secrets-'), 'router');
    writeFileSync(file, `${SECRET}\n`);
    const env = { ...addressOf(url), HOST: '0.0.0.0', ROUTER_SECRET_FILE: file };
    expect((await run('forget.mjs', PERSON, env)).code).toBe(0);
  });

  it.each<[string, string[], Record<string, string>, RegExp]>([
    ['there is no person', [], {}, /^--customer-id or --phone is required; got neither/],
    ['an option is unknown', ['--name', '21839174'], {}, /^Unknown option/],
    ['an option has no value', ['--phone'], {}, /^An option has no value/],
    ['an option is blank', ['--phone', ' '], {}, /^--customer-id or --phone is required; got neither/],
    ['the secret is wrong', PERSON, { ROUTER_SECRET: 'x' }, /^The service does not accept the secret/],
    ['the phone is not valid', ['--phone', 'abc'], {}, /^Nothing was erased \(HTTP 400\)\. phone must/],
    ['the file is missing', PERSON, { ROUTER_SECRET_FILE: '/missing/file' }, /^ROUTER_SECRET_FILE: the file/],
    ['no service listens', PERSON, { PORT: '1' }, /^The service at http:\/\/127.0.0.1:1 cannot be reached/],
  ])('ends with 1 and a message without the person if %s', async (_, args, env, message) => {
    const { url } = await startService({ env: { ROUTER_SECRET: SECRET } });
    const { code, output } = await run('forget.mjs', args, { ...addressOf(url), ROUTER_SECRET: SECRET, ...env });
    expect(code).toBe(1);
    expect(output).toMatch(message);
    expect(output).not.toMatch(/21839174|306 482 1975|3064821975/);
  });
});

describe('npm run sbom', () => {
  it('lists the packages of a production installation and their licences, and all of them are allowed', async () => {
    const { code, output } = await run('sbom.mjs', [], { HOME: process.env['HOME'] ?? '' });
    const installed = productionPackages(JSON.parse(readFileSync(`${ROOT}package-lock.json`, 'utf8')) as LockFile);
    expect(output).toContain(`has ${installed.size} runtime packages. They are listed in reports/sbom.cdx.json.`);
    expect(output).toMatch(/MIT.*Elastic-2\.0/s);
    expect(code).toBe(0);
    const { components } = JSON.parse(readFileSync(`${ROOT}reports/sbom.cdx.json`, 'utf8')) as Sbom;
    const listed = components.map(({ name, version }) => `${name}@${version}`);
    expect(listed.sort()).toEqual([...installed].sort());
  });
});
