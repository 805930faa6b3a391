import { Agent, request } from 'node:http';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createSimulator, type Simulator } from '../../src/simulator/server.js';
import { SIMULATOR_TOKEN } from '../../src/simulator/settings.js';
import { holdCalls } from '../support/simulator-client.js';
import { startProcess, type ServiceProcess } from '../support/service-process.js';

/** Throws what nobody handles when it gets SIGUSR2: a rejection; with SIGPIPE: an exception. */
const BUGGY = `
  process.on('SIGUSR2', () => { void Promise.reject(new Error('a bug of a test')); });
  process.on('SIGPIPE', () => { setImmediate(() => { throw new TypeError('a bug of a test'); }); });
`;

describe('SIGTERM', () => {
  it('under load loses no answer, turns /readyz to 503, and ends with 0', async () => {
    const { service, url, simulator } = await startOver({ latencyMs: 60 });
    const clients = new Clients(url);
    const running = [
      ...Array.from({ length: 6 }, () => clients.keepAlive()),
      ...Array.from({ length: 3 }, () => clients.anew()),
    ];
    await expect.poll(() => clients.answered, { timeout: 20_000 }).toBeGreaterThan(30);

    service.kill('SIGTERM');
    const unready = await firstUnready(url);
    expect(await service.ended).toBe(0);
    await Promise.all(running);

    console.log(
      `SIGTERM under load: ${clients.answered} answers whole, ${clients.refused} connections refused, ${clients.lost.length} lost`,
    );
    expect(clients.lost).toEqual([]);
    expect(clients.refused).toBeGreaterThan(0);
    expect(unready).toMatchObject({ status: 503, body: { status: 'draining' } });
    expect(simulator.witness.mostAtOnce).toBeLessThanOrEqual(2);
    expect(service.errors()).toBe('');
  });

  it('lets operations that run and wait have their answers', async () => {
    const { service, url, simulator } = await startOver({ latencyMs: 150 });
    const asked = Array.from({ length: 12 }, (_, index) => ask(url, index));
    await expect.poll(() => simulator.witness.inFlight, { timeout: 10_000 }).toBe(2);
    service.kill('SIGTERM');
    for (const { status, text } of await Promise.all(asked)) {
      expect(status).toBe(200);
      expect(JSON.parse(text)).toEqual({ data: { findCampaignRecords: [] } });
    }
    expect(await service.ended).toBe(0);
    expect(simulator.witness.calls).toHaveLength(12);
  });

  it('waits for an operation no longer than its deadline', async () => {
    const { service, url, simulator } = await startOver({ env: { REQUEST_DEADLINE_MS: '1500' } });
    simulator.faults.always('silence');
    const asked = ask(url, 1);
    await expect.poll(() => simulator.witness.inFlight, { timeout: 10_000 }).toBe(1);
    service.kill('SIGTERM');
    expect((await asked).text).toContain('UPSTREAM_TIMEOUT');
    expect(await service.ended).toBe(0);
  });

  it('does not wait for a client that never ends its request', async () => {
    const { service, url } = await startOver({ env: { REQUEST_DEADLINE_MS: '500' } });
    const client = request(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'content-length': '1000' },
    });
    client.on('error', () => undefined);
    client.write('{"query":');
    await wait(100);
    service.kill('SIGTERM');
    expect(await service.ended).toBe(0);
    client.destroy();
  });

  it('a second time ends at once, while an operation runs', async () => {
    const { service, url, simulator } = await startOver();
    const gate = holdCalls(simulator);
    const asked = ask(url, 1).catch((error: unknown) => error);
    await expect.poll(() => simulator.witness.inFlight, { timeout: 10_000 }).toBe(1);
    service.kill('SIGTERM');
    await expect.poll(() => service.output(), { timeout: 5_000 }).toContain('draining');
    service.kill('SIGTERM');
    expect(await service.ended).toBe(143);
    expect(service.output()).toContain('ending at once');
    expect(await asked).toBeInstanceOf(Error);
    gate.open();
  });

  it('before anybody has asked ends with 0 too, as SIGINT does', async () => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      const { service } = await startOver();
      service.kill(signal);
      expect(await service.ended).toBe(0);
    }
  });
});

describe('A bug that nobody handles', () => {
  it.each(['SIGUSR2', 'SIGPIPE'] as const)('(%s) is logged, drains, and ends with 1', async (signal) => {
    const { service, url, simulator } = await startOver({ latencyMs: 300, preload: BUGGY });
    const asked = ask(url, 1);
    await expect.poll(() => simulator.witness.inFlight, { timeout: 10_000 }).toBe(1);
    service.kill(signal);
    expect(await asked).toMatchObject({ status: 200, text: '{"data":{"findCampaignRecords":[]}}\n' });
    expect(await service.ended).toBe(1);
    expect(service.output()).toContain('a bug: nobody handled this error');
    expect(service.output()).not.toContain('a bug of a test');
  });

  it('while it drains changes how it ends, and cuts nobody off', async () => {
    const { service, url, simulator } = await startOver({ latencyMs: 500, preload: BUGGY });
    const asked = ask(url, 1);
    await expect.poll(() => simulator.witness.inFlight, { timeout: 10_000 }).toBe(1);
    service.kill('SIGTERM');
    await expect.poll(() => service.output(), { timeout: 5_000 }).toContain('draining');
    service.kill('SIGUSR2');
    expect((await asked).status).toBe(200);
    expect(await service.ended).toBe(1);
  });
});

describe('A start', () => {
  it('with a wrong configuration ends with 1 and one message that names every variable', async () => {
    const service = startProcess({ NODE_ENV: 'production', PORT: 'seven', HOST: '0.0.0.0', CACHE_TTL_SECONDS: '-1' });
    expect(await service.ended).toBe(1);
    expect(service.output()).toBe(
      [
        'The configuration is wrong:',
        '  - PORT: expected a whole number from 0 to 65535.',
        '  - CACHE_TTL_SECONDS: expected a whole number from 0 to 86400.',
        '  - WOLKVOX_TOKEN: required with NODE_ENV=production; WOLKVOX_SIMULATOR=true runs over the simulator.',
        '  - ROUTER_SECRET: required with NODE_ENV=production; ALLOW_UNAUTHENTICATED=true goes on without one.',
        '  - RECORD_ID_SECRET: required with NODE_ENV=production, at least 32 characters.',
        '',
      ].join('\n'),
    );
  });

  it('beyond loopback without a secret is refused', async () => {
    const service = startProcess({ HOST: '0.0.0.0' });
    expect(await service.ended).toBe(1);
    expect(service.output()).toContain('ROUTER_SECRET: required where HOST is not loopback');
  });

  it('with an open door in production says so in the log', async () => {
    const service = startProcess({
      NODE_ENV: 'production',
      WOLKVOX_SIMULATOR: 'true',
      ALLOW_UNAUTHENTICATED: 'true',
      RECORD_ID_SECRET: 'a-secret-for-the-ids-of-enough-characters',
    });
    await service.url;
    await expect.poll(() => service.output(), { timeout: 5_000 }).toContain('ALLOW_UNAUTHENTICATED: whoever reaches');
  });

  it('on a port that is taken ends with 1 and says why', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void taken.close());
    const service = startProcess({ PORT: `${(taken.address() as AddressInfo).port}` });
    expect(await service.ended).toBe(1);
    expect(service.output()).toContain('EADDRINUSE');
  });

  it('takes its secrets from files', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'secrets-'));
    writeFileSync(path.join(folder, 'router'), 'secret-from-a-file\n');
    const service = startProcess({ ROUTER_SECRET_FILE: path.join(folder, 'router') });
    const url = await service.url;
    expect((await get(`${url}/metrics`)).status).toBe(401);
    expect((await get(`${url}/metrics`, { 'router-authorization': 'secret-from-a-file' })).status).toBe(200);
  });
});

interface Started {
  readonly service: ServiceProcess;
  readonly url: string;
  readonly simulator: Simulator;
}

/** A process over a simulator of this one. */
async function startOver({
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

/** Clients that ask one question after the other until they are refused a connection; every question is another one. */
class Clients {
  answered = 0;
  refused = 0;
  readonly lost: string[] = [];
  readonly #url: string;
  #questions = 0;

  constructor(url: string) {
    this.#url = url;
  }

  /** Asks over one connection for as long as it stays. */
  async keepAlive(): Promise<void> {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    while (await this.#ask(agent));
    agent.destroy();
  }

  /** Asks over a new connection each time. */
  async anew(): Promise<void> {
    while (await this.#ask());
  }

  async #ask(agent?: Agent): Promise<boolean> {
    try {
      const { status, text } = await ask(this.#url, this.#questions++, agent);
      if (status === 200 && text === '{"data":{"findCampaignRecords":[]}}\n') this.answered += 1;
      else this.lost.push(`${status} ${text}`);
      return true;
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED') this.refused += 1;
      else this.lost.push(String(error));
      return false;
    }
  }
}

/** Asks for somebody whom nobody knows. */
function ask(url: string, index: number, agent?: Agent): Promise<{ status: number; text: string }> {
  const query = `{ findCampaignRecords(customerId: "${20_100_000 + index}") { id } }`;
  return send(`${url}/graphql`, agent, { 'content-type': 'application/json' }, JSON.stringify({ query }));
}

function get(url: string, headers: Record<string, string> = {}): Promise<{ status: number; text: string }> {
  return send(url, undefined, headers);
}

function send(
  url: string,
  agent: Agent | undefined,
  headers: Record<string, string>,
  body?: string,
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const method = body === undefined ? 'GET' : 'POST';
    const sent = request(url, { method, headers, agent: agent ?? false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
      response.on('error', reject);
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

/** The first answer of /readyz that is not 200. */
async function firstUnready(url: string): Promise<{ status: number; body: unknown }> {
  for (;;) {
    const { status, text } = await get(`${url}/readyz`);
    if (status !== 200) return { status, body: JSON.parse(text) };
    await wait(5);
  }
}
