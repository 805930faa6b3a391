import { Transform, pipeline } from 'node:stream';
import type { Readable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { LookupFailure } from '../core/failure.js';
import { malformed, transportFailure } from './failure.js';

/** The response of undici's `request()`. Its body is still compressed. */
export interface WolkvoxResponse {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Readable;
}

/** Bytes between two turns of the event loop: less than a millisecond of work, some 10 ms while the code is cold. */
const PIECE_BYTES = 16 * 1024;
/** On the wire a body may be this much longer than decompressed: the frame of gzip. */
const FRAME_BYTES = 64 * 1024;

/**
 * The decompressed body in pieces of at most 16 KiB. Other work runs between them.
 *
 * @param maxBytes what comes before this bound is given out, then `tooLarge()` is thrown
 * @throws LookupFailure if the body ends too early, cannot be decompressed, or is too large
 */
export async function* readPieces(
  response: WolkvoxResponse,
  maxBytes: number,
  tooLarge: () => LookupFailure,
): AsyncGenerator<Uint8Array, void> {
  let read = 0;
  let sinceTurn = 0;
  const { stream, isBroken } = decompress(response, maxBytes, tooLarge);
  try {
    for await (const chunk of stream as AsyncIterable<Uint8Array>) {
      for (let at = 0; at < chunk.length; at += PIECE_BYTES) {
        const piece = chunk.subarray(at, at + PIECE_BYTES);
        if (piece.length > maxBytes - read) {
          yield piece.subarray(0, maxBytes - read);
          throw tooLarge();
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
    throw isBroken() ? malformed('the body cannot be decompressed') : transportFailure(error, response.statusCode);
  }
}

/**
 * Decompresses the body. After the stream has failed, `isBroken` tells whether the bytes could not be decompressed; if
 * not, they did not arrive.
 */
function decompress(
  { body, headers }: WolkvoxResponse,
  maxBytes: number,
  tooLarge: () => LookupFailure,
): { stream: Readable; isBroken: () => boolean } {
  const encoding = (firstValue(headers['content-encoding']) ?? '').trim().toLowerCase();
  if (encoding === '' || encoding === 'identity') return { stream: body, isBroken: () => false };
  const decoder = createDecoder(encoding);
  let isBroken = false;
  // This listener is registered before those of the pipeline, which passes the decoder's error on to the body.
  decoder.once('error', (error) => {
    isBroken = body.errored === null && !('code' in error && error.code === 'ERR_STREAM_PREMATURE_CLOSE');
  });
  pipeline(body, createByteLimit(maxBytes + FRAME_BYTES, tooLarge), decoder, reportedByIteration);
  return { stream: decoder, isBroken: () => isBroken };
}

/** Compressed bytes are bounded, too: an endless row of empty gzip members has no decompressed bytes. */
function createByteLimit(maxBytes: number, tooLarge: () => LookupFailure): Transform {
  let bytes = 0;
  return new Transform({
    transform(chunk: Uint8Array, _encoding, done) {
      bytes += chunk.length;
      if (bytes > maxBytes) done(tooLarge());
      else done(null, chunk);
    },
  });
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

export function firstValue(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' ? header : header?.[0];
}

function reportedByIteration(): void {
  // The iteration over the decoder throws the error of the pipeline.
}
