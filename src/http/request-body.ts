import type { Readable, Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import type { FastifyInstance } from 'fastify';

/** The size of a body after decompression. A router's batch of 2,000 representations has about 200 kB. */
export const BODY_LIMIT_BYTES = 2_000_000;
/** Nested lists and objects of a body. The deepest useful body, a router's representations, has about ten. */
export const NESTING_LIMIT = 100;

/** The code of a body whose encoding is unknown; HTTP 415. */
export const UNKNOWN_ENCODING = 'UNKNOWN_CONTENT_ENCODING';
/** The code of a body with too many nested lists and objects; HTTP 400. */
export const NESTED_TOO_DEEP = 'NESTED_TOO_DEEP';

/** Makes the server read JSON bodies only, compressed or not. */
export function readJsonBodies(app: FastifyInstance): void {
  app.addHook('preParsing', async (request, _, payload) => decompress(request.headers['content-encoding'], payload));
  const parseJson = app.getDefaultJsonParser('error', 'error');
  app.removeAllContentTypeParsers();
  app.addContentTypeParser<string>('application/json', { parseAs: 'string' }, (request, text, done) => {
    if (isNestedTooDeep(text)) done(requestError(400, NESTED_TOO_DEEP));
    else void parseJson(request, text, done);
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
const BACKSLASH = 0x5c;
const OPENING_BRACKET = 0x5b;
const CLOSING_BRACKET = 0x5d;
const OPENING_BRACE = 0x7b;
const CLOSING_BRACE = 0x7d;

/**
 * Whether a JSON text exceeds `NESTING_LIMIT`. Checked before parsing: a million brackets cost the parser half a
 * second.
 */
function isNestedTooDeep(text: string): boolean {
  let depth = 0;
  let isInString = false;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (isInString) {
      if (code === BACKSLASH) at += 1;
      else if (code === QUOTE) isInString = false;
    } else if (code === QUOTE) isInString = true;
    else if (code === OPENING_BRACKET || code === OPENING_BRACE) {
      depth += 1;
      if (depth > NESTING_LIMIT) return true;
    } else if (code === CLOSING_BRACKET || code === CLOSING_BRACE) depth -= 1;
  }
  return false;
}
