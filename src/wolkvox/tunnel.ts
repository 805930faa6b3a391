import { Socket } from 'node:net';
import { unescape } from 'node:querystring';
import { Client, buildConnector } from 'undici';

/** The proxy made no tunnel. `code` is `PROXY_` and the HTTP status of the proxy, or the error code of the network. */
class ProxyError extends Error {
  override readonly name = 'ProxyError';
  readonly code: string;

  constructor(code: string | number) {
    super('The proxy made no tunnel to Wolkvox.');
    this.code = `PROXY_${code}`;
  }
}

export interface TunnelOptions {
  /** `http://user:password@proxy.example:3128`, or https. */
  readonly proxyUrl: string;
  /** The origin at the other end, with https. */
  readonly origin: string;
  /** The bound of each step, in whole milliseconds: the connection to the proxy, its answer to CONNECT, and TLS. */
  readonly timeoutMs: number;
}

/**
 * Opens the connections of a pool through an HTTP proxy: CONNECT (RFC 9110, section 9.3.6), then TLS with the origin.
 * A tunnel is a connection of the pool, so the pool counts it, closes it when it is idle, and destroys it when a call
 * is cut off.
 *
 * undici's ProxyAgent is not used: when a tunnel fails, it may start a new pool beside the old one, so that there are
 * more connections than `connections` allows, and it waits up to 300 s for the answer to CONNECT (seen in 7.30.2).
 */
export function createTunnelConnector({ proxyUrl, origin, timeoutMs }: TunnelOptions): buildConnector.connector {
  const connectTls = buildConnector({ timeout: timeoutMs });
  const { host, port } = new URL(origin);
  const authority = port === '' ? `${host}:443` : host;
  return (options, callback) => {
    openTunnel(new URL(proxyUrl), authority, timeoutMs).then(
      (httpSocket) => connectTls({ ...options, httpSocket }, callback),
      (error: unknown) => callback(error as ProxyError, null),
    );
  };
}

/** @throws ProxyError for every error, because others may hold the address of the proxy */
async function openTunnel(proxy: URL, authority: string, timeoutMs: number): Promise<Socket> {
  const client = new Client(proxy.origin, { connect: { timeout: timeoutMs }, headersTimeout: timeoutMs });
  try {
    const headers = { host: authority, ...credentialsOf(proxy) };
    const { statusCode, socket } = await client.connect({ path: authority, headers });
    if (statusCode >= 200 && statusCode < 300 && socket instanceof Socket) return socket;
    socket.on('error', () => undefined).destroy();
    throw new ProxyError(statusCode);
  } catch (error) {
    if (error instanceof ProxyError) throw error;
    throw new ProxyError(error instanceof Error && 'code' in error ? String(error.code) : 'ERROR');
  } finally {
    // A tunnel is no longer a connection of this client. Not awaited: the tunnel has no listener for errors yet.
    void client.destroy();
  }
}

function credentialsOf({ username, password }: URL): { 'proxy-authorization'?: string } {
  if (username === '') return {};
  const credentials = Buffer.from(`${unescape(username)}:${unescape(password)}`).toString('base64');
  return { 'proxy-authorization': `Basic ${credentials}` };
}
