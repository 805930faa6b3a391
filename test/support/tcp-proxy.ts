import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** `hold` delivers nothing for now, like a network that loses every packet: TCP sends them again when it is back. */
export type Treatment = 'pass' | 'hold' | { readonly delayMs: number };

export interface ProxyConnection {
  /** 1 for the first connection. */
  readonly number: number;
  /** Whether the client has sent this text, such as `SUBSCRIBE`; the case does not matter. */
  hasSent(text: string): boolean;
}

/** Decides for each chunk of each connection. */
export type Rule = (connection: ProxyConnection, direction: 'toServer' | 'toClient') => Treatment;

/** A TCP proxy in front of a server on loopback that makes the network fail. */
export interface TcpProxy {
  readonly port: number;
  /** The address of the server with the proxy's port in place of its own. */
  readonly url: string;
  /** The connections that are open at this moment. */
  connections(): readonly ProxyConnection[];
  /** Replaces the rule, also for what is held or delayed. */
  setRule(rule: Rule): void;
  /** New connections go to another server. */
  setTarget(url: string): void;
  /** Resets open connections (RST); all of them unless some are selected. */
  reset(isSelected?: (connection: ProxyConnection) => boolean): void;
  /** New connections are refused. Open ones go on. */
  refuse(): Promise<void>;
  /** Ends `refuse`. */
  accept(): Promise<void>;
  close(): Promise<void>;
}

const HOST = '127.0.0.1';
/** What is remembered for `hasSent`, in characters. */
const SENT_MAX = 1_000_000;

/** @param targetUrl `redis://127.0.0.1:6379`, or another scheme */
export async function startTcpProxy(targetUrl: string): Promise<TcpProxy> {
  let rule: Rule = () => 'pass';
  let target = new URL(targetUrl);
  let port = 0;
  let opened = 0;
  const open = new Set<OpenConnection>();
  const server = createServer((client) => {
    const upstream = connect(Number(target.port), target.hostname);
    opened += 1;
    const connection = openConnection(opened, client, upstream, (...args) => rule(...args));
    open.add(connection);
    void connection.closed.then(() => open.delete(connection));
  });

  async function accept(): Promise<void> {
    server.listen(port, HOST);
    await once(server, 'listening');
  }

  await accept();
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The proxy has no port.');
  port = address.port;
  const url = new URL(targetUrl);
  url.port = String(port);

  return {
    port,
    url: url.href,
    connections: () => [...open],
    setRule(next) {
      rule = next;
      for (const connection of open) connection.deliver();
    },
    setTarget(next) {
      target = new URL(next);
    },
    reset(isSelected = () => true) {
      for (const connection of open) if (isSelected(connection)) connection.reset();
    },
    // `close` of a server waits for its connections; that it no longer listens takes effect at once.
    refuse: () => Promise.resolve(void server.close()),
    accept,
    async close() {
      server.close();
      for (const connection of open) connection.reset();
      await Promise.all([...open].map(({ closed }) => closed));
    },
  };
}

interface OpenConnection extends ProxyConnection {
  /** Resolves when both sockets are closed. */
  readonly closed: Promise<unknown>;
  /** Applies the rule again to what is held. */
  deliver(): void;
  reset(): void;
}

function openConnection(number: number, client: Socket, upstream: Socket, rule: Rule): OpenConnection {
  let sent = '';
  const connection: OpenConnection = {
    number,
    hasSent: (text) => sent.includes(text.toLowerCase()),
    closed: Promise.all([isClosed(client), isClosed(upstream)]),
    deliver() {
      toServer();
      toClient();
    },
    reset() {
      client.resetAndDestroy();
      upstream.resetAndDestroy();
    },
  };
  client.on('data', (chunk) => {
    sent = (sent + chunk.toString('latin1').toLowerCase()).slice(-SENT_MAX);
  });
  const toServer = forward(client, upstream, () => rule(connection, 'toServer'));
  const toClient = forward(upstream, client, () => rule(connection, 'toClient'));
  return connection;
}

function isClosed(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once('close', () => resolve()));
}

/** Forwards what one socket receives to the other, in order, its end included. Returns a function that tries again. */
function forward(from: Socket, to: Socket, treatment: () => Treatment): () => void {
  const waiting: { readonly chunk: Buffer | 'end'; readonly at: number }[] = [];
  let timer: NodeJS.Timeout | undefined;

  function deliver(): void {
    clearTimeout(timer);
    for (let next = waiting[0]; next !== undefined; next = waiting[0]) {
      const now = treatment();
      if (now === 'hold') return;
      const ms = now === 'pass' ? 0 : next.at + now.delayMs - performance.now();
      if (ms > 0) {
        timer = setTimeout(deliver, ms);
        return;
      }
      waiting.shift();
      if (next.chunk === 'end') to.destroy();
      else to.write(next.chunk);
    }
  }

  function receive(chunk: Buffer | 'end'): void {
    waiting.push({ chunk, at: performance.now() });
    deliver();
  }

  from.setNoDelay(true);
  from.on('data', receive);
  from.once('close', () => receive('end'));
  // `close` follows.
  from.on('error', () => undefined);
  to.once('close', () => clearTimeout(timer));
  return deliver;
}
