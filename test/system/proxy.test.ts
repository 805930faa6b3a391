import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Server } from 'node:net';
import path from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { EXAMPLES } from '../../src/simulator/example-people.js';
import type { Simulator } from '../../src/simulator/server.js';
import { SIMULATOR_TOKEN } from '../../src/simulator/settings.js';
import { makeCertificate, type Certificate } from '../support/certificate.js';
import { join, startConnectProxy, type ConnectProxy } from '../support/connect-proxy.js';
import { askGraph } from '../support/graphql-client.js';
import { startProcess, type ServiceProcess } from '../support/service-process.js';
import { eventually, holdCalls, startSimulator } from '../support/simulator-client.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { envelopeOf, rowOf } from '../support/wolkvox-responses.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const HOST = '127.0.0.1';
const USER = 'user-of-the-proxy';
const PASSWORD = 'secret/of:the@proxy';
/** What no output may hold, in none of its forms. */
const CREDENTIALS = new RegExp(
  [USER, PASSWORD, encodeURIComponent(PASSWORD), Buffer.from(`${USER}:${PASSWORD}`).toString('base64')].join('|'),
);

interface World {
  readonly simulator: Simulator;
  readonly proxy: ConnectProxy;
  readonly certificate: Certificate;
  /** The port of the TLS server that stands for Wolkvox. */
  readonly port: number;
  readonly tlsConnections: () => number;
  /** The environment of an account behind the proxy. Its address is the one of Wolkvox. */
  readonly env: Readonly<Record<string, string>>;
}

/** The simulator behind TLS with the name of an account's server, and a proxy whose tunnels lead there. */
async function startWorld(names: readonly string[] = ['DNS:wv0042.wolkvox.com', 'DNS:localhost']): Promise<World> {
  const { simulator, url } = await startSimulator();
  const certificate = makeCertificate(temporaryFolder('certificate-'), names);
  const tls = await startTlsServer(certificate, Number(new URL(url).port));
  const proxy = await startConnectProxy(tls.port);
  const env = {
    WOLKVOX_SERVER: '0042',
    WOLKVOX_TOKEN: SIMULATOR_TOKEN,
    HTTPS_PROXY: withCredentials(proxy.url),
    NODE_EXTRA_CA_CERTS: certificate.file,
    CACHE_TTL_SECONDS: '0',
  };
  return { simulator, proxy, certificate, port: tls.port, tlsConnections: tls.connections, env };
}

function withCredentials(proxyUrl: string): string {
  return proxyUrl.replace('//', `//${USER}:${encodeURIComponent(PASSWORD)}@`);
}

/** @param target the port on loopback that gets what was encrypted */
async function startTlsServer(
  { file, keyFile }: Certificate,
  target: number,
): Promise<{ readonly port: number; readonly connections: () => number }> {
  let connections = 0;
  const server = createTlsServer({ cert: readFileSync(file), key: readFileSync(keyFile) }, (socket) => {
    connections += 1;
    join(socket, connect(target, HOST));
  });
  return { port: await listen(server), connections: () => connections };
}

async function listen(server: Server): Promise<number> {
  server.listen(0, HOST);
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

/** Asks for a person whom nobody has asked for; `error codes` of the response. */
async function ask(service: ServiceProcess, customerId: string): Promise<unknown[]> {
  const query = `{ findCampaignRecords(customerId: "${customerId}") { id } }`;
  const { errors } = await askGraph(`${await service.url}/graphql`, query);
  return errors.map(({ extensions }) => extensions['code']);
}

/** The log lines of failed calls. */
function failedCalls(service: ServiceProcess): Record<string, unknown>[] {
  // The last line may not be complete yet.
  const lines = service.output().split('\n').slice(0, -1);
  return lines
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter(({ event }) => event === 'call.failed');
}

describe('Calls through the proxy of HTTPS_PROXY', () => {
  it('use two tunnels for any number of calls, with the user and the password, and the start says so', async () => {
    const { simulator, proxy, tlsConnections, env } = await startWorld();
    const service = startProcess(env);
    const gate = holdCalls(simulator);
    const answers = Array.from({ length: 12 }, (_, index) => ask(service, `${20_000_000 + index}`));
    await eventually(() => simulator.requestLog.inFlight).toBe(2);
    gate.open();
    for (const codes of await Promise.all(answers)) expect(codes).toEqual([]);
    expect(simulator.requestLog.requests).toHaveLength(12);
    expect(simulator.requestLog.mostAtOnce).toBe(2);
    expect([proxy.requests.length, proxy.mostOpen(), tlsConnections()]).toEqual([2, 2, 2]);
    for (const { url, headers } of proxy.requests) {
      expect([url, headers.host]).toEqual(['wv0042.wolkvox.com:443', 'wv0042.wolkvox.com:443']);
      const basic = Buffer.from(`${USER}:${PASSWORD}`).toString('base64');
      expect(headers['proxy-authorization']).toBe(`Basic ${basic}`);
      // The token goes to Wolkvox only.
      expect(JSON.stringify(headers)).not.toContain(SIMULATOR_TOKEN);
    }
    expect(service.output()).toMatch(/"event":"service.listening".*"proxy":true/);
    // Idle tunnels are closed.
    await eventually(proxy.open).toBe(0);
    service.kill('SIGTERM');
    expect(await service.ended).toBe(0);
    expect(service.output()).not.toMatch(CREDENTIALS);
  });

  it('close their tunnel when they are cut off, and the next call has another one', async () => {
    const { simulator, proxy, env } = await startWorld();
    const service = startProcess({ ...env, WOLKVOX_TIMEOUT_MS: '3001' });
    expect(await ask(service, '20000001')).toEqual([]);
    expect([proxy.requests.length, proxy.open()]).toEqual([1, 1]);
    simulator.faults.always('silence', { when: { customerId: '20000002' } });
    // Both attempts.
    expect(await ask(service, '20000002')).toEqual(['UPSTREAM_TIMEOUT']);
    expect(simulator.requestLog.requests).toHaveLength(3);
    // A call ends when the server has noticed that its connection is closed.
    expect(simulator.requestLog.inFlight).toBe(0);
    const [first, second] = proxy.requests;
    expect([first?.socket.destroyed, second?.socket.destroyed]).toEqual([true, true]);
    expect(await ask(service, '20000003')).toEqual([]);
    expect(proxy.requests.length).toBeGreaterThan(2);
    // undici replaces a destroyed connection at once, also without a proxy. The proxy notices its end a little later.
    expect(proxy.mostOpen()).toBeLessThanOrEqual(2);
    expect(simulator.requestLog.mostAtOnce).toBe(1);
  });

  it('read a long answer after which the server closes the tunnel', async () => {
    const rows = Array.from({ length: 4_000 }, () => rowOf({ customer_id: 'another', opt1: 'x'.repeat(900) }));
    const body = envelopeOf([...rows, rowOf({ customer_id: '52000111' })]);
    const server = createServer((socket) => {
      socket.on('error', () => socket.destroy());
      socket.once('data', () => socket.end(`HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n${body}`));
    });
    const { certificate, env } = await startWorld();
    const { port } = await startTlsServer(certificate, await listen(server));
    const proxy = await startConnectProxy(port);
    const service = startProcess({ ...env, HTTPS_PROXY: proxy.url });
    for (let times = 1; times <= 5; times += 1) {
      expect(await ask(service, '52000111')).toEqual([]);
      expect(proxy.requests).toHaveLength(times);
    }
  });

  it('are made by the probe, too', async () => {
    const { simulator, proxy, env } = await startWorld();
    const { customerId, campaignIds } = EXAMPLES.inSeveralCampaigns;
    const options = ['--customer-id', customerId, '--campaign-id', campaignIds[0], '--yes'];
    const file = path.join(temporaryFolder('probe-'), 'result.json');
    const child = spawn(process.execPath, ['dist/probe/main.js', ...options, '--output', file], {
      cwd: ROOT,
      env: { PATH: process.env['PATH'] ?? '', ...env },
      stdio: 'ignore',
    });
    expect(await once(child, 'close')).toEqual([0, null]);
    expect(readFileSync(file, 'utf8')).toContain('"as assumed"');
    expect(simulator.requestLog.counts.requests).toBeGreaterThan(8);
    expect([proxy.requests.length, proxy.mostOpen()]).toEqual([1, 1]);
  });
});

describe('A host in NO_PROXY', () => {
  it('is reached without the proxy', async () => {
    const { simulator, proxy, port, tlsConnections, env } = await startWorld();
    const direct = { ...env, WOLKVOX_BASE_URL: `https://localhost:${port}` };
    const service = startProcess({ ...direct, NO_PROXY: 'localhost' });
    const other = startProcess({ ...direct, NO_PROXY: 'localhost:1' });
    expect(await ask(service, '20000001')).toEqual([]);
    expect([simulator.requestLog.requests.length, tlsConnections(), proxy.requests.length]).toEqual([1, 1, 0]);
    expect(service.output()).toMatch(/"event":"service.listening".*"proxy":false/);
    expect(await ask(other, '20000001')).toEqual([]);
    expect(proxy.requests.map(({ url }) => url)).toEqual([`localhost:${port}`]);
  });
});

describe('A proxy that makes no tunnel', () => {
  it('but answers with an error fails the call without a connection, and the log says what to check', async () => {
    const { simulator, proxy, env } = await startWorld();
    const service = startProcess(env);
    const errors = [
      [407, /user and a password.*HTTPS_PROXY/],
      [502, /refuses.*HTTP 502/],
    ] as const;
    for (const [index, [status, advice]] of errors.entries()) {
      proxy.answerWith(status);
      expect(await ask(service, `2000000${index}`)).toEqual(['UPSTREAM_UNAVAILABLE']);
      const failures = failedCalls(service).slice(2 * index);
      // Both attempts.
      expect(failures).toHaveLength(2);
      for (const failure of failures) {
        expect(failure).toMatchObject({ reason: 'not-connected', networkCode: `PROXY_${status}` });
        expect(failure['advice']).toMatch(advice);
      }
      expect(proxy.requests).toHaveLength(2 * index + 2);
    }
    expect(simulator.requestLog.requests).toHaveLength(0);
    // It works again when the proxy does.
    proxy.answerWith('tunnel');
    expect(await ask(service, '20000002')).toEqual([]);
    expect(service.output()).not.toMatch(CREDENTIALS);
  });

  it('because it never answers fails the call after its timeout', async () => {
    const { proxy, env } = await startWorld();
    proxy.answerWith('silence');
    const service = startProcess({ ...env, WOLKVOX_TIMEOUT_MS: '4000' });
    const asked = ask(service, '20000001');
    await eventually(() => failedCalls(service).length).toBe(1);
    expect(failedCalls(service)).toMatchObject([
      { reason: 'not-connected', networkCode: 'PROXY_UND_ERR_HEADERS_TIMEOUT' },
    ]);
    expect(proxy.requests.length).toBeGreaterThan(0);
    // The second attempt succeeds.
    proxy.answerWith('tunnel');
    expect(await asked).toEqual([]);
    expect(service.output()).not.toMatch(CREDENTIALS);
  });

  it('because it is unreachable fails the call, and the log says what to check', async () => {
    const server = createServer();
    const port = await listen(server);
    server.close();
    const { simulator, env } = await startWorld();
    const service = startProcess({ ...env, HTTPS_PROXY: withCredentials(`http://${HOST}:${port}`) });
    expect(await ask(service, '20000001')).toEqual(['UPSTREAM_UNAVAILABLE']);
    const [failure] = failedCalls(service);
    expect(failure).toMatchObject({ reason: 'not-connected', networkCode: 'PROXY_ECONNREFUSED' });
    expect(failure?.['advice']).toMatch(/proxy cannot be reached.*HTTPS_PROXY/);
    expect(simulator.requestLog.requests).toHaveLength(0);
    expect(service.output()).not.toMatch(CREDENTIALS);
  });

  it('because its address is wrong stops the start, and the message does not show it', async () => {
    const service = startProcess({
      ...{ WOLKVOX_SERVER: '0042', WOLKVOX_TOKEN: SIMULATOR_TOKEN },
      HTTPS_PROXY: withCredentials('socks5://proxy.example:1080'),
    });
    expect(await service.ended).toBe(1);
    expect(service.output()).toContain('- HTTPS_PROXY: expected an http or https address');
    expect(service.output()).not.toMatch(CREDENTIALS);
  });
});

describe('Behind the proxy, the certificate of Wolkvox', () => {
  it.each([
    ['must be trusted', { NODE_EXTRA_CA_CERTS: '' }, ['DNS:wv0042.wolkvox.com'], 'DEPTH_ZERO_SELF_SIGNED_CERT'],
    ['must have its name', {}, ['DNS:wv0043.wolkvox.com'], 'ERR_TLS_CERT_ALTNAME_INVALID'],
  ])('%s', async (_, changes, names, networkCode) => {
    const { simulator, proxy, env } = await startWorld(names);
    const service = startProcess({ ...env, ...changes });
    expect(await ask(service, '20000001')).toEqual(['UPSTREAM_UNAVAILABLE']);
    const failures = failedCalls(service);
    expect(failures).toHaveLength(2);
    for (const failure of failures) {
      expect(failure).toMatchObject({ reason: 'not-connected', networkCode });
      expect(failure['advice']).toMatch(/NODE_EXTRA_CA_CERTS/);
    }
    expect([simulator.requestLog.requests.length, proxy.requests.length]).toEqual([0, 2]);
    await eventually(proxy.open).toBe(0);
  });
});

it('A proxy with https is used, too', async () => {
  const { simulator, proxy, certificate, env } = await startWorld();
  const { port } = await startTlsServer(certificate, Number(new URL(proxy.url).port));
  const service = startProcess({ ...env, HTTPS_PROXY: `https://localhost:${port}` });
  expect(await ask(service, '20000001')).toEqual([]);
  expect([simulator.requestLog.requests.length, proxy.requests.length]).toEqual([1, 1]);
});
