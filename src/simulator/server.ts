import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { createDay, campaignRows, tokenRow } from './account.js';
import { FOUND, MAINTENANCE, REFUSALS, htmlPage, refusal, writeEnvelope } from './answers.js';
import type { Envelope, PlainAnswer, Row } from './answers.js';
import { createBook } from './book.js';
import type { DialMatch, DialedCall, Question } from './book.js';
import type { NewRecord, WireRecord } from './columns.js';
import { CONTROL_PATH, answerControl } from './control.js';
import { createDraw } from './draw.js';
import { createFaultPlan, isFaultName } from './faults.js';
import type { FaultName, FaultSchedule } from './faults.js';
import { acceptsGzip, answerHeaders, sendPieces, sendPlain } from './sending.js';
import type { Exchange } from './sending.js';
import { defaultSettings } from './settings.js';
import type { SimulatorSettings } from './settings.js';
import { CHECK_FAULTS, PLAIN_FAULTS, SENDING_FAULTS, WORDING_FAULTS, WORDLESS_FAULTS } from './spoiling.js';
import { createWitness } from './witness.js';
import type { Outcome, Track, Witness } from './witness.js';

export interface SimulatorOptions {
  /** Whoever has the same seed has the same people; default 1. */
  readonly seed?: number;
  /** What differs from the default settings. */
  readonly settings?: Partial<SimulatorSettings>;
  /** The clock of the account's day and of newly dialled calls, epoch milliseconds. Latency follows the true time. */
  readonly now?: () => number;
}

/** A request that passed every check, as a custom answer sees it. */
export interface SimulatorRequest {
  readonly page: string;
  readonly api: string;
  readonly lookup: Question;
}

/** An answer of a test's own, sent as it stands. */
export interface CustomAnswer {
  /** Default 200. */
  readonly status?: number;
  /** Added to those of the API. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
}

/** A stand-in for the Wolkvox API over real HTTP. docs/simulator.md tells all it does and what it assumes. */
export interface Simulator {
  /** @param where default a free port of 127.0.0.1 */
  listen(where?: { readonly port?: number; readonly host?: string }): Promise<{ readonly url: string }>;
  /** Closes every connection at once. */
  close(): Promise<void>;
  /** Changes take effect with the next request. */
  readonly settings: SimulatorSettings;
  readonly witness: Witness;
  readonly faults: FaultSchedule;
  /** Calls that count against today's limit. */
  readonly spentToday: number;
  /** Dials the records that match once more, and gives them as they then stand. */
  dial(match: DialMatch, call?: DialedCall): WireRecord[];
  /** Adds a record; columns that are not given are blank. */
  add(record: NewRecord): WireRecord;
  /** Answers accepted requests in place of the search; undefined lets the search answer, null takes the handler away. */
  respondWith(respond: Respond | null): void;
  /** Everything as after the start: records, settings, faults, the day's count, the witness. */
  reset(): void;
}

/** Documented: the server closes an idle connection after 5 s. `max` was seen. */
const KEEP_ALIVE = { ms: 5_000, requests: 100 };
/** Names the fault of this one request. */
const FAULT_HEADER = 'x-simulator-fault';
/** The latency of this one request in milliseconds: `50`, or `50-200`. */
const LATENCY_HEADER = 'x-simulator-latency';
/** The API's pages by path. Any other path is the web server's own 404. */
const PAGES: Readonly<Record<string, string>> = {
  '/api/v2/campaign.php': 'campaign',
  '/api/v2/information.php': 'information',
};
const APIS: Readonly<Record<string, readonly string[]>> = {
  campaign: ['find_record'],
  information: ['campaigns', 'token_info'],
};

const NO_SUCH_FAULT: Refusal = {
  plain: refusal(400, 'SIMULATOR', 'NO SUCH FAULT'),
  outcome: 'refused: unknown fault',
};

/** One request on its way through the checks. */
interface Visit extends Exchange {
  readonly page: string;
  readonly api: string;
  readonly lookup: Question;
  readonly token: string;
  readonly latency: SimulatorSettings['latency'] | null;
  readonly fault: FaultName | null;
  readonly track: Track;
}

interface Refusal {
  readonly plain: PlainAnswer;
  readonly outcome: Outcome;
}

type Respond = (request: SimulatorRequest) => CustomAnswer | undefined | Promise<CustomAnswer | undefined>;

export function createSimulator(options: SimulatorOptions = {}): Simulator {
  const { seed = 1, now = Date.now } = options;
  const initialSettings = (): SimulatorSettings => ({ ...defaultSettings(), ...options.settings });
  const settings = initialSettings();
  const book = createBook(seed);
  const watch = createWitness();
  const { witness } = watch;
  const faults = createFaultPlan(
    () => settings,
    (faultSeed = seed) => createDraw(faultSeed, 21),
  );
  const day = createDay(now);
  /** Accepted requests in flight, by token. */
  const running = new Map<string, number>();
  let drawLatency = createDraw(seed, 22);
  let respond: Respond | null = null;

  const server = createServer({ keepAliveTimeout: KEEP_ALIVE.ms }, (request, response) => {
    handle(request, response).catch((error: unknown) => {
      // Whoever hangs up ends the answer; that is no mistake of the simulator.
      if (response.destroyed || response.socket === null) return;
      const words = error instanceof Error ? (error.stack ?? error.message) : String(error);
      if (!response.headersSent) response.writeHead(500, { 'Content-Type': 'text/plain; charset=utf-8' });
      response.end(`the simulator itself failed: ${words}\n`);
    });
  });
  server.maxRequestsPerSocket = KEEP_ALIVE.requests;

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://simulator');
    if (url.pathname.startsWith(CONTROL_PATH)) {
      await answerControl(simulator, url, request, response);
      return;
    }
    // A body is of no use to a read API, but an unread one would block the connection.
    request.resume();
    const page = PAGES[url.pathname];
    if (page === undefined) {
      sendPlain(response, htmlPage(404, 'Not Found', 'The requested URL was not found on this server.'));
      return;
    }
    const visit = begun(page, url, request, response);
    const named = headerOf(request, FAULT_HEADER);
    const isNamed = named === '' || isFaultName(named);
    const refused = isNamed ? check(visit) : NO_SUCH_FAULT;
    if (refused !== undefined) {
      visit.track.outcome(visit.fault === null ? refused.outcome : `fault: ${visit.fault}`, refused.plain.status);
      sendPlain(response, refused.plain);
      return;
    }
    if (visit.fault === 'reset') {
      visit.track.outcome('fault: reset', null);
      response.socket?.resetAndDestroy();
      return;
    }
    await takeTime(visit);
    await answer(visit);
  }

  function begun(page: string, url: URL, request: IncomingMessage, response: ServerResponse): Visit {
    // As PHP does, the last of several equal parameters counts.
    const parameter = (name: string): string => url.searchParams.getAll(name).at(-1) ?? '';
    const lookup = {
      campaignId: parameter('campaign_id'),
      phone: parameter('customer_phone'),
      customerId: parameter('customer_id'),
    };
    const api = parameter('api');
    const token = headerOf(request, 'wolkvox-token');
    const track = watch.begin({ page, method: request.method ?? '', api, lookup }, token);
    const hungUp = new AbortController();
    const end = (): void => {
      track.end(response.writableFinished);
      hungUp.abort();
    };
    response.once('finish', end);
    response.once('close', end);
    const named = headerOf(request, FAULT_HEADER);
    return {
      ...{ page, api, lookup, token, track, response, signal: hungUp.signal },
      fault: named === '' ? faults.choose({ api, ...lookup }) : isFaultName(named) ? named : null,
      gzip: settings.gzip && acceptsGzip(request),
      latency: readLatency(headerOf(request, LATENCY_HEADER)),
    };
  }

  /** The checks in their order. What passes holds one of the token's places until its exchange ends. */
  function check(visit: Visit): Refusal | undefined {
    const { fault, token, page, api, lookup, track } = visit;
    if (fault === 'reset') return undefined;
    if (isMaintenance(fault)) return { plain: CHECK_FAULTS[fault], outcome: 'refused: maintenance' };
    if (settings.maintenance !== 'off') {
      return { plain: MAINTENANCE[settings.maintenance], outcome: 'refused: maintenance' };
    }
    if (token === '') return { plain: REFUSALS.noToken, outcome: 'refused: no token' };
    if (fault === 'token-refused' || !settings.tokens.includes(token)) {
      return { plain: REFUSALS.token, outcome: 'refused: unknown token' };
    }
    const isSpent = day.spent >= (settings.dailyLimit ?? Infinity);
    if (isSpent) track.refusedQuota();
    if (isSpent || fault === 'quota-refused') return { plain: REFUSALS.quota, outcome: 'refused: quota' };
    day.spend(token);
    track.attempt();
    const others = running.get(token) ?? 0;
    const isThird = others >= settings.concurrency;
    if (isThird) track.refusedThird();
    if (isThird || fault === 'simultaneous-refused') {
      return { plain: REFUSALS.simultaneous, outcome: 'refused: simultaneous' };
    }
    running.set(token, others + 1);
    visit.signal.addEventListener('abort', () => running.set(token, (running.get(token) ?? 1) - 1), { once: true });
    if (!(APIS[page] ?? []).includes(api)) return { plain: REFUSALS.api, outcome: 'refused: unknown api' };
    if (api !== 'find_record') return undefined;
    if (Object.values(lookup).every((criterion) => criterion === '')) {
      return { plain: REFUSALS.parameters, outcome: 'refused: parameters' };
    }
    track.call();
    return undefined;
  }

  async function takeTime(visit: Visit): Promise<void> {
    const { minMs, maxMs } = visit.latency ?? settings.latency;
    const drawn = minMs + drawLatency(maxMs - minMs + 1);
    const ms = drawn + (visit.fault === 'slow' ? settings.slowMs : 0);
    if (ms > 0) await wait(ms, undefined, { signal: visit.signal });
  }

  async function answer(visit: Visit): Promise<void> {
    const { fault, track, response, api, page, lookup } = visit;
    const plain = fault === null ? undefined : PLAIN_FAULTS[fault]?.(settings);
    if (fault !== null && plain !== undefined) {
      track.outcome(`fault: ${fault}`, plain.status);
      sendPlain(response, plain);
      return;
    }
    const custom = fault === null || fault === 'slow' ? await respond?.({ page, api, lookup }) : undefined;
    if (custom !== undefined) {
      track.outcome('custom answer', custom.status ?? 200);
      response.writeHead(custom.status ?? 200, answerHeaders('json', custom.headers));
      response.end(custom.body);
      return;
    }
    const { count, rows } = api === 'find_record' ? findRecords(lookup) : information(visit);
    const usual = count === 0 ? nobody(settings.noMatch) : FOUND;
    const status = count === 0 && settings.noMatch.startsWith('404') ? 404 : 200;
    const outcome = api !== 'find_record' ? 'information' : count === 0 ? 'no match' : 'match';
    const isWordless = fault !== null && WORDLESS_FAULTS.has(fault);
    track.outcome(fault === null ? outcome : `fault: ${fault}`, isWordless ? null : status);
    const envelope = (fault === null ? undefined : WORDING_FAULTS[fault]?.(usual)) ?? usual;
    const write = (some: Iterable<Row>): AsyncGenerator<string> =>
      writeEnvelope(envelope, `${count} records were found`, some);
    const sendWrongly = fault === null ? undefined : SENDING_FAULTS[fault];
    if (sendWrongly === undefined) await sendPieces(response, status, write(rows), visit.gzip);
    else await sendWrongly({ ...visit, status, rows, write, settings });
  }

  function findRecords(lookup: Question): { count: number; rows: Iterable<Row> } {
    const { count, records } = book.find(lookup, settings, settings.maxRecords);
    return { count, rows: settings.undialled === 'empty' ? records : withZeroDates(records) };
  }

  function information(visit: Visit): { count: number; rows: Iterable<Row> } {
    const rows = visit.api === 'campaigns' ? campaignRows(book) : [tokenRow(day, visit.token, settings.dailyLimit)];
    return { count: rows.length, rows };
  }

  const simulator: Simulator = {
    settings,
    witness,
    faults: faults.schedule,
    get spentToday() {
      return day.spent;
    },
    async listen({ port = 0, host = '127.0.0.1' } = {}) {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(port, host, () => {
          server.off('error', reject);
          resolve();
        });
      });
      const address = server.address() as AddressInfo;
      return { url: `http://${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}` };
    },
    async close() {
      if (!server.listening) return;
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
    dial: (match, call = {}) => book.dial(match, call, now()),
    add: (record) => book.add(record),
    respondWith(handler) {
      respond = handler;
    },
    reset() {
      book.reset();
      faults.schedule.clear();
      Object.assign(settings, initialSettings());
      day.reset();
      drawLatency = createDraw(seed, 22);
      respond = null;
      witness.reset();
    },
  };
  return simulator;
}

function isMaintenance(fault: FaultName | null): fault is Extract<keyof typeof CHECK_FAULTS, `maintenance-${string}`> {
  return fault?.startsWith('maintenance-') ?? false;
}

function nobody(noMatch: SimulatorSettings['noMatch']): Envelope {
  const is404 = noMatch.startsWith('404');
  const data = noMatch.endsWith('no-data') ? 'absent' : noMatch.endsWith('null') ? 'null' : 'list';
  return { ...FOUND, code: is404 ? '"404"' : '"200"', error: is404 ? '"NOT FOUND"' : 'null', data };
}

function* withZeroDates(records: Iterable<WireRecord>): Iterable<WireRecord> {
  for (const record of records) {
    yield record.calls === '0' ? { ...record, date: '0000-00-00 00:00:00', conn_id: '0' } : record;
  }
}

function headerOf(request: IncomingMessage, name: string): string {
  return String(request.headers[name] ?? '').trim();
}

/** `50`, or `50-200` with jitter, in milliseconds; null where it is neither. */
function readLatency(text: string): SimulatorSettings['latency'] | null {
  const range = /^(\d{1,6})(?:-(\d{1,6}))?$/.exec(text);
  if (range === null) return null;
  const minMs = Number(range[1]);
  return { minMs, maxMs: Math.max(minMs, Number(range[2] ?? minMs)) };
}
