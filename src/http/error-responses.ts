import type { Socket } from 'node:net';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { countErrors, type ErrorCode } from '../core/error-codes.js';
import type { Observe, ServiceEvent } from '../core/events.js';
import { LookupFailure } from '../core/failure.js';
import { loggedOperationName } from '../core/operation-name.js';
import { readCaller } from './caller.js';
import {
  BODY_LIMIT_BYTES,
  NESTED_TOO_DEEP,
  NESTING_LIMIT,
  TOO_MANY_VALUES,
  UNKNOWN_ENCODING,
  VALUES_LIMIT,
} from './request-body.js';

export const UNKNOWN_ADDRESS =
  'The address must be /graphql, /, /livez, /readyz, /metrics, /status or /forget, with a method that it has; got another one.';
const UNREADABLE_REQUEST = 'The request is not valid HTTP, or its address or body cannot be read.';

/** Messages for the errors of a request that Fastify finds. Its own messages repeat parts of the request. */
const MESSAGES: Readonly<Record<string, string>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: `The body must have at most ${BODY_LIMIT_BYTES} bytes after decompression; got more.`,
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'The content type must be application/json; got another one.',
  FST_ERR_CTP_INVALID_JSON_BODY: 'The body must be JSON; got text that is not JSON.',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'The body must be JSON; got an empty body.',
  [NESTED_TOO_DEEP]: `The body may have at most ${NESTING_LIMIT} nested lists and objects; got more.`,
  [TOO_MANY_VALUES]: `The body may have at most ${VALUES_LIMIT.toLocaleString('en')} values; got more. Send several operations.`,
  [UNKNOWN_ENCODING]: 'The content encoding must be gzip, deflate, br or absent; got another one.',
};

/** The body of an error response, in the form of a GraphQL response. */
export function errorBody(message: string, code: string, retryable = false, retryAfterSeconds?: number): object {
  // JSON has no undefined, so the field is absent then.
  return { errors: [{ message, extensions: { code, retryable, retryAfterSeconds } }] };
}

/** Answers a request that failed outside the graph. An error that is no fault of the request is passed to `onBug`. */
export function sendError(
  error: FastifyError | LookupFailure,
  reply: FastifyReply,
  onBug: (error: unknown) => void,
): FastifyReply {
  if (error instanceof LookupFailure) {
    const status = error.code === 'BAD_USER_INPUT' ? 400 : 503;
    return reply.code(status).send(errorBody(error.message, error.code, error.retryable, error.retryAfterSeconds));
  }
  const status = error.statusCode ?? (error.code === 'ERR_INVALID_URL' ? 400 : 500);
  if (status >= 500) {
    onBug(error);
    return reply.code(500).send(errorBody('Internal server error', 'INTERNAL_SERVER_ERROR'));
  }
  const code = error.code === TOO_MANY_VALUES ? 'BAD_USER_INPUT' : 'BAD_REQUEST';
  return reply.code(status).send(errorBody(MESSAGES[error.code] ?? UNREADABLE_REQUEST, code));
}

/** Only `protectRoutes` answers with them. */
const ACCESS_STATUSES: ReadonlySet<number> = new Set([401, 403]);

/**
 * Reports the errors of each response with an HTTP status of 400 or higher, whichever part of the service sends it. The
 * graph reports those of the other responses, and `protectRoutes` those of requests that it refuses.
 *
 * @param trustsNames as in `readCaller`
 */
export function reportErrors(app: FastifyInstance, observe: Observe, trustsNames: boolean): void {
  app.addHook('onSend', (request, reply, payload, done) => {
    if (
      reply.statusCode >= 400 &&
      !ACCESS_STATUSES.has(reply.statusCode) &&
      typeof payload === 'string' &&
      payload.startsWith('{"errors":')
    ) {
      observe(errorEvent(request, reply, payload, trustsNames));
    }
    done(null, payload);
  });
}

function errorEvent(request: FastifyRequest, reply: FastifyReply, payload: string, trustsNames: boolean): ServiceEvent {
  const requestId = request.id;
  const { errors } = JSON.parse(payload) as { readonly errors: Parameters<typeof countErrors>[0] };
  const counts = countErrors(errors);
  if (request.routeOptions.url === '/graphql') {
    const operationName = loggedOperationName(givenOperationName(request));
    const { clientName } = readCaller(request, trustsNames);
    const ms = Math.round(reply.elapsedTime);
    return { event: 'operation.failed', errors: counts, ms, clientName, operationName, requestId };
  }
  const [code = 'OTHER'] = Object.keys(counts) as ErrorCode[];
  return { event: 'request.refused', code, httpStatus: reply.statusCode, requestId };
}

function givenOperationName({ body, query }: FastifyRequest): unknown {
  const parameters = body ?? query;
  if (typeof parameters !== 'object' || parameters === null || !('operationName' in parameters)) return undefined;
  return parameters.operationName;
}

const STATUS_LINES: Readonly<Record<string, string>> = {
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
};

/** Answers bytes that Node cannot parse as a request, and closes the connection. */
export function refuseConnection(error: Error & { readonly code?: string }, socket: Socket, observe: Observe): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const body = JSON.stringify(errorBody(UNREADABLE_REQUEST, 'BAD_REQUEST'));
  const statusLine = STATUS_LINES[error.code ?? ''] ?? '400 Bad Request';
  observe({ event: 'request.refused', code: 'BAD_REQUEST', httpStatus: Number.parseInt(statusLine) });
  const head = [
    `HTTP/1.1 ${statusLine}`,
    'content-type: application/json; charset=utf-8',
    `content-length: ${body.length}`,
    'connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}
