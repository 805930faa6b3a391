import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { createGzip } from 'node:zlib';
import type { PlainAnswer } from './answers.js';

/** A request under way, as far as sending its answer needs it. */
export interface Exchange {
  readonly response: ServerResponse;
  /** Whether the answer is to be compressed. */
  readonly gzip: boolean;
  /** Aborts when the connection closes. */
  readonly signal: AbortSignal;
}

/** Headers as they were seen at the real server. The length is never told: every body is chunked. */
const HEADERS = { Server: 'Apache', 'Cache-Control': 'no-store', 'Transfer-Encoding': 'chunked' };
const CONTENT_TYPES = {
  json: 'application/json; charset=utf-8',
  html: 'text/html; charset=iso-8859-1',
  none: undefined,
};

export function answerHeaders(kind: PlainAnswer['kind'], more: OutgoingHttpHeaders = {}): OutgoingHttpHeaders {
  const type = CONTENT_TYPES[kind];
  return { ...HEADERS, ...(type === undefined ? {} : { 'Content-Type': type }), ...more };
}

export function acceptsGzip(request: IncomingMessage): boolean {
  return /\bgzip\b/.test(request.headers['accept-encoding'] ?? '');
}

export function sendPlain(response: ServerResponse, answer: PlainAnswer): void {
  response.writeHead(answer.status, answerHeaders(answer.kind, answer.headers));
  response.end(answer.body);
}

/** Sends pieces as fast as they are taken, no faster. Rejects where the caller hangs up. */
export async function sendPieces(
  response: ServerResponse,
  status: number,
  pieces: AsyncIterable<string>,
  gzip: boolean,
): Promise<void> {
  response.writeHead(status, answerHeaders('json', gzip ? { 'Content-Encoding': 'gzip' } : {}));
  const source = Readable.from(pieces, { highWaterMark: 1 });
  // The fastest level: the simulator plays a server, not a measurement of compression.
  if (gzip) await pipeline(source, createGzip({ level: 1 }), response);
  else await pipeline(source, response);
}

/** Sends the beginning of an answer and leaves the response open; resolves when it is on its way. */
export function sendBeginning(response: ServerResponse, status: number, text: string): Promise<void> {
  response.writeHead(status, answerHeaders('json'));
  return new Promise((resolve, reject) => {
    response.write(text, (error) => (error ? reject(error) : resolve()));
  });
}

/** Sends one blank each `everyMs` until the caller hangs up. */
export async function drip({ response, signal }: Exchange, everyMs: number): Promise<never> {
  for (;;) {
    await wait(everyMs, undefined, { signal });
    response.write(' ');
  }
}
