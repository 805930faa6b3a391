import { DateTime } from 'luxon';
import { LookupFailure, type FailureFacts, type FailureKind } from '../core/failure.js';
import type { Lookup } from '../core/lookup.js';
import type { CampaignRecord } from '../core/record.js';
import { firstValue, readPieces, type WolkvoxResponse } from './body.js';
import { readMatchingRow, type Row } from './columns.js';
import { malformed } from './failure.js';
import { createRowCutter, readObject, type Envelope } from './rows.js';

export interface ReadOptions {
  readonly lookup: Lookup;
  /** The luxon zone of Wolkvox's dates. */
  readonly zone: string;
  /** Records that an answer may hold. */
  readonly maxRecords: number;
  /** Bytes that are read of one answer, decompressed. Wolkvox sends at most 256 MB (documented). */
  readonly maxBytes: number;
}

/** The envelope of an error has some 100 bytes. */
const MAX_ERROR_BYTES = 64 * 1024;

/**
 * Reads the answer to a lookup: the records of the rows that match it. Memory holds these records and one row. Reading
 * stops at the first record beyond `maxRecords`.
 *
 * @throws LookupFailure as `readRows`
 */
export async function readAnswer(response: WolkvoxResponse, options: ReadOptions): Promise<CampaignRecord[]> {
  const { lookup, maxBytes, maxRecords } = options;
  const records: CampaignRecord[] = [];
  await readRows(response, {
    maxBytes,
    tooManyBytes: () =>
      tooLarge(`The answer of Wolkvox is longer than ${maxBytes.toLocaleString('en')} bytes.`, lookup),
    onRow(row) {
      const record = readMatchingRow(row, options);
      if (record === undefined) return;
      if (records.length >= maxRecords) {
        throw tooLarge(`More than ${maxRecords.toLocaleString('en')} records match.`, lookup);
      }
      records.push(record);
    },
  });
  return records;
}

export interface RowsOptions {
  /** Bytes that are read, decompressed. */
  readonly maxBytes: number;
  /** The failure of a longer body. */
  readonly tooManyBytes: () => LookupFailure;
  /** Receives each element of `data`, in order. */
  readonly onRow: (row: Row) => void;
  /** `data` may also be one row instead of a list. */
  readonly acceptsOneRow?: boolean;
}

/**
 * Reads the answer of any API of Wolkvox. When it returns or throws, the body is read to its end or destroyed.
 *
 * - The body is read as a stream, row by row.
 * - The HTTP status and the envelope's `code` both count. "200" and "0", as text or number, are success. A success
 *   without `code` is accepted if its `data` is an array. A 404 means no rows if its body is an envelope; otherwise the
 *   address is wrong.
 *
 * @throws LookupFailure of a kind that a call can end with, or the failure that the body was destroyed with
 */
export async function readRows(response: WolkvoxResponse, options: RowsOptions): Promise<void> {
  const { body, statusCode } = response;
  // A destroyed body emits the abort a second time. Without a listener that would end the process.
  body.on('error', alreadyReported);
  try {
    if (isSuccess(statusCode)) await readSuccess(response, options);
    else checkEnvelope(response, await readErrorEnvelope(response), 0);
  } finally {
    body.destroy();
  }
}

async function readSuccess(response: WolkvoxResponse, options: RowsOptions): Promise<void> {
  const { maxBytes, tooManyBytes, onRow, acceptsOneRow = false } = options;
  let rows = 0;
  const addRow = (row: Row): void => {
    rows += 1;
    onRow(row);
  };
  const cutter = createRowCutter(addRow);
  for await (const piece of readPieces(response, maxBytes, tooManyBytes)) cutter.write(piece);
  let envelope = cutter.end();
  const { data } = envelope;
  if (acceptsOneRow && typeof data === 'object' && data !== null && !Array.isArray(data)) {
    addRow(data as Row);
    envelope = { ...envelope, data: [] };
  }
  checkEnvelope(response, envelope, rows);
}

/** The JSON object in the body of an error; undefined if there is none. */
async function readErrorEnvelope(response: WolkvoxResponse): Promise<Envelope | undefined> {
  const tooLong = (): LookupFailure => malformed('the body of an error is too long');
  const pieces: Uint8Array[] = [];
  try {
    for await (const piece of readPieces(response, MAX_ERROR_BYTES, tooLong)) pieces.push(piece);
    return readObject(Buffer.concat(pieces).toString(), 'body');
  } catch (error) {
    // The body is not JSON or cannot be decompressed. The status alone says what went wrong.
    if (error instanceof LookupFailure && error.kind === 'malformed') return undefined;
    throw error;
  }
}

/**
 * Accepts an answer with rows, or one that says that there are none.
 *
 * @param envelope undefined: the body is not a JSON object
 * @param rows how many rows the answer had
 * @throws LookupFailure if Wolkvox refuses the call or fails
 */
function checkEnvelope(
  { statusCode: httpStatus, headers }: WolkvoxResponse,
  envelope: Envelope | undefined,
  rows: number,
): void {
  const code = readCode(envelope?.['code']);
  const facts: FailureFacts = { httpStatus, envelopeCode: typeof code === 'number' ? code : undefined };
  const retryAfterSeconds = readRetryAfter(headers);

  // The documented texts are certain, whatever number comes with them. An answer with rows is no refusal.
  const refusal = rows === 0 ? readRefusal(envelope?.['msg']) : undefined;
  if (refusal !== undefined) throw new LookupFailure(refusal, { facts, retryAfterSeconds });
  if (isSuccess(httpStatus) && isSuccessEnvelope(envelope, code, facts)) return;

  const error = errorCode(httpStatus, code);
  if (error === 404) {
    checkNotFound(envelope, rows, facts);
    return;
  }
  const kind = kindOfCode(error);
  if (kind === undefined) throw malformed('neither success nor an error', facts);
  throw new LookupFailure(kind, { facts, retryAfterSeconds });
}

type Code = number | 'unknown' | undefined;

/**
 * Whether the envelope of a successful HTTP response says success, too.
 *
 * @throws LookupFailure `malformed` if it says neither success nor an error
 */
function isSuccessEnvelope(envelope: Envelope | undefined, code: Code, facts: FailureFacts): boolean {
  if (envelope === undefined || code === 'unknown') throw malformed('no known code in the envelope', facts);
  const data = envelope['data'] ?? null;
  if (code === undefined && (!Array.isArray(data) || !isBlank(envelope['error']))) {
    throw malformed('an envelope without a code', facts);
  }
  if (code !== undefined && code !== 0 && !isSuccess(code)) return false;
  if (data !== null && !Array.isArray(data)) throw malformed('`data` is not an array', facts);
  return true;
}

/** The envelope's code is more precise than the HTTP status, but its 404 must not hide a failure of the server. */
function errorCode(httpStatus: number, code: Code): number {
  const isError = typeof code === 'number' && code !== 0 && !isSuccess(code);
  if (!isError) return httpStatus;
  return code === 404 && !isSuccess(httpStatus) && httpStatus !== 404 ? httpStatus : code;
}

/** A 404 with an envelope means that there are no rows (seen). Without one it is the web server's own (seen). */
function checkNotFound(envelope: Envelope | undefined, rows: number, facts: FailureFacts): void {
  if (envelope === undefined || !('code' in envelope || 'msg' in envelope)) {
    throw new LookupFailure('request', {
      message: 'The address of Wolkvox does not know the request. The operator must check WOLKVOX_SERVER.',
      facts,
    });
  }
  const data = envelope['data'] ?? null;
  const hasData = data !== null && !(Array.isArray(data) && data.length === 0);
  if (rows > 0 || hasData) throw malformed('"not found" together with `data`', facts);
}

function kindOfCode(code: number): FailureKind | undefined {
  // A 403 without a documented text is maintenance, such as the nightly backup (documented).
  if (code === 403) return 'maintenance';
  if (code === 408) return 'timeout';
  if (code === 429) return 'throttled';
  // A redirect is never followed: it would carry the token to another address.
  if (code >= 300 && code < 500) return 'request';
  if (code >= 500 && code < 600) return 'server';
  return undefined;
}

/**
 * The refusal that a `msg` names. Four refusals are 403, and only this text tells them apart (documented). Case,
 * spacing and punctuation are ignored.
 */
function readRefusal(msg: unknown): FailureKind | undefined {
  if (typeof msg !== 'string') return undefined;
  const words =
    msg
      .slice(0, 1_000)
      .toUpperCase()
      .match(/[A-Z0-9]+/g) ?? [];
  const text = ` ${words.join(' ')} `;
  return REFUSALS.find(([documented]) => text.includes(` ${documented} `))?.[1];
}

const REFUSALS: readonly (readonly [string, FailureKind])[] = [
  ['LIMIT OF SIMULTANEOUS REQUESTS', 'simultaneous'],
  ['TOKEN LIMIT EXCEEDED', 'quota'],
  ['PLEASE VALIDATE TOKEN', 'token'],
  ['PLEASE ENTER THE WOLKVOX TOKEN', 'token'],
];

/** `code` as a number; undefined if it is missing, null or blank. Some APIs of Wolkvox send a number (documented). */
function readCode(code: unknown): Code {
  if (isBlank(code)) return undefined;
  const text = typeof code === 'string' ? code.trim() : typeof code === 'number' ? String(code) : '';
  return /^\d{1,3}$/.test(text) ? Number(text) : 'unknown';
}

/** "No error" is null or the text "null" (documented). */
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

/** Retry-After, seconds or an HTTP date, as whole seconds. Wolkvox was never seen to send one. */
function readRetryAfter(headers: WolkvoxResponse['headers']): number | undefined {
  const text = firstValue(headers['retry-after'])?.trim() ?? '';
  if (/^\d{1,9}$/.test(text)) return Number(text);
  const date = DateTime.fromHTTP(text);
  return date.isValid ? Math.max(0, Math.ceil((date.toMillis() - Date.now()) / 1000)) : undefined;
}

/** Says how to narrow the search: by the criteria that the lookup lacks, the most selective first. */
function tooLarge(what: string, lookup: Lookup): LookupFailure {
  const missing = (['customerId', 'phone', 'campaignId'] as const).filter((name) => lookup[name] === undefined);
  const advice =
    missing.length === 0
      ? 'All criteria are given already, so the records must be reduced in Wolkvox.'
      : `Narrow the search: add ${missing.join(' or ')}.`;
  return new LookupFailure('too-large', { message: `${what} ${advice}` });
}

function alreadyReported(): void {
  // The reader of the body threw the first error.
}
