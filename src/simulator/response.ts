import { STATUS_CODES, type IncomingMessage, type OutgoingHttpHeaders, type ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setImmediate } from 'node:timers/promises';
import { createGzip } from 'node:zlib';
import type { LoggedRequest, Outcome } from './request-log.js';

export const JSON_TYPE = { 'Content-Type': 'application/json; charset=utf-8' };
/** Seen at the real server. There is no length: every body is chunked. */
const HEADERS = { Server: 'Apache', 'Cache-Control': 'no-store', 'Transfer-Encoding': 'chunked' };

/** A response that is sent whole. */
export interface PlainResponse {
  readonly status: number;
  readonly headers?: OutgoingHttpHeaders;
  readonly body: string | Uint8Array;
}

/** A row of `data`: a record, or a row of `information.php`. */
export type Row = Readonly<Record<string, unknown>>;

/** `{"code":"200","error":null,"msg":"1 records were found","data":[{…}]}`, as documented. */
export interface Envelope {
  readonly status: number;
  readonly code: unknown;
  readonly error: unknown;
  readonly msg: string;
  /** Undefined: the key is missing. */
  readonly data: Iterable<Row> | null | undefined;
  /** Text before the JSON. */
  readonly prefix?: string;
}

/** A request as it arrives. */
export interface Incoming {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
}

/** A logged request whose response is to be sent. */
export interface Exchange {
  readonly response: ServerResponse;
  readonly entry: LoggedRequest;
  /** Whether an envelope is compressed. */
  readonly gzip: boolean;
  /** Aborts when the response has been sent or the connection closes. */
  readonly signal: AbortSignal;
}
type Unlogged = Pick<Exchange, 'response'> & Partial<Exchange>;

/** The response of a check that refuses. */
export type Refusal = PlainResponse & { readonly outcome: Outcome };

export const REFUSALS = {
  api: refusal('unknown api', 400, 'BAD REQUEST', 'THE API YOU WANT TO CONSULT DOES NOT EXIST'),
  parameters: refusal('parameters', 400, 'BAD REQUEST', 'SOME PARAMETERS ARE REQUIRED'),
  noToken: refusal('no token', 401, 'UNAUTHORIZED', 'PLEASE ENTER THE WOLKVOX-TOKEN'),
  token: refusal('unknown token', 403, 'FORBIDDEN', 'PLEASE VALIDATE TOKEN'),
  quota: refusal('quota', 403, 'FORBIDDEN', 'TOKEN LIMIT EXCEEDED'),
  third: refusal('simultaneous', 403, 'FORBIDDEN', 'EXCEEDS THE LIMIT OF SIMULTANEOUS REQUESTS PER TOKEN (2)'),
};

/** The body of a maintenance 403 is not documented; these are invented. */
export const MAINTENANCE: Readonly<Record<'json' | 'html' | 'empty', Refusal>> = {
  json: refusal('maintenance', 403, 'FORBIDDEN', 'SERVER UNDER MAINTENANCE'),
  html: { ...htmlPage(403), outcome: 'refused: maintenance' },
  empty: { status: 403, body: '', outcome: 'refused: maintenance' },
};

function refusal(reason: string, status: number, error: string, msg: string): Refusal {
  return { ...jsonError(status, error, msg), outcome: `refused: ${reason}` };
}

/** A body with an error. Its code can differ from the HTTP status. */
export function jsonError(code: number, error: string, msg: string, status = code): PlainResponse {
  return { status, headers: JSON_TYPE, body: JSON.stringify({ code: `${code}`, error, msg }) };
}

/** A page of the web server, not of the API. */
export function htmlPage(status: number): PlainResponse {
  const title = `${status} ${STATUS_CODES[status] ?? ''}`;
  const head = `<!DOCTYPE HTML PUBLIC "-//IETF//DTD HTML 2.0//EN">\n<html><head>\n<title>${title}</title>\n</head>`;
  const body = `${head}<body>\n<h1>${title}</h1>\n<hr>\n<address>Apache Server</address>\n</body></html>\n`;
  return { status, headers: { 'Content-Type': 'text/html; charset=iso-8859-1' }, body };
}

export async function sendPlain(exchange: Unlogged, plain: PlainResponse): Promise<void> {
  writeHead(exchange, plain.status, plain.headers ?? {});
  exchange.response.end(plain.body);
}

/** Sends an envelope as fast as the client reads it. Rejects if the client hangs up. */
export async function sendEnvelope(exchange: Exchange, envelope: Envelope): Promise<void> {
  const { response, gzip } = exchange;
  writeHead(exchange, envelope.status, { ...JSON_TYPE, ...(gzip && { 'Content-Encoding': 'gzip' }) });
  const source = Readable.from(piecesOf(envelope), { highWaterMark: 1 });
  await (gzip ? pipeline(source, createGzip({ level: 1 }), response) : pipeline(source, response));
}

/** Sends half of the first piece of an envelope, uncompressed, and leaves the response open. */
export async function sendHalf(exchange: Exchange, envelope: Envelope): Promise<void> {
  writeHead(exchange, envelope.status, JSON_TYPE);
  const piece = (await piecesOf(envelope).next()).value ?? '';
  await new Promise((resolve) => exchange.response.write(piece.slice(0, Math.ceil(piece.length / 2)), resolve));
}

function writeHead({ response, entry }: Unlogged, status: number, headers: OutgoingHttpHeaders): void {
  if (entry !== undefined) entry.status = status;
  response.writeHead(status, { ...HEADERS, ...headers });
}

/** Making a piece of so many characters takes about a millisecond. */
const PIECE_CHARACTERS = 32_768;

/** The envelope as JSON in pieces. The event loop runs between them, and the whole text is never in memory. */
async function* piecesOf({ prefix = '', code, error, msg, data }: Envelope): AsyncGenerator<string, undefined> {
  let piece = prefix + JSON.stringify({ code, error, msg, ...(data !== undefined && { data: data && [] }) });
  if (data) {
    piece = piece.slice(0, -2);
    let separator = '';
    for (const row of data) {
      piece += separator + JSON.stringify(row);
      separator = ',';
      if (piece.length < PIECE_CHARACTERS) continue;
      yield piece;
      piece = '';
      await setImmediate();
    }
    piece += ']}';
  }
  yield piece;
}
