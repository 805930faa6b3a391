import type { Socket } from 'node:net';
import { fastifyApolloHandler } from '@as-integrations/fastify';
import fastify, { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { ApolloServer } from '@apollo/server';
import type { GraphQLError } from 'graphql';
import { LookupFailure } from '../records/failure.js';
import { readPerson, type Person } from '../records/person.js';
import { UNKNOWN_ENCODING, decompressed } from './decompress.js';
import { createDoor } from './door.js';
import { requestFault } from './fault.js';
import { MAX_NESTING, isNestedTooDeep } from './json.js';

/** A router's batch of 2,000 representations is about 200 kB. */
const BODY_BYTES = 2_000_000;
/** Requests that arrive while the service drains are still served for so long, until whoever sends them has noticed. */
const DRAIN_GRACE_MS = 1_000;
/** What answers without a secret, for those who only watch whether the service lives. */
const HEALTH_ROUTES = ['/livez', '/readyz'];

export interface HttpOptions<Context extends object> {
  readonly apollo: ApolloServer<Context>;
  /** Starts an operation; `end` when its response is out, or its caller hangs up. */
  readonly begin: () => { readonly context: Context; end(): void };
  /** Says why a document must not run. */
  readonly guard: (query: string) => GraphQLError | undefined;
  /** Secrets of the router; empty: nobody is asked. */
  readonly routerSecrets: readonly string[];
  readonly playground: PlaygroundPage | undefined;
  /** The health of what stands behind, for `/readyz`. It never makes the service unready. */
  readonly health: () => object;
  readonly metrics: {
    render(): Promise<string>;
    readonly contentType: string;
    countResponse(status: number, seconds: number): void;
  };
  readonly metricsPublic: boolean;
  /** How long an operation may take, milliseconds: so long a drain waits for those under way. */
  readonly operationMs: number;
  /** Erases a person; returns how many kept answers were dropped. */
  readonly forget: (person: Person) => Promise<number>;
  readonly onBug: (error: unknown) => void;
}

export interface PlaygroundPage {
  answer(request: { readonly acceptEncoding: string | undefined; readonly ifNoneMatch: string | undefined }): Promise<{
    readonly status: number;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: Buffer | undefined;
  }>;
}

export interface HttpServer {
  /** Listens; resolves to the address, `http://127.0.0.1:4001`. */
  listen(where: { readonly port: number; readonly host: string }): Promise<string>;
  /** Turns unready, serves what is under way to its end, and closes. */
  drain(): Promise<void>;
}

export function createHttpServer<Context extends object>(options: HttpOptions<Context>): HttpServer {
  const { apollo, guard, metrics, onBug } = options;
  const opensDoor = createDoor(options.routerSecrets);
  let state: 'starting' | 'ready' | 'draining' = 'starting';
  const app = fastify({
    bodyLimit: BODY_BYTES,
    // A slow sender must not hold a connection for ever.
    requestTimeout: 30_000,
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    exposeHeadRoutes: false,
    // What is no HTTP, and addresses that cannot be decoded: Fastify's own words would repeat them.
    clientErrorHandler: refuseConnection,
    frameworkErrors: (error, _, reply) => void sendError(error, reply),
  });

  // Connections that have asked nothing yet: Node does not count them as idle, and a drain would wait for them.
  const silent = new Set<Socket>();
  app.server.on('connection', (socket: Socket) => {
    silent.add(socket);
    socket.once('close', () => silent.delete(socket));
  });
  app.server.on('request', ({ socket }) => silent.delete(socket));

  // Whatever route is added later stands behind the door too, and so does what is at no route. The body is not read before.
  const open = new Set([...HEALTH_ROUTES, ...(options.metricsPublic ? ['/metrics'] : [])]);
  app.addHook('onRequest', async (request, reply) => {
    void reply.header('x-content-type-options', 'nosniff').header('referrer-policy', 'no-referrer');
    if (open.has(request.routeOptions.url ?? '') || opensDoor(request.headers['router-authorization'])) return;
    return reply
      .code(401)
      .send(errorBody('Expected a known secret in the header Router-Authorization.', 'UNAUTHENTICATED'));
  });
  app.addHook('preParsing', async (request, _, payload) => decompressed(request.headers['content-encoding'], payload));
  readJsonOnly(app);
  app.addHook('onSend', async (_, reply, payload) => {
    // Also to those who asked before the drain began: their next request shall go elsewhere.
    if (state === 'draining') void reply.header('connection', 'close');
    return payload;
  });
  app.setErrorHandler((error: FastifyError | LookupFailure, _, reply) => sendError(error, reply));
  app.setNotFoundHandler(({ url }, reply) => {
    if (/^\/graphql(\?|$)/.test(url)) {
      const wrongMethod = errorBody('Expected the method GET or POST.', 'BAD_REQUEST');
      return reply.code(405).header('allow', 'GET, POST').send(wrongMethod);
    }
    return reply.code(404).send(errorBody('Nothing is at this address.', 'BAD_REQUEST'));
  });
  addHealth(app);
  addGraph(app);
  app.get('/metrics', async (_, reply) => reply.type(metrics.contentType).send(await metrics.render()));
  app.post('/forget', async ({ body }, reply) => {
    const { phone, customerId } = personIn(body);
    if ((phone ?? '').trim() === '' && (customerId ?? '').trim() === '') {
      return reply.code(400).send(errorBody('Expected JSON with customerId or phone, or both.', 'BAD_USER_INPUT'));
    }
    return reply.send({ forgotten: await options.forget(readPerson({ phone, customerId })) });
  });

  return {
    async listen({ port, host }) {
      const url = await app.listen({ port, host });
      state = 'ready';
      return url;
    },
    async drain() {
      if (state === 'draining') return;
      state = 'draining';
      if ((await openConnections()) > 0) await new Promise((resolve) => setTimeout(resolve, DRAIN_GRACE_MS));
      for (const socket of silent) socket.destroy();
      // Whoever does not take its answer, or never ends its request, must not hold the process.
      const timer = setTimeout(() => app.server.closeAllConnections(), options.operationMs + DRAIN_GRACE_MS);
      await app.close();
      clearTimeout(timer);
    },
  };

  function openConnections(): Promise<number> {
    return new Promise((resolve) => app.server.getConnections((_, count) => resolve(count)));
  }

  function addHealth(routes: FastifyInstance): void {
    routes.get('/livez', () => ({ status: 'alive' }));
    routes.get('/readyz', (_, reply) =>
      reply
        .code(state === 'ready' ? 200 : 503)
        .header('cache-control', 'no-store')
        .send({ status: state, ...options.health() }),
    );
  }

  function addGraph(routes: FastifyInstance): void {
    const handle = fastifyApolloHandler(apollo, { context: (_, reply) => Promise.resolve(contextFor(reply)) });
    routes.route({
      method: ['GET', 'POST'],
      url: '/graphql',
      onRequest: async (request, reply) => (wantsPlayground(request) ? servePlayground(request, reply) : undefined),
      preHandler: async (request, reply: FastifyReply) => {
        for (const query of queriesOf(request)) {
          const refusal = guard(query);
          if (refusal !== undefined) return reply.code(400).send({ errors: [refusal] });
        }
        return undefined;
      },
      onResponse: (_, reply) => {
        metrics.countResponse(reply.statusCode, reply.elapsedTime / 1000);
        return Promise.resolve();
      },
      handler: handle,
    });
    routes.get('/', (request, reply) => {
      if (options.playground !== undefined) return servePlayground(request, reply);
      return reply.code(404).send(errorBody('The graph is at /graphql.', 'BAD_REQUEST'));
    });
  }

  function contextFor(reply: FastifyReply): Context {
    const operation = options.begin();
    // Whoever hung up while the body was read or decompressed closed before anybody listened.
    if (reply.raw.destroyed) operation.end();
    reply.raw.once('close', () => operation.end());
    return operation.context;
  }

  function wantsPlayground(request: FastifyRequest): boolean {
    if (options.playground === undefined || request.method !== 'GET') return false;
    const isQuestion =
      typeof request.query === 'object' && request.query !== null && Object.keys(request.query).length > 0;
    return !isQuestion && (request.headers.accept ?? '').includes('text/html');
  }

  async function servePlayground(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const page = await options.playground?.answer({
      acceptEncoding: request.headers['accept-encoding']?.toString(),
      ifNoneMatch: request.headers['if-none-match'],
    });
    if (page === undefined) return reply.code(404).send();
    return reply.code(page.status).headers(page.headers).send(page.body);
  }

  function sendError(error: FastifyError | LookupFailure, reply: FastifyReply): FastifyReply {
    if (error instanceof LookupFailure) {
      return reply
        .code(error.code === 'BAD_USER_INPUT' ? 400 : 503)
        .send(errorBody(error.message, error.code, error.retryable));
    }
    const status = error.statusCode ?? (error.code === 'ERR_INVALID_URL' ? 400 : 500);
    if (status >= 500) {
      onBug(error);
      return reply.code(500).send(errorBody('Internal server error', 'INTERNAL_SERVER_ERROR'));
    }
    const message = CALLERS_FAULTS[error.code] ?? 'The request cannot be read.';
    return reply.code(status).send(errorBody(message, 'BAD_REQUEST'));
  }
}

/** The code of a body that nests too deep; HTTP 400. */
const NESTED_TOO_DEEP = 'NESTED_TOO_DEEP';

/** What Fastify refuses, in words that hold nothing of the request. */
const CALLERS_FAULTS: Readonly<Record<string, string>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: `The body is too large: expected at most ${BODY_BYTES} bytes, decompressed.`,
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'Expected the content type application/json.',
  FST_ERR_CTP_INVALID_JSON_BODY: 'The body is not JSON.',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'The body is empty; expected JSON.',
  [NESTED_TOO_DEEP]: `The body is nested too deep: expected at most ${MAX_NESTING} lists and objects in one another.`,
  [UNKNOWN_ENCODING]: 'Expected the content encoding gzip, deflate, br or none.',
};

function readJsonOnly(app: FastifyInstance): void {
  const parseJson = app.getDefaultJsonParser('error', 'error');
  app.removeAllContentTypeParsers();
  app.addContentTypeParser<string>('application/json', { parseAs: 'string' }, (request, text, done) => {
    if (isNestedTooDeep(text)) done(requestFault(400, NESTED_TOO_DEEP));
    else void parseJson(request, text, done);
  });
}

function errorBody(message: string, code: string, retryable = false): object {
  return { errors: [{ message, extensions: { code, retryable } }] };
}

/** Answers bytes that Node cannot read as a request, as far as the connection still takes an answer. */
function refuseConnection(error: Error & { readonly code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const status = UNREADABLE[error.code ?? ''] ?? '400 Bad Request';
  const body = JSON.stringify(errorBody('The request cannot be read.', 'BAD_REQUEST'));
  const head = `HTTP/1.1 ${status}\r\ncontent-type: application/json; charset=utf-8\r\ncontent-length: ${body.length}\r\nconnection: close`;
  socket.end(`${head}\r\n\r\n${body}`);
}

const UNREADABLE: Readonly<Record<string, string>> = {
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
};

/** The documents of a request, read as the graph reads them: an address's own parser would differ where it is not well formed. */
function queriesOf({ method, url, body }: FastifyRequest): string[] {
  if (method === 'GET') return new URL(url, 'http://any').searchParams.getAll('query');
  if (typeof body !== 'object' || body === null || !('query' in body)) return [];
  return typeof body.query === 'string' ? [body.query] : [];
}

/** What a body says of a person, as it came: texts, or nothing. */
function personIn(body: unknown): { phone: string | undefined; customerId: string | undefined } {
  const { phone, customerId } = (typeof body === 'object' && body !== null ? body : {}) as Partial<
    Record<string, unknown>
  >;
  const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
  return { phone: textOf(phone), customerId: textOf(customerId) };
}
