import { execFile } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { startService } from '../support/service.js';

const SECRET = 'a-secret-of-the-router-0123456789';
const PERSON = ['--customer-id', '21839174', '--phone', '306 482 1975'];

interface Ended {
  readonly code: number | string | null | undefined;
  readonly output: string;
}

/** Runs a script with this environment alone. */
function run(script: string, args: readonly string[], env: Record<string, string> = {}): Promise<Ended> {
  const file = fileURLToPath(new URL(`../../scripts/${script}`, import.meta.url));
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [file, ...args],
      { env: { PATH: process.env['PATH'] ?? '', ...env } },
      (error, out, err) => resolve({ code: error === null ? 0 : error.code, output: out + err }),
    );
  });
}

function at(url: string): { HOST: string; PORT: string } {
  const { hostname, port } = new URL(url);
  return { HOST: hostname, PORT: port };
}

describe('npm run forget', () => {
  it('erases a person from a running service, and says how much was kept', async () => {
    const { url, ask, simulator } = await startService({ env: { ROUTER_SECRET: `${SECRET},another-secret` } });
    const headers = { 'router-authorization': SECRET };
    const question = '{ findCampaignRecords(phone: "3064821975") { id } }';
    await ask(question, {}, { headers });
    const env = { ...at(url), ROUTER_SECRET: `${SECRET},another-secret` };
    expect(await run('forget.mjs', PERSON, env)).toEqual({ code: 0, output: 'Forgotten: 1 kept answer.\n' });
    expect(await run('forget.mjs', PERSON, env)).toEqual({ code: 0, output: 'Nothing about this person was found.\n' });
    await ask(question, {}, { headers });
    expect(simulator.witness.calls).toHaveLength(2);
  });

  it('takes the secret from a file, and knows itself on every interface', async () => {
    const { url } = await startService({ env: { ROUTER_SECRET: SECRET } });
    const file = path.join(mkdtempSync(path.join(tmpdir(), 'secrets-')), 'router');
    writeFileSync(file, `${SECRET}\n`);
    const env = { ...at(url), HOST: '0.0.0.0', ROUTER_SECRET_FILE: file };
    expect((await run('forget.mjs', PERSON, env)).code).toBe(0);
  });

  it.each<[string, string[], Record<string, string>, RegExp]>([
    ['without a person', [], {}, /^Expected --customer-id or --phone/],
    ['with an option that there is not', ['--name', '21839174'], {}, /^Expected --customer-id or --phone/],
    ['with a blank one', ['--phone', ' '], {}, /^Expected --customer-id or --phone/],
    ['with a wrong secret', PERSON, { ROUTER_SECRET: 'x' }, /^The service does not know the secret/],
    ['with something that is no phone', ['--phone', 'abc'], {}, /^Not erased: HTTP 400, phone: expected digits/],
    ['with a file that is not there', PERSON, { ROUTER_SECRET_FILE: '/no/such/file' }, /^ROUTER_SECRET_FILE: the file/],
    ['where nobody listens', PERSON, { PORT: '1' }, /^The service at http:\/\/127.0.0.1:1 cannot be reached/],
  ])('%s ends with 1 and says why, but not whom it was about', async (_, args, env, message) => {
    const { url } = await startService({ env: { ROUTER_SECRET: SECRET } });
    const { code, output } = await run('forget.mjs', args, { ...at(url), ROUTER_SECRET: SECRET, ...env });
    expect(code).toBe(1);
    expect(output).toMatch(message);
    expect(output).not.toMatch(/21839174|306 482 1975|3064821975/);
  });
});

describe('npm run sbom', () => {
  it('lists the licences of what runs, all of them known', async () => {
    const { code, output } = await run('sbom.mjs', [], { HOME: process.env['HOME'] ?? '' });
    expect(output).toMatch(/packages at run time, in reports\/sbom.cdx.json/);
    expect(output).toContain('MIT');
    expect(code).toBe(0);
  });
});
