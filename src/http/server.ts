import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import type { Readable, Transform } from 'node:stream';
import { fastifyApolloHandler } from '@as-integrations/fastify';
import fastify, { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { ApolloServer } from '@apollo/server';
import type { GraphQLError } from 'graphql';
import { createDoor } from './door.js';

/** A router's batch of 2,000 representations is about 200 kB. */
const BODY_BYTES = 2_000_000;
/** Requests that arrive while the service drains are still served for so long, until whoever sends them has noticed. */
const DRAIN_GRACE_MS = 1_000;

export interface HttpOptions<Context extends object> {
  readonly apollo: ApolloServer<Context>;
  /** Starts an operation; `finish` when its response is out, `abandon` when its caller hangs up. */
  readonly begin: () => { readonly context: Context; finish(): void; abandon(): void };
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
  /** Erases a person; returns how many kept answers were dropped. */
  readonly forget: (person: Person) => Promise<number>;
  readonly onBug: (error: unknown) => void;
}

export interface Person {
  readonly phone?: string;
  readonly customerId?: string;
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
  });

  // Ids, names and phones travel in the answers: no cache on the way but a router's own, and nothing is guessed of their type.
  app.addHook('onRequest', async (_, reply) => {
    void reply.header('x-content-type-options', 'nosniff').header('referrer-policy', 'no-referrer');
    if (state === 'draining') void reply.header('connection', 'close');
  });
  app.setErrorHandler((error: FastifyError, _, reply) => sendError(error, reply));
  app.setNotFoundHandler((_, reply) => reply.code(404).send(errorBody('Nothing is at this address.', 'BAD_REQUEST')));
  app.addHook('preParsing', (request, _, payload) => Promise.resolve(decompressed(request, payload)));
  addHealth(app);
  addGraph(app);
  app.get('/metrics', async (request, reply) => {
    if (!options.metricsPublic && !opensDoor(request.headers['router-authorization'])) return refuse(reply);
    return reply.type(metrics.contentType).send(await metrics.render());
  });
  app.post('/forget', async (request, reply) => {
    if (!opensDoor(request.headers['router-authorization'])) return refuse(reply);
    const person = readPerson(request.body);
    if (person === undefined) {
      return reply.code(400).send(errorBody('Expected JSON with customerId or phone, or both.', 'BAD_USER_INPUT'));
    }
    return reply.send({ forgotten: await options.forget(person) });
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
      await app.close();
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
      // Before the body is read, let alone parsed.
      onRequest: async (request, reply) => {
        if (wantsPlayground(request)) return servePlayground(request, reply);
        return opensDoor(request.headers['router-authorization']) ? undefined : refuse(reply);
      },
      preHandler: async (request, reply: FastifyReply) => {
        const query = queryOf(request);
        const refusal = query === undefined ? undefined : guard(query);
        return refusal === undefined ? undefined : reply.code(400).send({ errors: [refusal] });
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
    reply.raw.once('close', () => {
      if (reply.raw.writableFinished) operation.finish();
      else operation.abandon();
    });
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

  function sendError(error: FastifyError, reply: FastifyReply): FastifyReply {
    const status = error.statusCode ?? (error.code === 'ERR_INVALID_URL' ? 400 : 500);
    if (status < 500)
      return reply
        .code(status)
        .send(errorBody(CALLERS_FAULTS[error.code] ?? 'The request cannot be read.', 'BAD_REQUEST'));
    onBug(error);
    return reply.code(500).send(errorBody('Internal server error', 'INTERNAL_SERVER_ERROR'));
  }
}

/** What Fastify refuses, in words that hold nothing of the request. */
const CALLERS_FAULTS: Readonly<Record<string, string>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: `The body is too large: expected at most ${BODY_BYTES} bytes, decompressed.`,
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'Expected the content type application/json.',
  FST_ERR_CTP_INVALID_JSON_BODY: 'The body is not JSON.',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'The body is empty; expected JSON.',
};

function refuse(reply: FastifyReply): FastifyReply {
  return reply
    .code(401)
    .send(errorBody('Expected a known secret in the header Router-Authorization.', 'UNAUTHENTICATED'));
}

function errorBody(message: string, code: string): object {
  return { errors: [{ message, extensions: { code, retryable: false } }] };
}

/** The document of a request, where there is one. */
function queryOf({ method, query, body }: FastifyRequest): string | undefined {
  const from: unknown = method === 'GET' ? query : body;
  if (typeof from !== 'object' || from === null || !('query' in from)) return undefined;
  return typeof from.query === 'string' ? from.query : undefined;
}

function readPerson(body: unknown): Person | undefined {
  if (typeof body !== 'object' || body === null) return undefined;
  const { phone, customerId } = body as Partial<Record<string, unknown>>;
  const person: Person = {
    ...(typeof phone === 'string' && phone.trim() !== '' ? { phone } : {}),
    ...(typeof customerId === 'string' && customerId.trim() !== '' ? { customerId } : {}),
  };
  return Object.keys(person).length === 0 ? undefined : person;
}

/** A router may compress what it sends. The bound of the body counts what comes out, so a bomb ends there too. */
function decompressed(request: FastifyRequest, payload: Readable): Readable {
  const decoder = decoderFor(request.headers['content-encoding']);
  if (decoder === undefined) return payload;
  const counted = Object.assign(decoder, { receivedEncodedLength: 0 });
  payload.on('data', (chunk: Buffer) => {
    counted.receivedEncodedLength += chunk.length;
  });
  payload.on('error', (error) => decoder.destroy(error));
  decoder.on('error', (error) => Object.assign(error, { statusCode: 400 }));
  return payload.pipe(decoder);
}

function decoderFor(encoding: string | undefined): Transform | undefined {
  switch (encoding?.trim().toLowerCase()) {
    case 'gzip':
    case 'x-gzip':
      return createGunzip();
    case 'deflate':
      return createInflate();
    case 'br':
      return createBrotliDecompress();
    default:
      return undefined;
  }
}
