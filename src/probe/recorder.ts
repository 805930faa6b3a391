import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { Readable } from 'node:stream';
import { LookupFailure } from '../core/failure.js';
import type { Lookup } from '../core/lookup.js';
import type { CampaignRecord } from '../core/record.js';
import { readPieces, type WolkvoxResponse } from '../wolkvox/body.js';
import { readRow, type Row } from '../wolkvox/columns.js';
import { readObject } from '../wolkvox/rows.js';

/**
 * The form of an answer as Wolkvox sent it. The client drops rows that do not fulfil the criteria, and it accepts
 * several forms, so its result alone does not say what Wolkvox did.
 */
export interface RawAnswer {
  readonly httpStatus: number;
  /** `code` of the envelope; `no envelope`: the body is not a JSON object. */
  readonly code: 'a text' | 'a number' | 'missing' | 'of another type' | 'no envelope';
  /** Whether `code`, as a number, is the HTTP status. */
  readonly codeIsStatus: boolean;
  readonly data: 'missing' | 'null' | 'an empty list' | 'a list' | 'an object' | 'of another type';
  /** All rows, those that do not fulfil the criteria included. They are personal data: never print them. */
  readonly rows: readonly CampaignRecord[];
  /** The number of columns of each row. */
  readonly columns: readonly number[];
  /** Values that are neither a text nor null. */
  readonly otherValues: number;
}

/** Copies the responses that the client of Wolkvox receives. One call at a time. */
export interface Recorder {
  /** The response to the last call, and forgets it; undefined if no status line arrived. */
  take(): WolkvoxResponse | undefined;
  close(): void;
}

/** Documented by undici (docs/api/DiagnosticsChannel.md). `headers` has names and values in turn. */
interface HeadersMessage {
  readonly request: { readonly method: string };
  readonly response: { readonly statusCode: number; readonly headers: readonly Uint8Array[] };
}
interface ChunkMessage {
  readonly request: { readonly method: string };
  readonly chunk: Uint8Array;
}

const HEADERS_CHANNEL = 'undici:request:headers';
const CHUNK_CHANNEL = 'undici:request:bodyChunkReceived';

/**
 * Listens to undici's diagnostics channels, so that each call is exactly the one that the service makes. Only GET
 * counts: a proxy may be asked for a tunnel first.
 *
 * @param maxBytes bytes of a body that are copied, as they arrive
 */
export function createRecorder(maxBytes: number): Recorder {
  let head: HeadersMessage['response'] | undefined;
  let chunks: Uint8Array[] = [];
  let bytes = 0;

  const onHeaders = (message: unknown): void => {
    const { request, response } = message as HeadersMessage;
    if (request.method !== 'GET') return;
    head = response;
    chunks = [];
    bytes = 0;
  };
  const onChunk = (message: unknown): void => {
    const { request, chunk } = message as ChunkMessage;
    if (request.method !== 'GET' || bytes > maxBytes) return;
    bytes += chunk.length;
    chunks.push(Uint8Array.from(chunk));
  };
  subscribe(HEADERS_CHANNEL, onHeaders);
  subscribe(CHUNK_CHANNEL, onChunk);

  return {
    take() {
      if (head === undefined) return undefined;
      const { statusCode, headers } = head;
      head = undefined;
      return { statusCode, headers: readHeaders(headers), body: Readable.from(chunks) };
    },
    close() {
      unsubscribe(HEADERS_CHANNEL, onHeaders);
      unsubscribe(CHUNK_CHANNEL, onChunk);
    },
  };
}

export interface RawAnswerOptions {
  /** The lookup that was answered. */
  readonly lookup: Lookup;
  /** The luxon zone of Wolkvox's dates. */
  readonly zone: string;
  /** Bytes of the body that are read, decompressed. */
  readonly maxBytes: number;
}

/** Reads the form of an answer, and all of its rows. A body that cannot be read has no envelope. */
export async function readRawAnswer(response: WolkvoxResponse, options: RawAnswerOptions): Promise<RawAnswer> {
  const envelope = await readEnvelope(response, options.maxBytes);
  const { statusCode: httpStatus } = response;
  const data = envelope?.['data'];
  const rows = (Array.isArray(data) ? (data as readonly unknown[]) : []).filter(isRow);
  return {
    httpStatus,
    code: envelope === undefined ? 'no envelope' : typeOfCode(envelope['code']),
    codeIsStatus: Number(envelope?.['code']) === httpStatus,
    data: formOf(data),
    rows: rows.flatMap((row) => tryReadRow(row, options)),
    columns: rows.map((row) => Object.keys(row).length),
    otherValues: rows
      .flatMap((row) => Object.values(row))
      .filter((value) => value !== null && typeof value !== 'string').length,
  };
}

async function readEnvelope(response: WolkvoxResponse, maxBytes: number): Promise<Row | undefined> {
  const pieces: Uint8Array[] = [];
  try {
    for await (const piece of readPieces(response, maxBytes, () => new LookupFailure('too-large'))) pieces.push(piece);
    return readObject(Buffer.concat(pieces).toString(), 'body');
  } catch (error) {
    if (error instanceof LookupFailure) return undefined;
    throw error;
  }
}

/** No record if a column has a value that the service cannot read. */
function tryReadRow(row: Row, options: RawAnswerOptions): CampaignRecord[] {
  try {
    return [readRow(row, options)];
  } catch (error) {
    if (error instanceof LookupFailure) return [];
    throw error;
  }
}

function readHeaders(raw: readonly Uint8Array[]): Record<string, string> {
  const texts = raw.map((text) => Buffer.from(text).toString('latin1'));
  return Object.fromEntries(
    texts.flatMap((name, index) => (index % 2 === 0 ? [[name.toLowerCase(), texts[index + 1] ?? '']] : [])),
  );
}

function isRow(value: unknown): value is Row {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function typeOfCode(code: unknown): RawAnswer['code'] {
  if (code === undefined || code === null) return 'missing';
  if (typeof code === 'string') return 'a text';
  return typeof code === 'number' ? 'a number' : 'of another type';
}

function formOf(data: unknown): RawAnswer['data'] {
  if (data === undefined) return 'missing';
  if (data === null) return 'null';
  if (Array.isArray(data)) return data.length === 0 ? 'an empty list' : 'a list';
  return typeof data === 'object' ? 'an object' : 'of another type';
}
