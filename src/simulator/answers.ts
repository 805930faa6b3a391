import { setImmediate } from 'node:timers/promises';
import { SHORT_COLUMNS } from './columns.js';

/** A row of `data`: a record, or a line of `information.php`. */
export type Row = Readonly<Record<string, string>>;

/** An answer that is sent whole. `html` is the page of a web server, not of the API. */
export interface PlainAnswer {
  readonly status: number;
  readonly kind: 'json' | 'html' | 'none';
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The documented refusals: each its HTTP status and the body's words. */
export const REFUSALS = {
  api: refusal(400, 'BAD REQUEST', 'THE API YOU WANT TO CONSULT DOES NOT EXIST'),
  parameters: refusal(400, 'BAD REQUEST', 'SOME PARAMETERS ARE REQUIRED'),
  noToken: refusal(401, 'UNAUTHORIZED', 'PLEASE ENTER THE WOLKVOX-TOKEN'),
  token: refusal(403, 'FORBIDDEN', 'PLEASE VALIDATE TOKEN'),
  quota: refusal(403, 'FORBIDDEN', 'TOKEN LIMIT EXCEEDED'),
  simultaneous: refusal(403, 'FORBIDDEN', 'EXCEEDS THE LIMIT OF SIMULTANEOUS REQUESTS PER TOKEN (2)'),
} as const;

/** The body's words of maintenance are not documented; these are made up. */
export const MAINTENANCE = {
  json: refusal(403, 'FORBIDDEN', 'SERVER UNDER MAINTENANCE'),
  html: htmlPage(403, 'Forbidden', 'The server is being backed up. Please come back later.'),
  empty: { status: 403, kind: 'none', body: '' },
} as const satisfies Record<string, PlainAnswer>;

export function refusal(status: number, error: string, msg: string): PlainAnswer {
  return { status, kind: 'json', body: JSON.stringify({ code: `${status}`, error, msg }) };
}

export function htmlPage(status: number, title: string, text: string): PlainAnswer {
  const body = `<!DOCTYPE HTML PUBLIC "-//IETF//DTD HTML 2.0//EN">
<html><head>
<title>${status} ${title}</title>
</head><body>
<h1>${title}</h1>
<p>${text}</p>
<hr>
<address>Apache Server</address>
</body></html>
`;
  return { status, kind: 'html', body };
}

/** How an envelope is written: all parts are JSON texts, so that a fault can write what a serializer would not. */
export interface Envelope {
  /** Before the first bracket. */
  readonly start: string;
  readonly code: string;
  readonly error: string;
  readonly data: 'list' | 'null' | 'absent';
  readonly alter: (row: Row) => Readonly<Record<string, unknown>>;
}

/** `{"code":"200","error":null,"msg":"1 records were found","data":[{…}]}`, as the vendor documents it. */
export const FOUND: Envelope = { start: '', code: '"200"', error: 'null', data: 'list', alter: (row) => row };

/** Columns that a fault blanks or leaves out; the criteria stay, so that the record is still what was asked for. */
const DISPENSABLE: ReadonlySet<string> = new Set(
  SHORT_COLUMNS.filter((column) => !/^(tel\d+|customer_id|campaign_id)$/.test(column)),
);

export function withoutKeys(row: Row): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(row).filter(([column]) => !DISPENSABLE.has(column)));
}

export function withNulls(row: Row): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(row).map(([column, value]) => [column, DISPENSABLE.has(column) || value === '' ? null : value]),
  );
}

export function withUnknownKeys(row: Row): Readonly<Record<string, unknown>> {
  return {
    agent_id: '1042',
    ...row,
    attempts_left: 3,
    is_recycled: false,
    history: [{ date: '2026-11-01 09:00:00', result: 'BUSY' }],
    skill: { id: '77', name: 'Cobranza' },
    opt13: 'one more than documented',
    constructor: 'not a word of the API',
  };
}

/** About so many characters go out at once; making them takes about a millisecond. */
const CHUNK_CHARACTERS = 32_768;

/**
 * The answer in pieces, made while it is sent: 60,000 records never stand in memory together, and the event loop gets its turn
 * after each piece.
 */
export async function* writeEnvelope(envelope: Envelope, msg: string, rows: Iterable<Row>): AsyncGenerator<string> {
  const head = `${envelope.start}{"code":${envelope.code},"error":${envelope.error},"msg":${JSON.stringify(msg)}`;
  if (envelope.data !== 'list') {
    yield `${head}${envelope.data === 'null' ? ',"data":null' : ''}}`;
    return;
  }
  let piece = `${head},"data":[`;
  let separator = '';
  for (const row of rows) {
    piece += separator + JSON.stringify(envelope.alter(row));
    separator = ',';
    if (piece.length >= CHUNK_CHARACTERS) {
      yield piece;
      piece = '';
      await setImmediate();
    }
  }
  yield `${piece}]}`;
}

/** The beginning of an answer, surely not all of it: the closing bracket is missing. */
export async function firstHalf(pieces: AsyncIterable<string>): Promise<string> {
  for await (const piece of pieces) return piece.slice(0, Math.ceil(piece.length / 2));
  return '';
}

/** Rows again and again, without end. */
export function* repeat(rows: Iterable<Row>): Iterable<Row> {
  const some: Row[] = [];
  for (const row of rows) {
    some.push(row);
    if (some.length === 100) break;
  }
  for (;;) {
    yield* some;
    if (some.length === 0) yield { customer_id: '' };
  }
}
