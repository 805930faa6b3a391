import type { Readable, Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';

import { requestFault } from './fault.js';

/** The code of a body in an encoding that is not known here; HTTP 415. */
export const UNKNOWN_ENCODING = 'UNKNOWN_CONTENT_ENCODING';

/**
 * The body as it was before a router compressed it. The bound of the body counts what comes out, so a bomb ends there.
 *
 * @throws a request's fault where the encoding is not known
 */
export function decompressed(encoding: string | undefined, payload: Readable): Readable {
  const decoder = decoderFor(encoding?.trim().toLowerCase() ?? '');
  if (decoder === undefined) return payload;
  // Fastify compares this with the content-length, which counts compressed bytes.
  const counted = Object.assign(decoder, { receivedEncodedLength: 0 });
  payload.on('data', (chunk: Buffer) => {
    counted.receivedEncodedLength += chunk.length;
  });
  payload.on('error', (error) => decoder.destroy(error));
  decoder.on('error', (error) => Object.assign(error, { statusCode: 400 }));
  return payload.pipe(decoder);
}

function decoderFor(encoding: string): Transform | undefined {
  switch (encoding) {
    case '':
    case 'identity':
      return undefined;
    case 'gzip':
    case 'x-gzip':
      return createGunzip();
    case 'deflate':
      return createInflate();
    case 'br':
      return createBrotliDecompress();
    default:
      throw requestFault(415, UNKNOWN_ENCODING);
  }
}
