import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { createServer, type AddressInfo } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { readConfig } from '../../src/config/config.js';
import { createService, type Service } from '../../src/service.js';
import { createSimulator, type Simulator } from '../../src/simulator/server.js';
import { SIMULATOR_TOKEN } from '../../src/simulator/settings.js';
import { createLog } from '../../src/telemetry/log.js';
import { startRedis } from '../support/redis-server.js';
import { startProcess, type ServiceProcess } from '../support/service-process.js';
import { eventually, holdCalls } from '../support/simulator-client.js';
import { temporaryFolder } from '../support/temporary-folder.js';

/** A module that adds bugs: SIGUSR2 causes an unhandled rejection, SIGPIPE an uncaught exception. */
const BUGS = `
  process.on('SIGUSR2', () => { void Promise.reject(new Error('a bug of a test')); });
  process.on('SIGPIPE', () => { setImmediate(() => { throw new TypeError('a bug of a test'); }); });
`;
/** A module that stops the event loop for 1.5 s at SIGUSR2. */
const STALL = `
  process.on('SIGUSR2', () => { for (const end = Date.now() + 1_500; Date.now() < end;); });
`;
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const NO_RECORDS = '{"data":{"findCampaignRecords":[]}}\n';

describe('SIGTERM', () => {
  it('loses no response under load, turns /readyz to 503, and ends the process with 0', async () => {
    // Each client sends a request within the grace, also on a machine that stands still for seconds.
    const { service, url, simulator } = await startOverSimulator({ latencyMs: 60, env: { DRAIN_GRACE_MS: '5000' } });
    const load = new Load(url);
    const clients = [
      ...Array.from({ length: 6 }, () => load.askOnOneConnection()),
      ...Array.from({ length: 3 }, () => load.askOnNewConnections()),
    ];
    await eventually(() => load.answered).toBeGreaterThan(30);

    service.kill('SIGTERM');
    const unready = await firstUnready(url);
    expect(await service.ended).toBe(0);
    await Promise.all(clients);

    expect(load.lost).toEqual([]);
    expect(load.refused).toBeGreaterThan(0);
    expect(unready).toMatchObject({ status: 503, body: { status: 'draining' } });
    expect(simulator.requestLog.mostAtOnce).toBe(2);
    expect(service.errors()).toBe('');
  });

  it('lets clients that reuse their connections lose no request, however late the service reads it (defect 50)', async () => {
    const { service, url } = await startOverSimulator({ env: { DRAIN_GRACE_MS: '300' }, preload: STALL });
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    onTestFinished(() => agent.destroy());
    expect(await ask(url, 1, agent)).toMatchObject({ status: 200, text: NO_RECORDS });
    service.kill('SIGTERM');
    await eventually(service.output).toContain('service.draining');
    // The grace passes while the service does not read. Its timer is due before the requests are read.
    service.kill('SIGUSR2');
    await sleep(200);
    const startedAt = performance.now();
    const requests = [ask(url, 2, agent), ask(url, 3)];
    for (const request of requests) expect(await request).toMatchObject({ status: 200, text: NO_RECORDS });
    expect(performance.now() - startedAt).toBeGreaterThan(500);
    expect(await service.ended).toBe(0);
  });

  it('serves new requests for DRAIN_GRACE_MS, each with connection: close (defect 50)', async () => {
    const { service, url } = await startOverSimulator({ env: { DRAIN_GRACE_MS: '2000' } });
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    onTestFinished(() => agent.destroy());
    expect((await ask(url, 0, agent)).connection).toBe('keep-alive');
    service.kill('SIGTERM');
    await eventually(service.output).toContain('service.draining');
    const startedAt = performance.now();
    let served = 0;
    while (performance.now() - startedAt < 1_000) {
      expect(await ask(url, served, agent)).toMatchObject({ status: 200, connection: 'close' });
      served += 1;
      await sleep(50);
    }
    expect(served).toBeGreaterThan(3);
    expect(await service.ended).toBe(0);
  });

  it('serves new connections for DRAIN_GRACE_MS, although none was open', async () => {
    const { service, url } = await startOverSimulator({ env: { DRAIN_GRACE_MS: '2000' } });
    service.kill('SIGTERM');
    await eventually(service.output).toContain('service.draining');
    await sleep(500);
    expect(await ask(url, 1)).toMatchObject({ status: 200, connection: 'close' });
    expect(await service.ended).toBe(0);
  });

  it('lets running and waiting operations finish', async () => {
    const { service, url, simulator } = await startOverSimulator();
    const gate = holdCalls(simulator);
    const responses = Array.from({ length: 12 }, (_, index) => ask(url, index));
    await eventually(() => simulator.requestLog.inFlight).toBe(2);
    await expect.poll(() => queueOf(url), { timeout: 20_000 }).toEqual({ running: 2, waiting: 10 });
    service.kill('SIGTERM');
    await eventually(service.output).toContain('service.draining');
    gate.open();
    for (const response of await Promise.all(responses))
      expect(response).toMatchObject({ status: 200, text: NO_RECORDS });
    expect(await service.ended).toBe(0);
    expect(simulator.requestLog.requests).toHaveLength(12);
  });

  it('waits for an operation until its deadline', async () => {
    const { service, url, simulator } = await startOverSimulator({ env: { REQUEST_DEADLINE_MS: '1500' } });
    simulator.faults.always('silence');
    const response = ask(url, 1);
    await eventually(() => simulator.requestLog.inFlight).toBe(1);
    service.kill('SIGTERM');
    expect((await response).text).toContain('UPSTREAM_TIMEOUT');
    expect(await service.ended).toBe(0);
  });

  it('closes the connection of a client that never finishes its request', async () => {
    const { service, url } = await startOverSimulator({ env: { REQUEST_DEADLINE_MS: '500' } });
    const client = request(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'content-length': '1000', expect: '100-continue' },
    });
    const failed = once(client, 'error');
    client.flushHeaders();
    // The service has read the headers.
    await once(client, 'continue');
    client.write('{"query":');
    service.kill('SIGTERM');
    expect(await service.ended).toBe(0);
    expect(await failed).toMatchObject([{ code: 'ECONNRESET' }]);
  });

  it('ends the process at once if it comes a second time', async () => {
    const { service, url, simulator } = await startOverSimulator();
    const gate = holdCalls(simulator);
    const response = ask(url, 1).catch((error: unknown) => error);
    await eventually(() => simulator.requestLog.inFlight).toBe(1);
    service.kill('SIGTERM');
    await eventually(service.output).toContain('service.draining');
    service.kill('SIGTERM');
    expect(await service.ended).toBe(143);
    expect(service.output()).toContain('service.killed');
    expect(await response).toBeInstanceOf(Error);
    gate.open();
  });
});

describe('an unhandled error', () => {
  it.each(['SIGUSR2', 'SIGPIPE'] as const)('(%s) is logged, drains the service and ends it with 1', async (signal) => {
    const { service, url, simulator } = await startOverSimulator({ preload: BUGS });
    const gate = holdCalls(simulator);
    const response = ask(url, 1);
    await eventually(() => simulator.requestLog.inFlight).toBe(1);
    service.kill(signal);
    await eventually(service.output).toContain('service.bug');
    gate.open();
    expect(await response).toMatchObject({ status: 200, text: NO_RECORDS });
    expect(await service.ended).toBe(1);
    expect(service.output()).not.toContain('a bug of a test');
  });

  it('during a drain changes the exit code, and running operations still finish', async () => {
    const { service, url, simulator } = await startOverSimulator({ preload: BUGS });
    const gate = holdCalls(simulator);
    const response = ask(url, 1);
    await eventually(() => simulator.requestLog.inFlight).toBe(1);
    service.kill('SIGTERM');
    await eventually(service.output).toContain('service.draining');
    service.kill('SIGUSR2');
    await eventually(service.output).toContain('service.bug');
    gate.open();
    expect((await response).status).toBe(200);
    expect(await service.ended).toBe(1);
  });
});

describe('the start of the process', () => {
  it('fails with one message that names every wrong variable', async () => {
    const service = startProcess({ NODE_ENV: 'production', PORT: 'seven', HOST: '0.0.0.0', CACHE_TTL_SECONDS: '-1' });
    expect(await service.ended).toBe(1);
    expect(service.output()).toBe(
      [
        'The configuration is wrong. Correct these environment variables:',
        '  - PORT: expected a whole number from 0 to 65535.',
        '  - CACHE_TTL_SECONDS: expected a whole number from 0 to 86400.',
        '  - WOLKVOX_TOKEN: required with NODE_ENV=production; WOLKVOX_SIMULATOR=true runs over the simulator.',
        '  - ROUTER_SECRET: required with NODE_ENV=production; ALLOW_UNAUTHENTICATED=true starts without one.',
        '  - RECORD_ID_SECRET: required with NODE_ENV=production, at least 32 characters.',
        '',
      ].join('\n'),
    );
  });

  it('fails on an address that is not loopback without a router secret', async () => {
    const service = startProcess({ HOST: '0.0.0.0' });
    expect(await service.ended).toBe(1);
    expect(service.output()).toContain('ROUTER_SECRET: required because HOST is not a loopback address');
  });

  it('fails if STATE_DIR cannot be written, and names the variable and the system error', async () => {
    const file = path.join(temporaryFolder('state-'), 'file');
    writeFileSync(file, '');
    const service = startProcess({ STATE_DIR: path.join(file, 'folder') });
    expect(await service.ended).toBe(1);
    expect(service.output().trim().split('\n')).toEqual([
      'The configuration is wrong. Correct these environment variables:',
      '  - STATE_DIR: the folder cannot be written (ENOTDIR).',
    ]);
  });

  it('fails if the port is taken, and names the system error', async () => {
    const port = await takePort();
    const service = startProcess({ PORT: port });
    expect(await service.ended).toBe(1);
    expect(service.output()).toBe(
      `The service cannot listen on 127.0.0.1:${port} (EADDRINUSE). Check HOST and PORT.\n`,
    );
  });

  it('ends with a message if it has an option or an argument', async () => {
    const unknown = /^Unknown option\. The known options are --help, --version\.\n$/;
    const messages: readonly (readonly [argument: string, code: number, message: RegExp])[] = [
      ['--help', 0, /^Usage: npm start/],
      ['--version', 0, /^\d+\.\d+\.\d+\n$/],
      ['--port=1', 1, unknown],
      ['planted', 1, unknown],
    ];
    await Promise.all(
      messages.map(async ([argument, code, message]) => {
        const child = spawn(process.execPath, ['dist/main.js', argument], { cwd: ROOT, stdio: 'pipe' });
        let output = '';
        for (const stream of [child.stdout, child.stderr]) {
          stream.on('data', (part: Buffer) => (output += part.toString()));
        }
        const [ended] = (await once(child, 'close')) as [number];
        expect(output, argument).toMatch(message);
        expect(ended, argument).toBe(code);
      }),
    );
  });

  it('shows no address of the account', async () => {
    const service = startProcess({ WOLKVOX_SERVER: '192.0.2.7', WOLKVOX_TOKEN: SIMULATOR_TOKEN });
    await service.url;
    expect(service.output()).toContain('"server":"WOLKVOX_SERVER"');
    expect(service.output()).not.toContain('192.0.2.7');
  });

  it('says what it was started with, has its version in every line, and ends with 0 at SIGTERM or SIGINT', async () => {
    const service = startProcess({});
    const ready = startProcess({
      ...{ WOLKVOX_SERVER: '0042', WOLKVOX_TOKEN: SIMULATOR_TOKEN, WOLKVOX_DAILY_LIMIT: '5000' },
      ...{ ROUTER_SECRET: 'a-secret', RECORD_ID_SECRET: 'another-secret', STATE_DIR: temporaryFolder('state-') },
      ...{ CACHE_TTL_SECONDS: '60', HTTPS_PROXY: 'http://127.0.0.1:1', PLAYGROUND: 'false' },
    });
    await Promise.all([service.url, ready.url]);
    const [first, second] = [service, ready].map(({ output }) => {
      const line = output()
        .split('\n')
        .find((text) => text.includes('service.listening'));
      return JSON.parse(line ?? '') as unknown;
    });
    expect(first).toMatchObject({
      ...{ server: 'simulator', limit: 'none', cacheSeconds: 300, redis: false, proxy: false, playground: true },
      missing: ['WOLKVOX_TOKEN', 'ROUTER_SECRET', 'RECORD_ID_SECRET', 'REDIS_URL or STATE_DIR'],
    });
    expect(second).toMatchObject({
      ...{ server: '0042', limit: 5_000, cacheSeconds: 60, redis: false, proxy: true, playground: false, missing: [] },
    });
    // Both are idle.
    for (const [one, signal] of [
      [service, 'SIGTERM'],
      [ready, 'SIGINT'],
    ] as const) {
      one.kill(signal);
      expect(await one.ended, signal).toBe(0);
      expect(one.output(), signal).toContain('service.draining');
      const lines = one.output().trim().split('\n');
      expect(lines.length).toBeGreaterThan(1);
      for (const line of lines) expect(line).toMatch(/"version":"\d+\.\d+\.\d+"/);
      expect(lines[0]).toContain('"event":"service.listening"');
    }
  });

  it('warns if production accepts requests without a secret', async () => {
    const service = startProcess({
      NODE_ENV: 'production',
      WOLKVOX_SIMULATOR: 'true',
      ALLOW_UNAUTHENTICATED: 'true',
      RECORD_ID_SECRET: 'a-secret-for-the-ids-of-enough-characters',
    });
    await service.url;
    await eventually(service.output).toContain('service.unauthenticated');
  });

  it('reads secrets from files', async () => {
    const file = path.join(temporaryFolder('secrets-'), 'router');
    writeFileSync(file, 'secret-from-a-file\n');
    const service = startProcess({ ROUTER_SECRET_FILE: file });
    const url = await service.url;
    expect((await get(`${url}/metrics`)).status).toBe(401);
    expect((await get(`${url}/metrics`, { 'router-authorization': 'secret-from-a-file' })).status).toBe(200);
  });
});

describe('createService', () => {
  it('leaves nothing running if the start fails (defect 33)', async () => {
    const redis = await startRedis();
    onTestFinished(() => redis.close());
    const { ended, output } = runScript(
      `await assert.rejects(service.start(), { code: 'EADDRINUSE' });
      console.log('failed');`,
      { REDIS_URL: redis.url, PORT: await takePort() },
    );
    // A process with an open socket or a running timer does not end.
    expect(await ended).toBe(0);
    expect(output()).toBe('failed\n');
  });

  it('leaves nothing running after stop(), and keeps the process alive until then', async () => {
    const redis = await startRedis();
    onTestFinished(() => redis.close());
    const { child, ended, output } = runScript(
      `const { url } = await service.start();
      process.stdin.once('data', () => service.stop());
      console.log(url);`,
      { REDIS_URL: redis.url },
    );
    await eventually(output).toMatch(/\n$/);
    expect((await get(`${output().trim()}/livez`)).status).toBe(200);
    child.stdin?.end('stop');
    expect(await ended).toBe(0);
  });

  it('can be stopped before its start has finished (defect 33)', async () => {
    await eventually(sockets).toEqual([]);
    const service = create();
    const starting = service.start();
    await service.stop();
    const { url } = await starting;
    await expect(get(`${url}/livez`)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await eventually(sockets).toEqual([]);
  });

  it('can be stopped twice, and without a start', async () => {
    const service = create();
    const { url } = await service.start();
    expect((await get(`${url}/livez`)).status).toBe(200);
    await Promise.all([service.stop(), service.stop()]);
    await expect(get(`${url}/livez`)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await service.stop();
    const neverStarted = create();
    await neverStarted.stop();
    await expect(neverStarted.start()).rejects.toThrow('A stopped service cannot be started.');
  });
});

/** A service in this process, over its own simulator. */
function create(env: Record<string, string> = {}): Service {
  const service = createService(readConfig({ PORT: '0', ...env }), {
    log: createLog({ level: 'silent', secrets: [] }),
  });
  onTestFinished(() => service.stop());
  return service;
}

/** The sockets of this process. */
function sockets(): string[] {
  return process.getActiveResourcesInfo().filter((resource) => resource.startsWith('TCP'));
}

interface Script {
  readonly child: ChildProcess;
  /** Everything that it has written to stdout and stderr. */
  readonly output: () => string;
  /** Resolves to its exit code when it has ended. */
  readonly ended: Promise<number | null>;
}

/** Runs the text of a module with a built `service` of this environment, in a process that is killed after the test. */
function runScript(text: string, env: Record<string, string>): Script {
  const source = `
    import assert from 'node:assert';
    import { readConfig } from './dist/config/config.js';
    import { createService } from './dist/service.js';
    const ignore = () => undefined;
    const log = { debug: ignore, info: ignore, warn: ignore, error: ignore, isEnabled: () => false };
    const service = createService(readConfig({ PORT: '0', ...${JSON.stringify(env)} }), { log });
    ${text}`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', source], { cwd: ROOT, stdio: 'pipe' });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (part: string) => {
      output += part;
    });
  }
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  return { child, output: () => output, ended };
}

/** Listens on a port until the test ends. */
async function takePort(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return String((server.address() as AddressInfo).port);
}

interface Started {
  readonly service: ServiceProcess;
  readonly url: string;
  readonly simulator: Simulator;
}

/** A service as a process of its own, over a simulator in this one. */
async function startOverSimulator({
  latencyMs = 0,
  env = {},
  preload,
}: { latencyMs?: number; env?: Record<string, string>; preload?: string } = {}): Promise<Started> {
  const simulator = createSimulator({ settings: { latency: { minMs: latencyMs, maxMs: latencyMs } } });
  const { url: upstream } = await simulator.listen();
  onTestFinished(() => simulator.close());
  const account = { WOLKVOX_SERVER: '0042', WOLKVOX_TOKEN: SIMULATOR_TOKEN, WOLKVOX_BASE_URL: upstream };
  const service = startProcess({ ...account, ...env }, preload);
  return { service, url: await service.url, simulator };
}

/** Clients that send one operation after the other until a connection is refused. Every lookup is a new one. */
class Load {
  answered = 0;
  refused = 0;
  readonly lost: string[] = [];
  readonly #url: string;
  #lookups = 0;

  constructor(url: string) {
    this.#url = url;
  }

  /** Uses one connection for as long as the service keeps it open. */
  async askOnOneConnection(): Promise<void> {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    while (await this.#ask(agent));
    agent.destroy();
  }

  async askOnNewConnections(): Promise<void> {
    while (await this.#ask());
  }

  async #ask(agent?: Agent): Promise<boolean> {
    try {
      const { status, text } = await ask(this.#url, this.#lookups++, agent);
      if (status === 200 && text === NO_RECORDS) this.answered += 1;
      else this.lost.push(`${status} ${text}`);
      return true;
    } catch (error) {
      // Refused, or reset before it was accepted: no request was sent.
      if (error instanceof Error && 'syscall' in error && error.syscall === 'connect') this.refused += 1;
      else this.lost.push(String(error));
      return false;
    }
  }
}

interface HttpResponse {
  readonly status: number;
  readonly text: string;
  /** The header of this name. */
  readonly connection: string | undefined;
}

/** Looks for a customer without records. */
function ask(url: string, index: number, agent?: Agent): Promise<HttpResponse> {
  const query = `{ findCampaignRecords(customerId: "${20_100_000 + index}") { id } }`;
  return send(`${url}/graphql`, agent, { 'content-type': 'application/json' }, JSON.stringify({ query }));
}

function get(url: string, headers: Record<string, string> = {}): Promise<HttpResponse> {
  return send(url, undefined, headers);
}

function send(
  url: string,
  agent: Agent | undefined,
  headers: Record<string, string>,
  body?: string,
): Promise<HttpResponse> {
  return new Promise((resolve, reject) => {
    const method = body === undefined ? 'GET' : 'POST';
    const sent = request(url, { method, headers, agent: agent ?? false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      const { statusCode = 0, headers } = response;
      response.on('end', () => resolve({ status: statusCode, text, connection: headers.connection }));
      response.on('error', reject);
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

async function queueOf(url: string): Promise<unknown> {
  const { text } = await get(`${url}/readyz`);
  return (JSON.parse(text) as { queue: unknown }).queue;
}

/** The first response of /readyz that is not 200. */
async function firstUnready(url: string): Promise<{ status: number; body: unknown }> {
  for (;;) {
    const { status, text } = await get(`${url}/readyz`);
    if (status !== 200) return { status, body: JSON.parse(text) };
    await sleep(5);
  }
}
