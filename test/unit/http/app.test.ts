import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createApp, type Timeouts } from '../../../src/http/app.js';

const TIMEOUTS: Timeouts = { headersMs: 300, requestMs: 900, responseMs: 2_000, checkMs: 20 };
/** More than the buffers of a connection take. */
const LARGE = 'x'.repeat(20_000_000);

interface Started {
  readonly port: number;
  /** The number of open connections. */
  readonly connections: () => Promise<number>;
}

/** Starts a server with short timeouts. */
async function start(): Promise<Started> {
  const app = createApp({ onBug: () => undefined, observe: () => undefined }, TIMEOUTS);
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (_, body, done) => done(null, body));
  app.post('/', ({ body }) => ({ length: (body as string).length }));
  app.get('/large', () => LARGE);
  onTestFinished(() => app.close());
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  return {
    port: Number(new URL(url).port),
    connections: () => new Promise((resolve) => app.server.getConnections((_, count) => resolve(count))),
  };
}

async function open({ port }: Started): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  onTestFinished(() => void socket.destroy());
  await once(socket, 'connect');
  return socket;
}

/** Writes one part every 50 ms until the connection is closed. Resolves to what came back and to the time it took. */
async function drip(socket: Socket, parts: Iterable<string>): Promise<{ text: string; ms: number }> {
  const startedAt = performance.now();
  let text = '';
  socket.setEncoding('utf8').on('data', (part: string) => {
    text += part;
  });
  const rest = parts[Symbol.iterator]();
  const timer = setInterval(() => {
    const next = rest.next();
    if (next.done !== true && socket.writable) socket.write(next.value);
  }, 50);
  await once(socket, 'close');
  clearInterval(timer);
  return { text, ms: performance.now() - startedAt };
}

function* forever(part: string): Generator<string, undefined> {
  for (;;) yield part;
}

const HEAD = 'POST / HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n';

describe('a slow client', () => {
  it('may take the time of a request for its body, and no more (defect 51)', async () => {
    const socket = await open(await start());
    socket.write(HEAD);
    const { text, ms } = await drip(socket, forever('x'));
    expect(text).toMatch(/^HTTP\/1.1 408 /);
    expect(text).toContain('"BAD_REQUEST"');
    expect(ms).toBeGreaterThan(TIMEOUTS.requestMs - 100);
    // Its headers do not add their own time, and neither does the interval of the checks.
    expect(ms).toBeLessThan(TIMEOUTS.requestMs + 5_000);
  });

  it('may take less time for its headers', async () => {
    const socket = await open(await start());
    socket.write('POST / HTTP/1.1\r\n');
    const { text, ms } = await drip(socket, forever('a: b\r\n'));
    expect(text).toMatch(/^HTTP\/1.1 408 /);
    expect(ms).toBeGreaterThan(TIMEOUTS.headersMs - 100);
  });

  it('is answered if it is in time', async () => {
    const socket = await open(await start());
    socket.write(HEAD.replace('\r\n\r\n', '\r\nconnection: close\r\n\r\n'));
    const { text } = await drip(socket, ['x'.repeat(400), 'x'.repeat(600)]);
    expect(text).toMatch(/^HTTP\/1.1 200 OK[^]*\{"length":1000\}$/);
  });
});

describe('a client that does not take its response', () => {
  const REQUEST = 'GET /large HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n';

  it('is disconnected (defect 44)', async () => {
    const server = await start();
    const socket = await open(server);
    socket.pause();
    socket.write(REQUEST);
    await expect.poll(server.connections, { timeout: 20_000 }).toBe(1);
    await expect.poll(server.connections, { timeout: 20_000 }).toBe(0);
    let received = 0;
    socket.on('data', (part: Buffer) => {
      received += part.length;
    });
    socket.resume();
    await once(socket, 'close');
    expect(received).toBeLessThan(LARGE.length);
  });

  it('has the whole response if it takes it in time', async () => {
    const socket = await open(await start());
    let received = 0;
    socket.on('data', (part: Buffer) => {
      received += part.length;
    });
    socket.write(REQUEST);
    await once(socket, 'close');
    expect(received).toBeGreaterThan(LARGE.length);
  });
});
