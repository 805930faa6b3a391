import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { onTestFinished } from 'vitest';

const HOST = '127.0.0.1';

/** A proxy that opens tunnels (CONNECT), on loopback. It ends with the test. */
export interface ConnectProxy {
  /** `http://127.0.0.1:3128`. */
  readonly url: string;
  /** The requests for a tunnel, the first one first. Their `url` is the authority that they asked for. */
  readonly requests: readonly IncomingMessage[];
  /** Tunnels that are open at this moment. */
  readonly open: () => number;
  readonly mostOpen: () => number;
  /** How the next requests are answered: with a tunnel, with this HTTP status, or never. */
  answerWith(answer: 'tunnel' | number | 'silence'): void;
}

/** @param target the port on loopback to which every tunnel leads, so that no name is resolved */
export async function startConnectProxy(target: number): Promise<ConnectProxy> {
  const requests: IncomingMessage[] = [];
  const sockets = new Set<Duplex>();
  let answer: 'tunnel' | number | 'silence' = 'tunnel';
  let open = 0;
  let most = 0;
  const server = createServer();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('connect', (request, client: Socket) => {
    requests.push(request);
    client.on('error', () => undefined);
    if (typeof answer === 'number') client.end(`HTTP/1.1 ${answer} Refused\r\ncontent-length: 0\r\n\r\n`);
    if (answer !== 'tunnel') return;
    open += 1;
    most = Math.max(most, open);
    client.once('close', () => (open -= 1));
    const upstream = connect(target, HOST, () => client.write('HTTP/1.1 200 Connection established\r\n\r\n'));
    join(client, upstream);
  });
  server.listen(0, HOST);
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return {
    url: `http://${HOST}:${(server.address() as AddressInfo).port}`,
    requests,
    open: () => open,
    mostOpen: () => most,
    answerWith(next) {
      answer = next;
    },
  };
}

/** Passes on what each of two sockets receives to the other, and its end. */
export function join(one: Socket, other: Socket): void {
  one.pipe(other);
  other.pipe(one);
  for (const [from, to] of [
    [one, other],
    [other, one],
  ] as const) {
    // `close` follows.
    from.on('error', () => undefined);
    from.once('close', () => to.destroySoon());
  }
}
