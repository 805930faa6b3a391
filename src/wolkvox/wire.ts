import { Transform, pipeline } from 'node:stream';
import type { Readable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { DateTime } from 'luxon';
import { LookupFailure } from '../records/failure.js';
import type { Lookup } from '../records/lookup.js';
import type { CampaignRecord } from '../records/record.js';
import { readMatchingRow } from './columns.js';
import { WolkvoxFailure, malformed, transportFailure } from './failure.js';
import type { FailureFacts, WolkvoxFailureKind } from './failure.js';
import { createRowCutter, readObject } from './rows.js';
import type { Envelope } from './rows.js';

/** The only `api` name that this service knows: most others of `campaign.php` write. */
const API = 'find_record';

/** The request's path and headers for a lookup. A criterion that is absent is sent empty, as in Wolkvox's own example. */
export function writeRequest(
  lookup: Lookup,
  account: { readonly token: string; readonly server: string },
): { path: string; headers: Record<string, string> } {
  const query = new URLSearchParams({
    api: API,
    campaign_id: lookup.campaignId ?? '',
    customer_phone: lookup.phone ?? '',
    customer_id: lookup.customerId ?? '',
  });
  return {
    path: `/api/v2/campaign.php?${query.toString()}`,
    headers: {
      'wolkvox-token': account.token,
      wolkvox_server: account.server,
      accept: 'application/json',
      'accept-encoding': 'gzip, deflate',
    },
  };
}

export interface ReadOptions {
  readonly lookup: Lookup;
  /** luxon's name of the account's zone. */
  readonly zone: string;
  /** The most records that a list may hold. */
  readonly maxRecords: number;
  /** The most bytes that are read of one answer, decompressed. Wolkvox promises at most 256 MB. */
  readonly maxBytes: number;
}

/** The response of undici's `request()`: its body still compressed. */
export interface UpstreamResponse {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Readable;
}

/**
 * Reads an answer. Whatever happens, the body is read to its end or destroyed when this returns.
 *
 * - It is read as a stream: memory holds the records that fulfil the lookup and one row, the event loop gets its turn every
 *   16 KiB, and the body is given up as soon as there is one record too many.
 * - HTTP status and the envelope's `code` are both heeded. "200" and "0", as text or number, are success; a success without
 *   `code` is taken when its `data` is an array. A 404 means "nobody" when its body is an envelope, else a wrong address.
 * - Rows that do not fulfil the lookup are dropped.
 *
 * @throws WolkvoxFailure, or the LookupFailure that the body was destroyed with
 */
export async function readAnswer(response: UpstreamResponse, options: ReadOptions): Promise<CampaignRecord[]> {
  const { body, headers, statusCode: httpStatus } = response;
  // A body that is given up reports the abort as an error, once more than anybody listens: that must not end the process.
  body.on('error', ignore);
  try {
    if (isSuccess(httpStatus)) return await readSuccess(response, options);
    const envelope = await readErrorEnvelope(response);
    judge({ httpStatus, envelope, rows: 0, retryAfterSeconds: readRetryAfter(headers) });
    return [];
  } finally {
    body.destroy();
  }
}

/** Bytes between two turns of the event loop: less than a millisecond of work, some 10 ms while the code is cold. */
const PIECE_BYTES = 16 * 1024;
/** An error's envelope has some 100 bytes. */
const MAX_ERROR_BYTES = 64 * 1024;

async function readSuccess(response: UpstreamResponse, options: ReadOptions): Promise<CampaignRecord[]> {
  const { lookup, maxBytes, maxRecords } = options;
  const records: CampaignRecord[] = [];
  let rows = 0;
  const cutter = createRowCutter((row) => {
    rows += 1;
    const record = readMatchingRow(row, options);
    if (record === undefined) return;
    if (records.length >= maxRecords) {
      throw tooLarge(`More than ${maxRecords.toLocaleString('en')} records match.`, lookup);
    }
    records.push(record);
  });
  for await (const piece of piecesOf(response, maxBytes, lookup)) cutter.write(piece);
  const judgement = judge({
    httpStatus: response.statusCode,
    envelope: cutter.end(),
    rows,
    retryAfterSeconds: readRetryAfter(response.headers),
  });
  return judgement === 'nobody' ? [] : records;
}

/** The JSON object in an error's body; undefined where there is none. */
async function readErrorEnvelope(response: UpstreamResponse): Promise<Envelope | undefined> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const piece of piecesOf(response, Infinity, {})) {
      pieces.push(piece);
      size += piece.length;
      if (size > MAX_ERROR_BYTES) return undefined;
    }
    return readObject(Buffer.concat(pieces).toString(), 'body');
  } catch (error) {
    // No JSON, or a body that cannot be decompressed: the status alone tells what there is to know.
    if (error instanceof WolkvoxFailure && error.kind === 'malformed') return undefined;
    throw error;
  }
}

/**
 * The decompressed body in pieces of at most 16 KiB; other work gets its turn between them.
 *
 * @throws WolkvoxFailure where the body ends too early, cannot be decompressed, or has more than `maxBytes`: these are given first
 */
async function* piecesOf(
  response: UpstreamResponse,
  maxBytes: number,
  lookup: Lookup,
): AsyncGenerator<Uint8Array, void> {
  let read = 0;
  let sinceTurn = 0;
  const bytes = decompress(response, maxBytes, lookup);
  try {
    for await (const chunk of bytes.stream as AsyncIterable<Uint8Array>) {
      for (let at = 0; at < chunk.length; at += PIECE_BYTES) {
        const piece = chunk.subarray(at, at + PIECE_BYTES);
        const room = maxBytes - read;
        if (piece.length > room) {
          yield piece.subarray(0, room);
          throw tooManyBytes(maxBytes, lookup);
        }
        yield piece;
        read += piece.length;
        sinceTurn += piece.length;
        if (sinceTurn >= PIECE_BYTES) {
          sinceTurn = 0;
          await nextTurn();
        }
      }
    }
  } catch (error) {
    if (error instanceof LookupFailure) throw error;
    throw bytes.isBroken()
      ? malformed('the body cannot be decompressed')
      : transportFailure(error, response.statusCode);
  }
}

/** On the wire an answer may be this much longer than decompressed: gzip's own frame. */
const FRAME_BYTES = 64 * 1024;

/**
 * The body's bytes as they were before compression. `isBroken` tells, once the stream has failed, whether what came could not be
 * decompressed, or else did not come.
 */
function decompress(
  { body, headers }: UpstreamResponse,
  maxBytes: number,
  lookup: Lookup,
): { stream: Readable; isBroken: () => boolean } {
  const encoding = (firstOf(headers['content-encoding']) ?? '').trim().toLowerCase();
  if (encoding === '' || encoding === 'identity') return { stream: body, isBroken: () => false };
  const decoder = createDecoder(encoding);
  let wire = 0;
  // Compressed bytes need not become any decompressed ones: an endless row of empty gzip members never would.
  const counter = new Transform({
    transform(chunk: Uint8Array, _encoding, done) {
      wire += chunk.length;
      if (wire > maxBytes + FRAME_BYTES) done(tooManyBytes(maxBytes, lookup));
      else done(null, chunk);
    },
  });
  let broken = false;
  // Registered before the pipeline's own listeners, which pass the decoder's error on to the body.
  decoder.once('error', (error) => {
    broken = body.errored === null && !('code' in error && error.code === 'ERR_STREAM_PREMATURE_CLOSE');
  });
  // The error is thrown by the iteration over the decoder; here nobody is left to tell.
  pipeline(body, counter, decoder, ignore);
  return { stream: decoder, isBroken: () => broken };
}

function createDecoder(encoding: string): Transform {
  switch (encoding) {
    case 'gzip':
    case 'x-gzip':
      return createGunzip();
    case 'deflate':
      return createInflate();
    case 'br':
      return createBrotliDecompress();
    default:
      throw malformed('a content-encoding that was not asked for');
  }
}

interface Judged {
  readonly httpStatus: number;
  /** Undefined: the body is no JSON object. */
  readonly envelope: Envelope | undefined;
  /** How many rows the answer had. */
  readonly rows: number;
  readonly retryAfterSeconds: number | undefined;
}

/**
 * What an answer is, by HTTP status and envelope.
 *
 * @throws WolkvoxFailure where it is a failure
 */
function judge({ httpStatus, envelope, rows, retryAfterSeconds }: Judged): 'records' | 'nobody' {
  const code = readCode(envelope?.['code']);
  const facts: FailureFacts = { httpStatus, envelopeCode: typeof code === 'number' ? code : undefined };
  const fail = (kind: WolkvoxFailureKind, message?: string): WolkvoxFailure =>
    new WolkvoxFailure(kind, message, { cause: facts, retryAfterSeconds });

  // The four texts are certain, whatever number comes with them. An answer with rows is none of them.
  const refusal = rows === 0 ? readRefusal(envelope?.['msg']) : undefined;
  if (refusal !== undefined) throw fail(refusal);

  if (isSuccess(httpStatus)) {
    if (envelope === undefined || code === 'unknown') throw malformed('no known code in the envelope', facts);
    const data = envelope['data'] ?? null;
    if (code === undefined && (!Array.isArray(data) || !isBlank(envelope['error']))) {
      throw malformed('an envelope without a code', facts);
    }
    if (code === undefined || code === 0 || isSuccess(code)) {
      if (data !== null && !Array.isArray(data)) throw malformed('`data` is no array', facts);
      return 'records';
    }
  }

  // Both may tell of an error. The envelope's is nearer to the truth, but for "nobody": 404 must not excuse a server's failure.
  const codeTells = typeof code === 'number' && code !== 0 && !isSuccess(code);
  const tellsNobody = isSuccess(httpStatus) || httpStatus === 404;
  const error = codeTells && (code !== 404 || tellsNobody) ? code : httpStatus;
  if (error === 404) {
    if (envelope === undefined || !('code' in envelope || 'msg' in envelope)) {
      throw fail('request', "Wolkvox's address answers, but does not know the request.");
    }
    const data = envelope['data'] ?? null;
    if (rows > 0 || (data !== null && !(Array.isArray(data) && data.length === 0))) {
      throw malformed('"not found" together with `data`', facts);
    }
    return 'nobody';
  }
  const kind = kindOfCode(error);
  if (kind === undefined) throw malformed('neither success nor an error', facts);
  throw fail(kind);
}

function kindOfCode(code: number): WolkvoxFailureKind | undefined {
  if (code === 403) return 'maintenance';
  if (code === 408) return 'timeout';
  if (code === 429) return 'throttled';
  // A redirect is never followed: it would carry the token to another address.
  if (code >= 300 && code < 500) return 'request';
  if (code >= 500 && code < 600) return 'server';
  return undefined;
}

/**
 * Which refusal a `msg` tells of. 403 has four meanings that only this text tells apart; 403 without one of them is
 * maintenance. Documented by Wolkvox; compared without regard to case, spacing and punctuation.
 */
function readRefusal(msg: unknown): WolkvoxFailureKind | undefined {
  if (typeof msg !== 'string') return undefined;
  const words = ` ${msg
    .slice(0, 1000)
    .toUpperCase()
    .replace(/[^A-Z0-9]+/g, ' ')
    .trim()} `;
  return REFUSALS.find(([text]) => words.includes(` ${text} `))?.[1];
}

const REFUSALS: readonly (readonly [string, WolkvoxFailureKind])[] = [
  ['LIMIT OF SIMULTANEOUS REQUESTS', 'simultaneous'],
  ['TOKEN LIMIT EXCEEDED', 'quota'],
  ['PLEASE VALIDATE TOKEN', 'token'],
  ['PLEASE ENTER THE WOLKVOX TOKEN', 'token'],
];

/** `code` as a number; undefined where it is missing, null or blank. Wolkvox writes it as text, siblings as number. */
function readCode(code: unknown): number | 'unknown' | undefined {
  if (isBlank(code)) return undefined;
  const text = typeof code === 'string' ? code.trim() : typeof code === 'number' ? String(code) : '';
  return /^\d{1,3}$/.test(text) ? Number(text) : 'unknown';
}

/** Wolkvox writes "no error" as null and as the text "null". */
function isBlank(value: unknown): boolean {
  return (
    value === undefined ||
    value === null ||
    (typeof value === 'string' && ['', 'null'].includes(value.trim().toLowerCase()))
  );
}

function isSuccess(code: number): boolean {
  return code >= 200 && code < 300;
}

/** Retry-After (seconds or an HTTP date) as whole seconds. Never seen from Wolkvox, honoured all the same. */
function readRetryAfter(headers: UpstreamResponse['headers']): number | undefined {
  const text = firstOf(headers['retry-after'])?.trim() ?? '';
  if (/^\d{1,9}$/.test(text)) return Number(text);
  const date = DateTime.fromHTTP(text);
  return date.isValid ? Math.max(0, Math.ceil((date.toMillis() - Date.now()) / 1000)) : undefined;
}

function firstOf(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' ? header : header?.[0];
}

function tooManyBytes(maxBytes: number, lookup: Lookup): WolkvoxFailure {
  return tooLarge(`Wolkvox's answer is longer than ${maxBytes.toLocaleString('en')} bytes.`, lookup);
}

/** Tells how to narrow the search: by what the lookup lacks, the most telling first. */
function tooLarge(what: string, { phone, customerId, campaignId }: Lookup): WolkvoxFailure {
  const missing = [
    ...(customerId === undefined ? ['customerId'] : []),
    ...(phone === undefined ? ['phone'] : []),
    ...(campaignId === undefined ? ['campaignId'] : []),
  ];
  const advice =
    missing.length === 0
      ? 'All criteria are given: the records have to be made fewer in Wolkvox.'
      : `Narrow the search: give ${missing.join(' or ')} too.`;
  return new WolkvoxFailure('too-large', `${what} ${advice}`);
}

function ignore(): void {
  // Told elsewhere, or to nobody: see where this is passed.
}
