import {
  MAINTENANCE,
  REFUSALS,
  firstHalf,
  htmlPage,
  refusal,
  repeat,
  withNulls,
  withUnknownKeys,
  withoutKeys,
} from './answers.js';
import type { Envelope, PlainAnswer, Row } from './answers.js';
import { bombOf } from './bomb.js';
import type { FaultName } from './faults.js';
import { answerHeaders, drip, sendBeginning, sendPieces } from './sending.js';
import type { Exchange } from './sending.js';
import type { SimulatorSettings } from './settings.js';

/**
 * What each fault does, in four tables by where it strikes: at a check, in place of the answer, in its words, in its sending.
 * (`slow` lengthens the latency, `reset` comes before everything; the server does both.)
 */

/** Faults that play the refusal of a check, at that check's turn. */
export const CHECK_FAULTS = {
  'maintenance-json': MAINTENANCE.json,
  'maintenance-html': MAINTENANCE.html,
  'maintenance-empty': MAINTENANCE.empty,
  'token-refused': REFUSALS.token,
  'quota-refused': REFUSALS.quota,
  'simultaneous-refused': REFUSALS.simultaneous,
} as const satisfies Partial<Record<FaultName, PlainAnswer>>;

type ByFault<T> = Readonly<Partial<Record<FaultName, T>>>;

/** Faults that answer something else, whatever was found. */
export const PLAIN_FAULTS: ByFault<(settings: SimulatorSettings) => PlainAnswer> = {
  '500': () => htmlPage(500, 'Internal Server Error', 'The server encountered an internal error.'),
  '502': () => htmlPage(502, 'Bad Gateway', 'The proxy received an invalid response from an upstream server.'),
  '503': () => htmlPage(503, 'Service Unavailable', 'The server is temporarily unable to service your request.'),
  '504': () => htmlPage(504, 'Gateway Timeout', 'The gateway did not receive a timely response.'),
  '404-html': () => htmlPage(404, 'Not Found', 'The requested URL was not found on this server.'),
  'html-200': () => htmlPage(200, 'Welcome', 'It works!'),
  'empty-body': () => ({ status: 200, kind: 'json', body: '' }),
  'code-403-in-200': () => ({ ...REFUSALS.quota, status: 200 }),
  'code-500-in-200': () => ({ ...refusal(500, 'INTERNAL SERVER ERROR', 'PLEASE TRY AGAIN'), status: 200 }),
  '429-seconds': ({ retryAfterSeconds }) => tooMany(`${retryAfterSeconds}`),
  '429-date': ({ retryAfterSeconds }) => tooMany(new Date(Date.now() + retryAfterSeconds * 1000).toUTCString()),
};

/** Faults that write the same records in other words. */
export const WORDING_FAULTS: ByFault<(usual: Envelope) => Envelope> = {
  bom: (usual) => ({ ...usual, start: '\uFEFF' }),
  'code-number': (usual) => ({ ...usual, code: usual.code.replaceAll('"', '') }),
  'code-zero': (usual) => ({ ...usual, code: '"0"' }),
  'error-null-text': (usual) => ({ ...usual, error: '"null"' }),
  'missing-keys': (usual) => ({ ...usual, alter: withoutKeys }),
  'null-values': (usual) => ({ ...usual, alter: withNulls }),
  'unknown-keys': (usual) => ({ ...usual, alter: withUnknownKeys }),
};

/** An answer that is ready to be sent. */
export interface Delivery extends Exchange {
  readonly status: number;
  readonly rows: Iterable<Row>;
  readonly write: (rows: Iterable<Row>) => AsyncGenerator<string>;
  readonly settings: SimulatorSettings;
}

/** Faults that send the right answer wrongly, or not at all. */
export const SENDING_FAULTS: ByFault<(delivery: Delivery) => Promise<void> | void> = {
  cut({ response }) {
    response.socket?.destroy();
  },
  silence() {
    // Nothing is sent; the exchange ends when the caller hangs up.
  },
  async 'cut-body'(delivery) {
    await sendHalf(delivery);
    delivery.response.socket?.destroy();
  },
  'silence-body': sendHalf,
  async 'truncated-json'(delivery) {
    await sendHalf(delivery);
    delivery.response.end();
  },
  async 'endless-body'(delivery) {
    await sendHalf(delivery);
    await drip(delivery, delivery.settings.dripMs);
  },
  async flood({ response, status, gzip, rows, write }) {
    await sendPieces(response, status, write(repeat(rows)), gzip);
  },
  async 'gzip-bomb'({ response, settings }) {
    const bomb = await bombOf(settings.bombMb);
    response.writeHead(200, answerHeaders('json', { 'Content-Encoding': 'gzip' }));
    response.end(bomb);
  },
};

/** Faults after which no status line was sent. */
export const WORDLESS_FAULTS: ReadonlySet<FaultName> = new Set(['reset', 'cut', 'silence']);

async function sendHalf({ response, status, rows, write }: Delivery): Promise<void> {
  await sendBeginning(response, status, await firstHalf(write(rows)));
}

function tooMany(retryAfter: string): PlainAnswer {
  return { ...refusal(429, 'TOO MANY REQUESTS', 'TOO MANY REQUESTS'), headers: { 'Retry-After': retryAfter } };
}
