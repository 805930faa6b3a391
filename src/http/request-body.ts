import type { Readable, Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import type { FastifyInstance } from 'fastify';
import type { TimeSlices } from '../core/time-slices.js';

/** The size of a body after decompression. A router's batch of 2,000 representations has about 200 kB. */
export const BODY_LIMIT_BYTES = 2_000_000;
/** Nested lists and objects of a body. The deepest useful body, a router's representations, has about ten. */
export const NESTING_LIMIT = 100;
/** Values of a body, about: each comma and each list or object counts. 2,000 representations have some thousands. */
export const VALUES_LIMIT = 30_000;

/** The code of a body whose encoding is unknown; HTTP 415. */
export const UNKNOWN_ENCODING = 'UNKNOWN_CONTENT_ENCODING';
/** The code of a body with too many nested lists and objects; HTTP 400. */
export const NESTED_TOO_DEEP = 'NESTED_TOO_DEEP';
/** The code of a body with too many values; HTTP 400. */
export const TOO_MANY_VALUES = 'TOO_MANY_VALUES';

/** Makes the server read JSON bodies only, compressed or not. To parse one of 2 MB takes about 20 ms. */
export function readJsonBodies(app: FastifyInstance, slices: TimeSlices): void {
  app.addHook('preParsing', (request, _, payload, done) => {
    done(null, decompress(request.headers['content-encoding'], payload));
  });
  const parseJson = app.getDefaultJsonParser('error', 'error');
  app.removeAllContentTypeParsers();
  app.addContentTypeParser<string>('application/json', { parseAs: 'string' }, (request, text, done) => {
    const parse = (): void => {
      const exceeded = exceededLimit(text);
      if (exceeded === undefined) void parseJson(request, text, done);
      else done(requestError(400, exceeded));
    };
    const pause = slices.next();
    if (pause === undefined) parse();
    else void pause.then(parse);
  });
}

/**
 * The body without its compression. The server counts the bytes that come out of it, so a gzip bomb ends at the limit.
 *
 * @throws an error with status 415 if the encoding is unknown
 */
function decompress(encoding: string | undefined, payload: Readable): Readable {
  const decoder = createDecoder(encoding?.trim().toLowerCase() ?? '');
  if (decoder === undefined) return payload;
  // Fastify compares this number with the content-length, which counts compressed bytes.
  const counted = Object.assign(decoder, { receivedEncodedLength: 0 });
  payload.on('data', (chunk: Buffer) => {
    counted.receivedEncodedLength += chunk.length;
  });
  payload.on('error', (error) => decoder.destroy(error));
  decoder.on('error', (error) => Object.assign(error, { statusCode: 400 }));
  return payload.pipe(decoder);
}

/** Undefined: the body is not compressed. */
function createDecoder(encoding: string): Transform | undefined {
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
      throw requestError(415, UNKNOWN_ENCODING);
  }
}

/** An error of the request, in the form that Fastify's error handler receives. */
function requestError(statusCode: number, code: string): Error & { statusCode: number; code: string } {
  return Object.assign(new Error(code), { statusCode, code });
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
const OPENING_BRACE = 0x7b;
const CLOSING_BRACE = 0x7d;
/** The bit in which a brace differs from a bracket. */
const BRACE_BIT = 0x20;

/**
 * The code of the limit that a JSON text exceeds, checked before parsing. A million brackets cost the parser half a
 * second, and 600,000 empty objects need 50 MB of memory.
 */
function exceededLimit(text: string): string | undefined {
  let depth = 0;
  let values = 0;
  let isInString = false;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (isInString) {
      if (code === BACKSLASH) at += 1;
      else if (code === QUOTE) isInString = false;
    } else if (code === QUOTE) isInString = true;
    else if (code === COMMA) values += 1;
    else if ((code | BRACE_BIT) === OPENING_BRACE) {
      values += 1;
      depth += 1;
      if (depth > NESTING_LIMIT) return NESTED_TOO_DEEP;
    } else if ((code | BRACE_BIT) === CLOSING_BRACE) depth -= 1;
  }
  return values > VALUES_LIMIT ? TOO_MANY_VALUES : undefined;
}
