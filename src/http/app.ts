import fastify, { type FastifyError, type FastifyInstance } from 'fastify';
import type { Observe } from '../core/events.js';
import type { LookupFailure } from '../core/failure.js';
import { refuseConnection, sendError } from './error-responses.js';
import { BODY_LIMIT_BYTES } from './request-body.js';
import { readRequestId } from './request-id.js';

export interface AppOptions {
  /** Called with every error that is neither a LookupFailure nor an error of the request. */
  readonly onBug: (error: unknown) => void;
  readonly observe: Observe;
}

/** How long a client may take, in milliseconds. */
export interface Timeouts {
  /** To send the headers of a request, from its first byte or the start of the connection. */
  readonly headersMs: number;
  /** To send a whole request. Longer than `headersMs`. */
  readonly requestMs: number;
  /** To take a whole response, from the time when it is ready. */
  readonly responseMs: number;
  /** How often the first two are checked. */
  readonly checkMs: number;
}

const TIMEOUTS: Timeouts = { headersMs: 10_000, requestMs: 30_000, responseMs: 30_000, checkMs: 1_000 };

/** Fastify with the limits and the error responses of this service, without routes. */
export function createApp({ onBug, observe }: AppOptions, timeouts = TIMEOUTS): FastifyInstance {
  const app = fastify({
    bodyLimit: BODY_LIMIT_BYTES,
    requestTimeout: timeouts.requestMs,
    http: { headersTimeout: timeouts.headersMs, connectionsCheckingInterval: timeouts.checkMs },
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    exposeHeadRoutes: false,
    schemaController: { compilersFactory: { buildValidator: refuseSchema, buildSerializer: refuseSchema } },
    genReqId: ({ headers }) => readRequestId(headers),
    // These two replace responses of Node and Fastify, which repeat parts of the request.
    clientErrorHandler: (error, socket) => refuseConnection(error, socket, observe),
    frameworkErrors: (error, request, reply) => {
      void sendError(error, reply, onBug);
      observe({ event: 'request.refused', code: 'BAD_REQUEST', httpStatus: reply.statusCode, requestId: request.id });
    },
  });
  app.setErrorHandler((error: FastifyError | LookupFailure, _, reply) => sendError(error, reply, onBug));
  app.addHook('onRequest', (request, reply, done) => {
    void reply.header('x-request-id', request.id);
    void reply.header('x-content-type-options', 'nosniff').header('referrer-policy', 'no-referrer');
    done();
  });
  closeUnreadResponses(app, timeouts.responseMs);
  return app;
}

/** No route has a schema. By default Fastify loads its compilers of schemas at the start, which take 9 MB. */
function refuseSchema(): never {
  throw new Error('A route has a schema, but this service has no compiler of schemas.');
}

/** Closes the connection of a client that does not take its response. The response would stay in memory. */
function closeUnreadResponses(app: FastifyInstance, timeoutMs: number): void {
  app.addHook('onSend', ({ raw: { socket } }, { raw }, payload, done) => {
    // A response that waits behind another one of its connection has no connection yet, but its request has it.
    const timer = setTimeout(() => socket.destroy(), timeoutMs).unref();
    raw.once('close', () => clearTimeout(timer));
    done(null, payload);
  });
}
