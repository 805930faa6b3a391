import { createServer as createHttp, type RequestListener } from 'node:http';
import { connect, createServer as createTcp, type AddressInfo, type Server } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it, onTestFinished } from 'vitest';
import { createClient, type Client } from '../../../src/wolkvox/client.js';

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

function clientOf(port: number, timeoutMs: number): Client {
  const client = createClient({
    ...{ baseUrl: `http://127.0.0.1:${port}`, account: { token: 'a-token', server: '0042' }, concurrency: 2 },
    ...{ timeoutMs, zone: 'UTC-5', maxRecords: 1_000, maxBytes: 1_000_000, now: Date.now },
  });
  onTestFinished(() => client.close());
  return client;
}

/** A server that counts what it has under way, behind a proxy that passes the end of a connection on 100 ms late. */
async function behindSlowProxy(answer: RequestListener): Promise<{ port: number; most: () => number }> {
  let underWay = 0;
  let most = 0;
  const http = createHttp((request, response) => {
    underWay += 1;
    most = Math.max(most, underWay);
    response.once('close', () => (underWay -= 1));
    answer(request, response);
  });
  onTestFinished(() => http.closeAllConnections());
  const upstreamPort = await listening(http);
  const proxy = createTcp((socket) => {
    const upstream = connect(upstreamPort, '127.0.0.1');
    socket.on('data', (bytes) => upstream.write(bytes));
    upstream.on('data', (bytes) => socket.write(bytes));
    for (const [one, other] of [
      [socket, upstream],
      [upstream, socket],
    ] as const) {
      one.on('error', () => one.destroy());
      one.on('close', () => setTimeout(() => other.destroy(), 100));
    }
  });
  return { port: await listening(proxy), most: () => most };
}

it.each([503, 404, 429, 403, 400])(
  'A slot is not free before the server has noticed that a body of HTTP %i was given up',
  async (status) => {
    const { port, most } = await behindSlowProxy((_, response) => {
      response.writeHead(status, { 'content-type': 'text/html' });
      response.write('x'.repeat(100_000));
      const drip = setInterval(() => response.write('x'), 20);
      response.once('close', () => clearInterval(drip));
    });
    const client = clientOf(port, 5_000);
    let next = 0;
    // Two slots, as the queue has them.
    const slot = async (): Promise<void> => {
      while (next < 6) {
        next += 1;
        await client.call({ customerId: `${next}` }).catch((error: unknown) => error);
      }
    };
    await Promise.all([slot(), slot()]);
    expect(most()).toBe(2);
  },
);

it('The total deadline ends a body that drips, though memory is collected meanwhile', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const port = await listening(
    createHttp(({ url = '' }, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      if (!url.includes('drips')) {
        response.end('{"code":"200","data":[]}');
        return;
      }
      response.write('{"code":"200","data":[');
      const drip = setInterval(() => response.write(' '), 50);
      response.once('close', () => clearInterval(drip));
    }),
  );
  const client = clientOf(port, 1_000);
  // Only optimised code lets go of what it does not need any more.
  for (let call = 0; call < 10_000; call += 1) await client.call({ customerId: 'known' }, new AbortController().signal);
  const collecting = setInterval(collect, 100);
  onTestFinished(() => clearInterval(collecting));
  await expect(client.call({ customerId: 'drips' }, new AbortController().signal)).rejects.toMatchObject({
    kind: 'timeout',
  });
}, 60_000);
