import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { composeSupergraph } from '../../examples/federation/gateway.js';
import { createMovableClock } from '../support/clock.js';
import { askGraph, codesOf } from '../support/graphql-client.js';
import { freePort } from '../support/processes.js';
import { startService, type TestService } from '../support/service.js';
import { holdCalls } from '../support/simulator-client.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { named, readCommand, readCopies, readDockerfile, readVariables } from '../unit/deploy/dockerfile.js';
import { promtool } from '../unit/deploy/promtool.js';
import { commandsIn, runCommand, sectionsOf } from '../unit/deploy/runbook.js';
import { readProject } from '../unit/docs/tables.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const SECRET = 'a-secret-of-the-router-of-32-characters';
const METRICS_TOKEN = 'a-token-of-prometheus';
/** Node refuses every write to the file system, as a read-only one does. It works for root, too. */
const READ_ONLY = ['--experimental-permission', '--allow-fs-read=*'];
/** A package that a link leads to finds its own packages beside the link, not beside itself. */
const LINKED = ['--preserve-symlinks', '--preserve-symlinks-main'];

describe('The image', () => {
  it('has all files that its command needs, writes none, and answers its health check and Prometheus', async () => {
    const image = readDockerfile().stages.at(-1);
    if (image === undefined) throw new Error('The Dockerfile has no stage.');
    const folder = temporaryFolder('image-');
    for (const { from, to } of readCopies(image)) {
      if (from === 'node_modules') await linkProductionPackages(path.join(folder, to));
      else await cp(path.join(ROOT, from), path.join(folder, to), { recursive: true });
    }
    const env = {
      ...readVariables(image),
      PORT: String(await freePort()),
      ROUTER_SECRET: SECRET,
      RECORD_ID_SECRET: SECRET,
      METRICS_TOKEN,
      WOLKVOX_SIMULATOR: 'true',
      WOLKVOX_QUOTA_SYNC_MINUTES: '0',
    };
    const [command = []] = named(image, 'CMD').map(readCommand);
    const [check = []] = named(image, 'HEALTHCHECK').map(readCommand);
    const isHealthy = (): boolean => spawnSync(process.execPath, check.slice(1), { env }).status === 0;
    expect([command[0], check[0]]).toEqual(['node', 'node']);
    expect(isHealthy()).toBe(false);

    const service = spawn(process.execPath, [...READ_ONLY, ...LINKED, ...command.slice(1)], { cwd: folder, env });
    const log = collect(service);
    onTestFinished(() => void service.kill('SIGKILL'));
    const url = `http://127.0.0.1:${env.PORT}`;
    await expect.poll(log, { timeout: 20_000 }).toContain('service.listening');
    expect(isHealthy()).toBe(true);
    const headers = { 'router-authorization': SECRET };
    const answer = await askGraph(
      `${url}/graphql`,
      '{ findCampaignRecords(phone: "3064821975") { id } }',
      {},
      { headers },
    );
    expect(answer.data?.['findCampaignRecords']).not.toEqual([]);
    expect(answer.errors).toEqual([]);

    const metrics = await fetch(`${url}/metrics`, { headers: { authorization: `Bearer ${METRICS_TOKEN}` } });
    expect(promtool(['check', 'metrics'], await metrics.text())).toEqual({ status: 0, output: '' });

    await expectNothingToConfirm(url, log());
    const forget = spawnSync(process.execPath, ['scripts/forget.mjs', '--phone', '3064821975'], { cwd: folder, env });
    expect(forget).toMatchObject({ status: 0 });
    service.kill('SIGTERM');
    expect(await once(service, 'close')).toEqual([0, null]);
  });

  it('would fail if it wrote a file', () => {
    const file = path.join(temporaryFolder('written-'), 'file');
    const script = `require('node:fs').writeFileSync(${JSON.stringify(file)}, '')`;
    const { status, stderr } = spawnSync(process.execPath, [...READ_ONLY, '-e', script], { encoding: 'utf8' });
    expect(stderr).toContain('ERR_ACCESS_DENIED');
    expect(status).toBe(1);
  });
});

/** No command of an alert prints anything in normal work. */
async function expectNothingToConfirm(url: string, log: string): Promise<void> {
  const logFile = path.join(temporaryFolder('log-'), 'log');
  await writeFile(logFile, log);
  const commands = sectionsOf('## Alerts').flatMap((alert) => commandsIn(`### ${alert}`));
  expect(commands.length).toBeGreaterThan(25);
  const run = (command: string): Promise<string> => runCommand(command, { url, metricsToken: METRICS_TOKEN, logFile });
  const outputs = await Promise.all(commands.map(async (command) => [command, await run(command)]));
  expect(outputs.filter(([, output]) => output !== '')).toEqual([]);
  // They reach the service.
  for (const command of ['ready', 'metrics', 'events service.listening']) {
    expect(await run(command)).not.toBe('');
  }
}

/** Links the packages that `npm ci --omit=dev` installs, by the lock file. Node resolves them in this folder. */
async function linkProductionPackages(target: string): Promise<void> {
  const { packages } = JSON.parse(readProject('package-lock.json')) as {
    readonly packages: Readonly<Record<string, { readonly dev?: boolean; readonly devOptional?: boolean }>>;
  };
  const names = Object.keys(packages)
    .filter((name) => packages[name]?.dev !== true && packages[name]?.devOptional !== true)
    .flatMap((name) => /^node_modules\/((?:@[^/]+\/)?[^/]+)$/.exec(name)?.[1] ?? []);
  expect(names.length).toBeGreaterThan(100);
  for (const name of names) {
    await mkdir(path.dirname(path.join(target, name)), { recursive: true });
    await symlink(path.join(ROOT, 'node_modules', name), path.join(target, name));
  }
}

/** Provokes each error code. */
const PROVOCATIONS: Readonly<Record<string, (world: World) => Promise<unknown>>> = {
  UPSTREAM_TIMEOUT: ({ find, service }) => failing(service, 'silence', () => find()),
  UPSTREAM_BUSY: async ({ find, service }) => {
    const calls = holdCalls(service.simulator);
    const found = [find(), find(), find(), find()];
    await expect.poll(() => service.simulator.requestLog.inFlight, { timeout: 20_000 }).toBe(2);
    await Promise.race(found);
    calls.open();
    await Promise.all(found);
  },
  UPSTREAM_UNAVAILABLE: ({ find, service }) => failing(service, 'maintenance-html', () => find()),
  UPSTREAM_MALFORMED: ({ find, service }) => failing(service, 'html-200', () => find()),
  TOO_MANY_LOOKUPS: ({ find }) => find(['one', 'two', 'three']),
  RESULT_TOO_LARGE: ({ service, ask }) =>
    failing(service, 'flood', () => ask('{ findCampaignRecords(campaignId: "4821") { id } }')),
  BAD_USER_INPUT: ({ ask }) => ask('{ findCampaignRecords(phone: "1") { id } }'),
  UNAUTHENTICATED: ({ service }) => service.ask('{ __typename }'),
  BAD_REQUEST: ({ service }) => service.get('/unknown', { 'router-authorization': SECRET }),
  GRAPHQL_PARSE_FAILED: ({ ask }) => ask('{'),
  GRAPHQL_VALIDATION_FAILED: ({ ask }) => ask('{ unknown }'),
  OPERATION_RESOLUTION_FAILURE: ({ ask }) => ask('query A { __typename } query B { __typename }'),
  PERSISTED_QUERY_NOT_SUPPORTED: ({ service }) =>
    fetch(`${service.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'router-authorization': SECRET },
      body: JSON.stringify({ extensions: { persistedQuery: { version: 1, sha256Hash: '0'.repeat(64) } } }),
    }),
  INTERNAL_SERVER_ERROR: async ({ clock, ask }) => {
    const epochMs = clock.epochMs.bind(clock);
    clock.epochMs = () => {
      throw new TypeError('a bug of a test');
    };
    await ask('{ __typename }');
    clock.epochMs = epochMs;
  },
  UPSTREAM_QUOTA_EXHAUSTED: ({ find, service }) => failing(service, 'quota-refused', () => find()),
  // The last one, because it opens the circuit.
  UPSTREAM_REFUSED: async ({ find, service, clock }) => {
    clock.advance(3_600_000);
    await failing(service, 'token-refused', () => find());
  },
};

interface World {
  readonly service: TestService;
  readonly clock: ReturnType<typeof createMovableClock>;
  readonly ask: (query: string) => ReturnType<TestService['ask']>;
  /** Looks for customers that nobody looked for before: one for each name, in one operation. */
  readonly find: (names?: readonly string[]) => ReturnType<TestService['ask']>;
}

async function failing(
  { simulator }: TestService,
  fault: Parameters<TestService['simulator']['faults']['always']>[0],
  ask: () => Promise<unknown>,
): Promise<void> {
  simulator.faults.always(fault);
  await ask();
  simulator.faults.clear();
}

describe('docs/runbook.md', () => {
  it('has commands that show each error code, and nothing before it occurs', async () => {
    const clock = createMovableClock();
    const service = await startService({
      clock,
      env: {
        ROUTER_SECRET: SECRET,
        METRICS_TOKEN,
        // Longer than a large answer takes on a busy machine.
        WOLKVOX_TIMEOUT_MS: '2000',
        QUEUE_LIMIT: '1',
        LOOKUPS_PER_OPERATION: '2',
        RESPONSE_MAX_MB: '1',
      },
    });
    const ask = (query: string): ReturnType<TestService['ask']> =>
      service.ask(query, {}, { headers: { 'router-authorization': SECRET } });
    let customers = 20_100_000;
    const find = (names: readonly string[] = ['one']): ReturnType<TestService['ask']> =>
      ask(
        `{ ${names.map((name) => `_${name}: findCampaignRecords(customerId: "${(customers += 1)}") { id }`).join(' ')} }`,
      );
    const logFile = path.join(temporaryFolder('log-'), 'log');
    const confirm = async (code: string): Promise<readonly string[]> => {
      await writeFile(logFile, service.lines.join(''));
      const commands = commandsIn(`### ${code}`);
      const run = (command: string): Promise<string> =>
        runCommand(command, { url: service.url, metricsToken: METRICS_TOKEN, logFile });
      return Promise.all(commands.map(run));
    };
    expect(Object.keys(PROVOCATIONS).sort()).toEqual([...sectionsOf('## Error codes')].sort());
    for (const [code, provoke] of Object.entries(PROVOCATIONS)) {
      for (const output of await confirm(code)) expect(output, code).toBe('');
      await provoke({ service, clock, ask, find });
      for (const output of await confirm(code)) expect(output, code).not.toBe('');
    }
    const [command = ''] = /(?<=```sh\n)log \| .+/.exec(readProject('docs/runbook.md')) ?? [];
    const { requestId = 'none' } = JSON.parse(service.lines.at(-1) ?? '{}') as { requestId?: string };
    expect(await runCommand(command, { url: service.url, metricsToken: METRICS_TOKEN, logFile, requestId })).toContain(
      requestId,
    );
  });
});

describe('deploy/routers', () => {
  it.each([
    ['apollo-gateway', startApolloGateway],
    ['hive-gateway', startHiveGateway],
  ])('has a configuration of %s that sends the secret and the headers, and keeps the codes', async (_, start) => {
    const service = await startService({ env: { ROUTER_SECRET: SECRET } });
    const sdl = readProject('schema/campaigns.graphql');
    const supergraph = composeSupergraph([{ name: 'campaigns', url: `${service.url}/graphql`, sdl }]);
    const folder = temporaryFolder('gateway-');
    await writeFile(path.join(folder, 'supergraph.graphql'), supergraph);
    const port = await freePort();
    const child = start(path.join(folder, 'supergraph.graphql'), port);
    const output = collect(child);
    onTestFinished(() => void child.kill('SIGKILL'));
    const url = `http://127.0.0.1:${port}/graphql`;
    await expect
      .poll(() => askGraph(url, '{ __typename }').catch(output), { timeout: 20_000 })
      .toMatchObject({ status: 200 });

    const headers = { 'x-request-id': 'asked-through-a-gateway' };
    const found = await askGraph(url, '{ findCampaignRecords(phone: "3064821975") { customerName } }', {}, { headers });
    expect(found.errors).toEqual([]);
    expect(found.data?.['findCampaignRecords']).not.toEqual([]);
    expect(service.lines.join('')).toContain('"requestId":"asked-through-a-gateway"');
    service.simulator.faults.always('maintenance-html');
    const failed = await askGraph(url, '{ findCampaignRecords(customerId: "20100001") { id } }');
    expect(codesOf(failed)).toEqual(['UPSTREAM_UNAVAILABLE']);
    expect(failed.errors[0]?.extensions).toMatchObject({ retryable: true });
  });
});

function startApolloGateway(supergraph: string, port: number): ChildProcess {
  const env = { PATH: process.env['PATH'], ROUTER_SECRET: SECRET, PORT: String(port) };
  return spawn(process.execPath, [path.join(ROOT, 'deploy/routers/apollo-gateway/gateway.mjs'), supergraph], { env });
}

/** Runs the configuration in the runtime of Hive Gateway, which its command line uses, too. */
function startHiveGateway(supergraph: string, port: number): ChildProcess {
  const config = pathToFileURL(path.join(ROOT, 'deploy/routers/hive-gateway/gateway.config.mjs')).href;
  const script = `
    import { readFileSync } from 'node:fs';
    import { createServer } from 'node:http';
    import { createGatewayRuntime } from '@graphql-hive/gateway-runtime';
    import { gatewayConfig } from '${config}';
    const supergraph = readFileSync(${JSON.stringify(supergraph)}, 'utf8');
    createServer(createGatewayRuntime({ ...gatewayConfig, supergraph, logging: 'warn' })).listen(${port}, '127.0.0.1');`;
  return spawn(process.execPath, ['--input-type=module', '-e', script], {
    cwd: path.join(ROOT, 'test/gateways'),
    env: { PATH: process.env['PATH'], ROUTER_SECRET: SECRET },
  });
}

/** Everything that a process writes. */
function collect(child: ChildProcess): () => string {
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
  }
  return () => text;
}
