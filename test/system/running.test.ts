import { execFile, spawn } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parse } from 'yaml';
import { readConfig } from '../../src/config/config.js';
import { VARIABLE_NAMES } from '../../src/config/variables.js';
import { SIMULATOR_TOKEN } from '../../src/simulator/settings.js';
import { askGraph } from '../support/graphql-client.js';
import { freePort } from '../support/processes.js';
import { startService } from '../support/service.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { readProject } from '../unit/docs/tables.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const CHART = 'deploy/helm/wolkvox-campaign-subgraph';
const SECRET = 'a-secret-of-the-router-of-32-characters';
const HEADERS = { 'router-authorization': SECRET };
/** The customer that the page erases. */
const QUERY = '{ findCampaignRecords(customerId: "21839174") { id } }';
const page = readProject('docs/running.md');
const compose = parse(readProject('deploy/compose.yaml')) as {
  readonly services: Readonly<Record<string, { readonly image: string }>>;
  readonly secrets: Readonly<Record<string, { readonly file: string }>>;
};
const values = parse(readProject(`${CHART}/values.yaml`)) as { readonly existingSecret: string };
const execute = promisify(execFile);

/** Writes its command line to a file. Of a command in a container it runs `node …` here. */
const CONTAINER_PROGRAM = `#!/bin/sh
printf '%s\\n' "\${0##*/} $*" >> "$COMMANDS"
while [ $# -gt 0 ] && [ "$1" != node ]; do shift; done
exec "$@"
`;

/** A folder with the files of a checkout that the commands use, and with programs that replace those of containers. */
function prepareFolder(): string {
  const folder = temporaryFolder('running-');
  for (const name of ['deploy', 'scripts', 'package.json']) {
    cpSync(ROOT + name, path.join(folder, name), { recursive: true });
  }
  mkdirSync(path.join(folder, 'bin'));
  for (const program of ['docker', 'kubectl', 'helm']) {
    const file = path.join(folder, 'bin', program);
    writeFileSync(file, CONTAINER_PROGRAM);
    chmodSync(file, 0o755);
  }
  return folder;
}

/** The names that follow an option, each up to its value. */
function namesIn(commands: readonly string[], option: string): string[] {
  const names = commands.flatMap((command) => command.split(option).slice(1)).map((rest) => rest.replace(/=.*$/, ''));
  expect(names, option).not.toEqual([]);
  return names;
}

/** Runs the blocks of commands over a service that has found the customer. */
async function runBlocks(): Promise<{
  readonly folder: string;
  readonly output: string;
  /** What was asked of the programs of containers, one line per command. */
  readonly commands: readonly string[];
}> {
  const { url, ask } = await startService({ env: { ROUTER_SECRET: SECRET } });
  await ask(QUERY, {}, { headers: HEADERS });
  const { hostname, port } = new URL(url);
  const folder = prepareFolder();
  const env = {
    PATH: `${folder}/bin:${process.env['PATH'] ?? ''}`,
    COMMANDS: `${folder}/commands`,
    HOST: hostname,
    PORT: port,
    ROUTER_SECRET: SECRET,
  };
  let output = '';
  for (const [, block = ''] of page.matchAll(/^```sh\n([^]*?)^```$/gm)) {
    const script = block.replaceAll('http://127.0.0.1:4001', url);
    const { stdout, stderr } = await execute('/bin/sh', ['-euc', script], { cwd: folder, env });
    expect(stderr).toBe('');
    output += stdout;
  }
  return { folder, output, commands: readFileSync(env.COMMANDS, 'utf8').trim().split('\n') };
}

describe('The commands of docs/running.md', () => {
  it('make secrets that the service accepts, ask for its state and erase a person', async () => {
    const { folder, output } = await runBlocks();
    expect(output).toMatch(
      /^\{"status":"ready",.*\}Erased cached answers: 1\.\nNo answer about this person was cached\.\n$/,
    );
    const secretOf = (name: string): string => path.join(folder, 'deploy', compose.secrets[name]?.file ?? '');
    for (const name of Object.keys(compose.secrets)) expect(readFileSync(secretOf(name), 'utf8'), name).not.toBe('');
    const config = readConfig({
      NODE_ENV: 'production',
      WOLKVOX_SERVER: '0042',
      WOLKVOX_TOKEN_FILE: secretOf('wolkvox_token'),
      ROUTER_SECRET_FILE: secretOf('router_secret'),
      RECORD_ID_SECRET_FILE: secretOf('record_id_secret'),
      METRICS_TOKEN_FILE: secretOf('metrics_token'),
    });
    expect(config.upstream).toMatchObject({ kind: 'account', token: 'the-token-of-wolkvox' });
  });

  it('name services, secrets, values and variables that exist', async () => {
    const { commands } = await runBlocks();
    expect(commands).toEqual([
      'docker compose up --build --detach --wait',
      expect.stringContaining(`kubectl create secret generic ${values.existingSecret} `),
      expect.stringContaining(`helm install campaigns ${CHART} `),
      expect.stringContaining('docker compose -f deploy/compose.yaml exec subgraph node '),
      // The chart names the Deployment by its release.
      expect.stringContaining('kubectl exec deployment/campaigns -- node '),
    ]);
    expect(Object.keys(compose.services)).toContain('subgraph');
    const keys = readProject(`${CHART}/templates/deployment.yaml`).match(/(?<=- key: )\S+/g) ?? [];
    expect(keys.length).toBeGreaterThan(3);
    expect(namesIn(commands, '--from-literal=').sort()).toEqual(keys.sort());
    for (const name of namesIn(commands, '--set ')) expect(values).toHaveProperty(name);
    for (const name of namesIn(commands, '--set-string env.')) expect(VARIABLE_NAMES).toContain(name);
    expect(page).toContain(`\`docker build --tag ${compose.services['subgraph']?.image ?? ''} .\``);
  });

  it('leave the packages of production, and start the service without a container', async () => {
    const [, prune = '', start = ''] = /`npm ci && npm run build && ([^`]+)`, then `([^`]+)`/.exec(page) ?? [];
    // The tests need the other packages, so npm only says which ones it would remove.
    const { stdout } = await execute('/bin/sh', ['-c', `${prune} --dry-run`], { cwd: ROOT });
    const removed: readonly string[] = stdout.match(/(?<=^remove )\S+ \S+$/gm) ?? [];
    const { dependencies, devDependencies } = JSON.parse(readProject('package.json')) as Readonly<
      Record<'dependencies' | 'devDependencies', Readonly<Record<string, string>>>
    >;
    const isRemoved = ([name, version]: readonly [string, string]): boolean => removed.includes(`${name} ${version}`);
    expect(Object.entries(devDependencies).filter(isRemoved).length).toBeGreaterThan(20);
    expect(Object.entries(dependencies).filter(isRemoved)).toEqual([]);

    const { upstream } = await startService();
    const port = await freePort();
    const env = {
      ...productionVariables(),
      PATH: process.env['PATH'] ?? '',
      PORT: String(port),
      WOLKVOX_BASE_URL: upstream,
      WOLKVOX_TOKEN: SIMULATOR_TOKEN,
      REDIS_URL: '',
    };
    const child = spawn('/bin/sh', ['-c', `exec env ${start}`], {
      cwd: ROOT,
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    let log = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (log += text));
    await expect.poll(() => log, { timeout: 20_000 }).toContain('service.listening');
    const { data, errors } = await askGraph(`http://127.0.0.1:${port}/graphql`, QUERY, {}, { headers: HEADERS });
    expect(errors).toEqual([]);
    expect(data?.['findCampaignRecords']).not.toEqual([]);
  });
});

/** The variables of "Run in production" in the README, with texts in place of the dots. */
function productionVariables(): Readonly<Record<string, string>> {
  const [block = ''] = /^NODE_ENV=production [^]*?(?=^npm start$)/m.exec(readProject('README.md')) ?? [];
  return Object.fromEntries(
    [...block.matchAll(/([A-Z_]+)=(\S+)/g)].map(([, name = '', value = '']) => [name, value.replace('…', SECRET)]),
  );
}
