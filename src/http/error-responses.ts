import type { Socket } from 'node:net';
import type { FastifyError, FastifyReply } from 'fastify';
import { LookupFailure } from '../core/failure.js';
import { BODY_LIMIT_BYTES, NESTED_TOO_DEEP, NESTING_LIMIT, UNKNOWN_ENCODING } from './request-body.js';

const UNREADABLE_REQUEST = 'The request is not valid HTTP, or its address or body cannot be read.';

/** Messages for the errors of a request that Fastify finds. Its own messages repeat parts of the request. */
const MESSAGES: Readonly<Record<string, string>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: `The body must have at most ${BODY_LIMIT_BYTES} bytes after decompression; got more.`,
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'The content type must be application/json; got another one.',
  FST_ERR_CTP_INVALID_JSON_BODY: 'The body must be JSON; got text that is not JSON.',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'The body must be JSON; got an empty body.',
  [NESTED_TOO_DEEP]: `The body may have at most ${NESTING_LIMIT} nested lists and objects; got more.`,
  [UNKNOWN_ENCODING]: 'The content encoding must be gzip, deflate, br or absent; got another one.',
};

/** The body of an error response, in the form of a GraphQL response. */
export function errorBody(message: string, code: string, retryable = false): object {
  return { errors: [{ message, extensions: { code, retryable } }] };
}

/** Answers a request that failed outside the graph. An error that is no fault of the request is passed to `onBug`. */
export function sendError(
  error: FastifyError | LookupFailure,
  reply: FastifyReply,
  onBug: (error: unknown) => void,
): FastifyReply {
  if (error instanceof LookupFailure) {
    const status = error.code === 'BAD_USER_INPUT' ? 400 : 503;
    return reply.code(status).send(errorBody(error.message, error.code, error.retryable));
  }
  const status = error.statusCode ?? (error.code === 'ERR_INVALID_URL' ? 400 : 500);
  if (status >= 500) {
    onBug(error);
    return reply.code(500).send(errorBody('Internal server error', 'INTERNAL_SERVER_ERROR'));
  }
  return reply.code(status).send(errorBody(MESSAGES[error.code] ?? UNREADABLE_REQUEST, 'BAD_REQUEST'));
}

const STATUS_LINES: Readonly<Record<string, string>> = {
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
};

/** Answers bytes that Node cannot parse as a request, and closes the connection. */
export function refuseConnection(error: Error & { readonly code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const body = JSON.stringify(errorBody(UNREADABLE_REQUEST, 'BAD_REQUEST'));
  const head = [
    `HTTP/1.1 ${STATUS_LINES[error.code ?? ''] ?? '400 Bad Request'}`,
    'content-type: application/json; charset=utf-8',
    `content-length: ${body.length}`,
    'connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}
