import { connect, type Socket } from 'node:net';
import { cores } from './server-process.js';

/**
 * The load generator: requests that were made before, over connections that stay open, one at a time on each. It does
 * as little as it can for a response: it reads the status and the length, and counts the bytes.
 */

/** A request, and the length of the right answer in bytes. */
export interface PreparedRequest {
  readonly bytes: Buffer;
  readonly answerBytes: number;
}

export interface LoadOptions {
  readonly connections: number;
  /** How long requests are sent, in milliseconds. Those under way then are finished, and count. */
  readonly ms?: number;
  /** How many requests are sent. */
  readonly count?: number;
}

export interface Throughput {
  readonly requests: number;
  readonly seconds: number;
}

export function prepareRequest(url: string, body: string, answerBytes: number): PreparedRequest {
  const { host, pathname } = new URL(url);
  const head = [
    `POST ${pathname} HTTP/1.1`,
    `host: ${host}`,
    'accept: application/json',
    'content-type: application/json',
    `content-length: ${Buffer.byteLength(body)}`,
  ];
  return { bytes: Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`), answerBytes };
}

/**
 * Sends the requests one after the other, and again from the first.
 *
 * @throws Error if a response has another status than 200 or another length than the right answer
 */
export async function measureLoad(
  url: string,
  requests: readonly PreparedRequest[],
  { connections, ms = Infinity, count = Infinity }: LoadOptions,
): Promise<Throughput> {
  const startedAt = performance.now();
  let sent = 0;
  const next = (): PreparedRequest | undefined => {
    // On a busy machine the time may be over before a connection is open. One request is sent in any case.
    if (sent >= count || (sent > 0 && performance.now() - startedAt >= ms)) return undefined;
    sent += 1;
    return requests[(sent - 1) % requests.length];
  };
  const sleep = cores === undefined ? undefined : stayAwake();
  try {
    await Promise.all(Array.from({ length: connections }, () => runConnection(url, next)));
  } finally {
    sleep?.();
  }
  return { requests: sent, seconds: (performance.now() - startedAt) / 1_000 };
}

/**
 * Keeps this process from sleeping while it waits for responses. Waking it takes time on the server's core: about 15 µs
 * for a response on a virtual machine. Only a server that is too slow to keep the load busy would pay that.
 *
 * @returns a function that ends it
 */
function stayAwake(): () => void {
  let isAwake = true;
  const spin = (): void => {
    if (isAwake) setImmediate(spin);
  };
  spin();
  return () => {
    isAwake = false;
  };
}

/** Sends requests over one connection until there is no next one. */
function runConnection(url: string, next: () => PreparedRequest | undefined): Promise<void> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname);
    const fail = (reason: string): void => {
      socket.destroy();
      reject(new Error(`${reason} (${url})`));
    };
    let current: PreparedRequest | undefined;
    let head = '';
    let missingBytes = 0;
    const sendNext = (): void => {
      current = next();
      if (current !== undefined) socket.write(current.bytes);
      else finish(socket, resolve);
    };
    socket.setNoDelay();
    socket.on('connect', sendNext);
    socket.on('error', (error) => fail(`The connection failed: ${error.message}`));
    socket.on('close', () => fail('The server closed the connection.'));
    socket.on('data', (chunk) => {
      if (missingBytes > 0) missingBytes -= chunk.length;
      else {
        head += chunk.toString('latin1');
        const end = head.indexOf('\r\n\r\n');
        if (end < 0) return;
        const answerBytes = Number(/\r\ncontent-length: (\d+)\r\n/i.exec(head.slice(0, end + 2))?.[1]);
        if (!head.startsWith('HTTP/1.1 200') || answerBytes !== current?.answerBytes) {
          fail(`The answer must have ${current?.answerBytes ?? 0} bytes; got ${head.slice(0, end)}`);
          return;
        }
        missingBytes = answerBytes - (head.length - end - 4);
        head = '';
      }
      if (missingBytes === 0) sendNext();
    });
  });
}

function finish(socket: Socket, resolve: () => void): void {
  socket.removeAllListeners('close');
  socket.end();
  resolve();
}
