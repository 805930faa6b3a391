import { HeaderMap, type ApolloServer, type HTTPGraphQLRequest } from '@apollo/server';
import type { DoneFuncWithErrOrRes, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { GraphQLError } from 'graphql';
import type { Caller } from '../core/answer.js';
import type { Observe } from '../core/events.js';
import { LookupFailure } from '../core/failure.js';
import { readCaller } from './caller.js';
import { errorBody, UNKNOWN_ADDRESS } from './error-responses.js';

export interface GraphRoutesOptions<Context extends object> {
  readonly apollo: ApolloServer<Context>;
  /** Starts an operation. `end` is called when its response is sent or its connection closes. */
  readonly begin: (caller: Caller, showsCost: boolean) => StartedOperation<Context>;
  /** Returns the error of a document that exceeds a limit. */
  readonly checkDocument: (query: string) => GraphQLError | undefined;
  /** Undefined: there is no playground. */
  readonly playground: PlaygroundPage | undefined;
  readonly metrics: { countResponse(status: number, seconds: number): void };
  /** The secrets of the router. Empty: anybody may ask, so the names of callers are not trusted. */
  readonly routerSecrets: readonly string[];
  /** The size of one response. The graph estimates it before it resolves; this is checked at the end. */
  readonly responseLimitBytes: number;
  readonly observe: Observe;
}

export interface StartedOperation<Context> {
  readonly context: Context;
  readonly end: () => void;
  /** The body of the response whose text Apollo Server returns. */
  readonly toBody: (text: string) => string | Buffer;
}

export interface PlaygroundPage {
  answer(request: { readonly acceptEncoding: string | undefined; readonly ifNoneMatch: string | undefined }): Promise<{
    readonly status: number;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: Buffer | undefined;
  }>;
}

/** Adds `/graphql`, and `/` with the playground. */
export function addGraphRoutes<Context extends object>(
  app: FastifyInstance,
  options: GraphRoutesOptions<Context>,
): void {
  const { apollo, begin, checkDocument, playground, metrics } = options;
  const trustsNames = options.routerSecrets.length > 0;
  app.route({
    method: ['GET', 'POST'],
    url: '/graphql',
    onRequest(request, reply, done) {
      if (playground !== undefined && asksForPage(request)) sendPlayground(playground, request, reply).catch(done);
      else done();
    },
    preHandler(request, reply: FastifyReply, done) {
      const refusal = refusalOf(request, checkDocument);
      if (refusal === undefined) done();
      else void reply.code(400).send(refusal);
    },
    onResponse(_, reply, done) {
      metrics.countResponse(reply.statusCode, reply.elapsedTime / 1_000);
      done();
    },
    onSend: limitResponse(options),
    handler: async (request, reply) => {
      let operation: StartedOperation<Context> | undefined;
      const { status, headers, body } = await apollo.executeHTTPGraphQLRequest({
        httpGraphQLRequest: toGraphRequest(request),
        context: async () => {
          operation = begin(readCaller(request, trustsNames), request.headers['wolkvox-cost'] === '1');
          endWithResponse(operation, request, reply);
          return operation.context;
        },
      });
      if (body.kind !== 'complete') throw new Error('Expected a response in one part; got several.');
      for (const [name, value] of headers) void reply.header(name, value);
      void reply.code(status ?? 200);
      // Fastify would watch the end of a response that the handler sends itself.
      return operation?.toBody(body.string) ?? body.string;
    },
  });
  app.get('/', (request, reply) => {
    if (playground !== undefined) return sendPlayground(playground, request, reply);
    return reply.code(404).send(errorBody(UNKNOWN_ADDRESS, 'BAD_REQUEST'));
  });
}

/** The body of the response to a request that Apollo Server does not get; undefined: it gets the request. */
function refusalOf(
  request: FastifyRequest,
  checkDocument: GraphRoutesOptions<object>['checkDocument'],
): object | undefined {
  if (request.method === 'POST' && !isObject(request.body)) {
    const message = 'The body must be a JSON object with one operation; got another value.';
    return errorBody(message, 'BAD_REQUEST');
  }
  for (const query of queriesOf(request)) {
    const error = checkDocument(query);
    if (error !== undefined) return { errors: [error] };
  }
  return undefined;
}

/** The headers that Apollo Server reads: it negotiates the content type, and prevents cross-site request forgery. */
const APOLLO_HEADERS = ['accept', 'content-type', 'x-apollo-operation-name', 'apollo-require-preflight'] as const;
/** Values of `accept` for which Apollo Server sends JSON, as it does without the header. */
const ACCEPTS_JSON: ReadonlySet<string | undefined> = new Set([undefined, 'application/json', '*/*']);
/**
 * The headers of a usual POST. Apollo Server refuses a request that another site may send, unless it has this header.
 * It is set here, because `readJsonBodies` accepts JSON only, which a browser sends to another site only after a
 * preflight. To check the content type, and to negotiate that of the response, would take 7% of a small request.
 */
const JSON_POST_HEADERS = new HeaderMap([['apollo-require-preflight', 'true']]);

/** A request in the form that Apollo Server reads. */
function toGraphRequest({ method, url, headers, body }: FastifyRequest): HTTPGraphQLRequest {
  if (method === 'POST' && ACCEPTS_JSON.has(headers.accept)) {
    return { method, headers: JSON_POST_HEADERS, search: '', body };
  }
  const map = new HeaderMap();
  for (const name of APOLLO_HEADERS) {
    const value = headers[name];
    if (value !== undefined) map.set(name, Array.isArray(value) ? value.join(', ') : value);
  }
  const search = method === 'GET' ? new URL(url, 'http://localhost').search : '';
  return { method, headers: map, search, body };
}

/** Ends the operation when its response is sent or its connection closes. */
function endWithResponse(
  { end }: StartedOperation<object>,
  { raw: { socket } }: FastifyRequest,
  { raw: response }: FastifyReply,
): void {
  // The connection may have closed while the body was read. No 'close' event comes then.
  if (socket.destroyed || response.destroyed) end();
  // A response that waits behind another one of its connection (pipelining) has no 'close' event if that closes. The
  // connection has a listener for each of them.
  socket.setMaxListeners(0);
  socket.once('close', end);
  response.once('close', () => {
    socket.off('close', end);
    end();
  });
}

/** Replaces a response that is larger than the graph estimated. */
function limitResponse({
  responseLimitBytes,
  routerSecrets,
  observe,
}: Pick<GraphRoutesOptions<object>, 'responseLimitBytes' | 'routerSecrets' | 'observe'>) {
  return (request: FastifyRequest, reply: FastifyReply, payload: unknown, done: DoneFuncWithErrOrRes): void => {
    if (!isBody(payload) || !isLonger(payload, responseLimitBytes)) {
      done(null, payload);
      return;
    }
    const { message, code } = new LookupFailure('response-too-large');
    // The graph has reported a response with errors. Apollo Server writes them before the data.
    if (typeof payload !== 'string' || !payload.startsWith('{"errors":')) {
      const ms = Math.round(reply.elapsedTime);
      const { clientName } = readCaller(request, routerSecrets.length > 0);
      observe({ event: 'operation.failed', errors: { [code]: 1 }, ms, clientName, requestId: request.id });
    }
    void reply.header('cache-control', 'no-store');
    done(null, JSON.stringify(errorBody(message, code)));
  };
}

function isBody(payload: unknown): payload is string | Buffer {
  return typeof payload === 'string' || Buffer.isBuffer(payload);
}

/** Whether a body has more than `bytes` in UTF-8, in which a character has one to three of them. */
function isLonger(body: string | Buffer, bytes: number): boolean {
  return body.length * 3 > bytes && Buffer.byteLength(body) > bytes;
}

/**
 * The documents of a request. They are read as Apollo Server reads them, because parsers of malformed addresses differ.
 */
function queriesOf({ method, url, body }: FastifyRequest): string[] {
  if (method === 'GET') return new URL(url, 'http://localhost').searchParams.getAll('query');
  return isObject(body) && typeof body['query'] === 'string' ? [body['query']] : [];
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether a browser asks for the page: a GET of `/`, or one of `/graphql` that accepts HTML and has no parameters. */
export function asksForPage({ method, query, headers, routeOptions }: FastifyRequest): boolean {
  if (method !== 'GET') return false;
  if (routeOptions.url !== '/graphql') return routeOptions.url === '/';
  const hasParameters = typeof query === 'object' && query !== null && Object.keys(query).length > 0;
  return !hasParameters && (headers.accept ?? '').includes('text/html');
}

async function sendPlayground(
  playground: PlaygroundPage,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { status, headers, body } = await playground.answer({
    acceptEncoding: request.headers['accept-encoding']?.toString(),
    ifNoneMatch: request.headers['if-none-match'],
  });
  return reply.code(status).headers(headers).send(body);
}
