import { setTimeout as wait } from 'node:timers/promises';
import { SHORT_COLUMNS } from './columns.js';
import { JSON_TYPE, MAINTENANCE, REFUSALS, htmlPage, jsonError } from './response.js';
import { sendEnvelope, sendHalf, sendPlain } from './response.js';
import type { Envelope, Exchange, PlainResponse, Refusal, Row } from './response.js';

/** What a fault does, and when. */
export type FaultEffect =
  | { kind: 'reset' } // Before every check, the connection is reset.
  | { kind: 'refuse'; check: RefusingCheck; refusal: Refusal } // That check refuses.
  | { kind: 'delay' } // The latency grows by `slowMs`.
  | { kind: 'send'; send: Send }; // After the search, something else than its envelope is sent.
export type RefusingCheck = 'maintenance' | 'token' | 'quota' | 'concurrency';
type Send = (exchange: Exchange, envelope: Envelope, settings: FaultSettings) => Promise<void>;
type FaultSettings = Readonly<Record<'dripMs' | 'bombMb' | 'retryAfterSeconds', number>>;

/** A fault. docs/simulator.md has the same description. */
type Fault = { readonly description: string; readonly effect: FaultEffect };

/** Columns that two faults remove or blank. The criteria stay, so that the record still matches the lookup. */
const DISPENSABLE = new Set<string>(
  SHORT_COLUMNS.filter((column) => !/^(tel\d+|customer_id|campaign_id)$/.test(column)),
);

const QUOTA_IN_200 = jsonError(403, 'FORBIDDEN', 'TOKEN LIMIT EXCEEDED', 200);
const ERROR_IN_200 = jsonError(500, 'INTERNAL SERVER ERROR', 'PLEASE TRY AGAIN', 200);

const TABLE = {
  slow: { description: 'the response comes `slowMs` later than the latency', effect: { kind: 'delay' } },
  cut: send('the connection closes before the status line', async ({ response }) => void response.socket?.destroy()),
  reset: { description: 'the connection is reset, as for a forbidden IP address', effect: { kind: 'reset' } },
  'cut-body': send('the connection closes in the middle of the body', async (exchange, envelope) => {
    await sendHalf(exchange, envelope);
    exchange.response.socket?.destroy();
  }),
  silence: send('nothing is sent, and the connection stays open', async () => undefined),
  'silence-body': send('half of the body, then nothing; the connection stays open', sendHalf),
  '500': replace('HTTP 500 with an HTML page', () => htmlPage(500)),
  '502': replace('HTTP 502 with an HTML page', () => htmlPage(502)),
  '503': replace('HTTP 503 with an HTML page', () => htmlPage(503)),
  '504': replace('HTTP 504 with an HTML page', () => htmlPage(504)),
  '429-seconds': replace('HTTP 429 with `Retry-After` in seconds (`retryAfterSeconds`)', ({ retryAfterSeconds }) =>
    tooManyRequests(`${retryAfterSeconds}`),
  ),
  '429-date': replace('HTTP 429 with `Retry-After` as a date', ({ retryAfterSeconds }) =>
    tooManyRequests(new Date(Date.now() + retryAfterSeconds * 1000).toUTCString()),
  ),
  '404-html': replace("the web server's own 404, an HTML page", () => htmlPage(404)),
  'html-200': replace('HTTP 200 with an HTML page instead of JSON', () => htmlPage(200)),
  'truncated-json': send('the body ends in the middle, and the connection stays usable', async (exchange, envelope) => {
    await sendHalf(exchange, envelope);
    exchange.response.end();
  }),
  bom: alter('a byte order mark before the JSON', () => ({ prefix: '\uFEFF' })),
  'empty-body': replace('HTTP 200 without a body', () => ({ status: 200, headers: JSON_TYPE, body: '' })),
  'code-number': alter('`code` is a number instead of a string', ({ code }) => ({ code: Number(code) })),
  'code-zero': alter('`code` is "0"', () => ({ code: '0' })),
  'error-null-text': alter('`error` is the string "null"', () => ({ error: 'null' })),
  'code-403-in-200': replace('HTTP 200 with code "403" and TOKEN LIMIT EXCEEDED in the body', () => QUOTA_IN_200),
  'code-500-in-200': replace('HTTP 200 with code "500" in the body', () => ERROR_IN_200),
  'maintenance-json': refuse('maintenance: HTTP 403 with JSON and an unknown message', 'maintenance', MAINTENANCE.json),
  'maintenance-html': refuse('maintenance: HTTP 403 with an HTML page', 'maintenance', MAINTENANCE.html),
  'maintenance-empty': refuse('maintenance: HTTP 403 without a body', 'maintenance', MAINTENANCE.empty),
  'missing-keys': alterRows('records without names, options and last call', (row) =>
    Object.fromEntries(Object.entries(row).filter(([column]) => !DISPENSABLE.has(column))),
  ),
  'missing-campaign': alterRows('records without their campaign', (row) =>
    Object.fromEntries(Object.entries(row).filter(([column]) => column !== 'campaign_id')),
  ),
  'null-values': alterRows('records with null for names, options, last call and every blank', (row) =>
    Object.fromEntries(Object.entries(row).map(([key, value]) => [key, DISPENSABLE.has(key) ? null : value || null])),
  ),
  'unknown-keys': alterRows('records with undocumented keys of every JSON type', (row) => ({
    ...{ agent_id: '1042', ...row, attempts_left: 3, is_recycled: false, opt13: 'one more than documented' },
    ...{ skill: { id: '77', name: 'Cobranza' }, history: [{ date: '2026-11-01 09:00:00' }], constructor: 'no key' },
  })),
  'gzip-bomb': send('a small compressed body that becomes `bombMb` megabytes of JSON', sendGzipBomb),
  'endless-body': send('half of the body, then one blank every `dripMs`, without an end', drip),
  flood: send('a body that repeats its records without an end, as fast as the client reads', (exchange, envelope) =>
    sendEnvelope(exchange, { ...envelope, data: repeated(envelope.data ?? []) }),
  ),
  'token-refused': refuse('PLEASE VALIDATE TOKEN although the token is right', 'token', REFUSALS.token),
  'simultaneous-refused': refuse('a refused third request although there is none', 'concurrency', REFUSALS.third),
  'quota-refused': refuse("TOKEN LIMIT EXCEEDED although the day's calls are not used up", 'quota', REFUSALS.quota),
} satisfies Record<string, Fault>;

export type FaultName = keyof typeof TABLE;
/** Every fault that the simulator has. A setting, a request header or the schedule names one. */
export const FAULTS: Readonly<Record<FaultName, Fault>> = TABLE;
export const FAULT_NAMES = Object.keys(FAULTS) as readonly FaultName[];

function refuse(description: string, check: RefusingCheck, refusal: Refusal): Fault {
  return { description, effect: { kind: 'refuse', check, refusal } };
}

function send(description: string, effect: Send): Fault {
  return { description, effect: { kind: 'send', send: effect } };
}

function replace(description: string, response: (settings: FaultSettings) => PlainResponse): Fault {
  return send(description, (exchange, _, settings) => sendPlain(exchange, response(settings)));
}

function alter(description: string, change: (envelope: Envelope) => Partial<Envelope>): Fault {
  return send(description, (exchange, envelope) => sendEnvelope(exchange, { ...envelope, ...change(envelope) }));
}

function alterRows(description: string, change: (row: Row) => Row): Fault {
  return alter(description, ({ data }) => ({ data: data && mapped(data, change) }));
}

function* mapped(rows: Iterable<Row>, change: (row: Row) => Row): Iterable<Row> {
  for (const row of rows) yield change(row);
}

/** The first hundred rows again and again. */
function* repeated(rows: Iterable<Row>): Iterable<Row> {
  const some = Array.from(rows).slice(0, 100);
  for (;;) yield* some.length === 0 ? [{ customer_id: '' }] : some;
}

async function sendGzipBomb(exchange: Exchange, envelope: Envelope, { bombMb }: FaultSettings): Promise<void> {
  const data = Array<Row>(bombMb).fill({ opt1: ' '.repeat(1_000_000) });
  await sendEnvelope({ ...exchange, gzip: true }, { ...envelope, data });
}

async function drip(exchange: Exchange, envelope: Envelope, { dripMs }: FaultSettings): Promise<never> {
  await sendHalf(exchange, envelope);
  for (;;) {
    await wait(dripMs, undefined, { signal: exchange.signal });
    exchange.response.write(' ');
  }
}

function tooManyRequests(retryAfter: string): PlainResponse {
  const response = jsonError(429, 'TOO MANY REQUESTS', 'TOO MANY REQUESTS');
  return { ...response, headers: { ...response.headers, 'Retry-After': retryAfter } };
}
