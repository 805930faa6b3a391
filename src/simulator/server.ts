import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAccount, type Account } from './account.js';
import { answerApi } from './api.js';
import type { WireRecord } from './columns.js';
import { CONTROL_PATH, answerControl } from './control.js';
import type { Responder } from './request.js';
import { htmlPage, sendPlain, type Incoming } from './response.js';
import { defaultSettings, type SimulatorSettings } from './settings.js';
import type { DialMatch, DialedCall } from './store.js';

export interface SimulatorOptions {
  /** The same seed gives the same people; defaults to 1. */
  readonly seed?: number;
  /** What differs from the default settings. */
  readonly settings?: Partial<SimulatorSettings>;
  /** The clock of the account's day and of dialled calls, epoch milliseconds. Latency follows real time. */
  readonly now?: () => number;
}

/** Any other path gets the web server's 404. */
const PAGE = /^\/api\/v2\/(campaign|information)\.php$/;

export type Simulator = ReturnType<typeof createSimulator>;

/** A simulated Wolkvox API over HTTP. docs/simulator.md describes what it does and what it assumes. */
export function createSimulator({ seed = 1, now = Date.now, settings: changes }: SimulatorOptions = {}) {
  const initialSettings = (): SimulatorSettings => ({ ...defaultSettings(), ...changes });
  const settings = initialSettings();
  const account = createAccount(settings, seed, now);
  // Documented: the server closes an idle connection after 5 s. 100 requests for each connection were seen.
  const server = createServer({ keepAliveTimeout: 5_000 }, (request, response) => {
    const incoming = { request, response, url: new URL(request.url ?? '/', 'http://simulator') };
    route(incoming, simulator, account).catch((error: unknown) => failed(response, error));
  });
  server.maxRequestsPerSocket = 100;

  const simulator = {
    /** A change takes effect with the next request. */
    settings,
    requestLog: account.requestLog,
    faults: account.faults,
    /** Listens on 127.0.0.1 and a free port by default. Rejects if the port is taken. */
    async listen({ port = 0, host = '127.0.0.1' } = {}): Promise<{ readonly url: string }> {
      server.listen(port, host);
      await once(server, 'listening');
      const address = server.address() as AddressInfo;
      return { url: `http://${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}` };
    },
    /** Closes every connection at once. */
    async close(): Promise<void> {
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
    /** Calls that count against today's limit. */
    usedToday: (): number => account.quota.used(),
    /** Gives the matching records one more call, and returns them. */
    dial: (match: DialMatch, call: DialedCall = {}): WireRecord[] => account.store.dial(match, call, now()),
    /** Adds a record; columns that are not given are blank. */
    add: (record: Partial<WireRecord>): WireRecord => account.store.add(record),
    /** Lets a test respond to accepted requests. Null removes the responder. */
    respondWith(responder: Responder | null): void {
      account.responder = responder;
    },
    /** Restores the state after the start: records, settings, faults, the day's count, the request log. */
    reset(): void {
      account.store.reset();
      account.faults.clear();
      Object.assign(settings, initialSettings());
      account.quota.reset();
      account.responder = null;
      account.requestLog.reset();
    },
  };
  return simulator;
}

async function route(incoming: Incoming, simulator: Simulator, account: Account): Promise<void> {
  const { request, url } = incoming;
  if (url.pathname.startsWith(CONTROL_PATH)) return answerControl(incoming, simulator);
  // An API that only reads needs no body, but an unread one would block the connection.
  request.resume();
  const page = PAGE.exec(url.pathname)?.[1];
  return page === undefined ? sendPlain(incoming, htmlPage(404)) : answerApi(page, incoming, account);
}

function failed(response: ServerResponse, error: unknown): void {
  // A caller that hangs up ends the response; that is not an error of the simulator.
  if (response.destroyed || response.socket === null) return;
  if (!response.headersSent) response.writeHead(500, { 'Content-Type': 'text/plain; charset=utf-8' });
  response.end(`The simulator failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
}
