import type { Socket } from 'node:net';
import fastify, { type FastifyError, type FastifyInstance } from 'fastify';
import type { LookupFailure } from '../core/failure.js';
import { readPerson, type Person } from '../core/person.js';
import { errorBody, refuseConnection, sendError } from './error-responses.js';
import { addGraphRoutes, type GraphRoutesOptions } from './graph-routes.js';
import { BODY_LIMIT_BYTES, readJsonBodies } from './request-body.js';
import { createRouterAuth } from './router-auth.js';

/** A client that sends its request more slowly is disconnected, in milliseconds. */
const REQUEST_TIMEOUT_MS = 30_000;
/** New requests are served for this time after a drain begins, until load balancers have noticed, in milliseconds. */
const DRAIN_GRACE_MS = 1_000;
/** Routes that need no secret, so that an orchestrator can check the process. */
const HEALTH_ROUTES = ['/livez', '/readyz'];

export interface HttpOptions<Context extends object> extends GraphRoutesOptions<Context> {
  /** The secrets of the router. Empty: every request is accepted. */
  readonly routerSecrets: readonly string[];
  /** The state of the layers, for `/readyz`. It does not change the status: another replica would not do better. */
  readonly health: () => object;
  readonly metrics: {
    render(): Promise<string>;
    readonly contentType: string;
    countResponse(status: number, seconds: number): void;
  };
  /** Whether `/metrics` needs no secret. */
  readonly metricsPublic: boolean;
  /** The time that an operation may take, in milliseconds. A drain waits that long for running operations. */
  readonly operationDeadlineMs: number;
  /** Erases a person from the caches. Resolves to the number of erased answers. */
  readonly forget: (person: Person) => Promise<number>;
  /** Called with every error that is neither a LookupFailure nor an error of the request. */
  readonly onBug: (error: unknown) => void;
}

export interface HttpServer {
  /** Starts to listen. Resolves to the address, `http://127.0.0.1:4001`. */
  listen(address: { readonly port: number; readonly host: string }): Promise<string>;
  /** Becomes unready, finishes the running requests and closes. A second call does nothing. */
  drain(): Promise<void>;
}

type ServerState = 'starting' | 'ready' | 'draining';

export function createHttpServer<Context extends object>(options: HttpOptions<Context>): HttpServer {
  let state: ServerState = 'starting';
  const app = createApp(options.onBug);
  const unusedSockets = trackUnusedSockets(app);
  requireRouterSecret(app, options);
  readJsonBodies(app);
  app.addHook('onSend', async (_, reply, payload) => {
    // Also for requests that came before the drain: the client's next request must go to another replica.
    if (state === 'draining') void reply.header('connection', 'close');
    return payload;
  });
  addHealthRoutes(app, options, () => state);
  addGraphRoutes(app, options);
  addMetricsRoute(app, options);
  addForgetRoute(app, options);
  addNotFoundRoute(app);

  return {
    async listen({ port, host }) {
      const url = await app.listen({ port, host });
      state = 'ready';
      return url;
    },
    async drain() {
      if (state === 'draining') return;
      state = 'draining';
      if ((await countConnections(app)) > 0) await new Promise((resolve) => setTimeout(resolve, DRAIN_GRACE_MS));
      for (const socket of unusedSockets) socket.destroy();
      // A client that does not read its response, or never finishes its request, must not keep the process alive.
      const timer = setTimeout(() => app.server.closeAllConnections(), options.operationDeadlineMs + DRAIN_GRACE_MS);
      await app.close();
      clearTimeout(timer);
    },
  };
}

function createApp(onBug: (error: unknown) => void): FastifyInstance {
  const app = fastify({
    bodyLimit: BODY_LIMIT_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    exposeHeadRoutes: false,
    // These two replace responses of Node and Fastify, which repeat parts of the request.
    clientErrorHandler: refuseConnection,
    frameworkErrors: (error, _, reply) => void sendError(error, reply, onBug),
  });
  app.setErrorHandler((error: FastifyError | LookupFailure, _, reply) => sendError(error, reply, onBug));
  return app;
}

/** The open connections without a request. Node does not count them as idle, so `close` would wait for them. */
function trackUnusedSockets(app: FastifyInstance): ReadonlySet<Socket> {
  const unused = new Set<Socket>();
  app.server.on('connection', (socket: Socket) => {
    unused.add(socket);
    socket.once('close', () => unused.delete(socket));
  });
  app.server.on('request', ({ socket }) => unused.delete(socket));
  return unused;
}

function countConnections(app: FastifyInstance): Promise<number> {
  return new Promise((resolve) => app.server.getConnections((_, count) => resolve(count)));
}

/** Protects all routes but the health routes, unknown addresses included. The body is not read before. */
function requireRouterSecret(
  app: FastifyInstance,
  { routerSecrets, metricsPublic }: Pick<HttpOptions<object>, 'routerSecrets' | 'metricsPublic'>,
): void {
  const isKnownSecret = createRouterAuth(routerSecrets);
  const openRoutes = new Set([...HEALTH_ROUTES, ...(metricsPublic ? ['/metrics'] : [])]);
  const message = 'The header Router-Authorization must hold a known router secret; got none or an unknown one.';
  app.addHook('onRequest', async (request, reply) => {
    void reply.header('x-content-type-options', 'nosniff').header('referrer-policy', 'no-referrer');
    if (openRoutes.has(request.routeOptions.url ?? '')) return;
    if (isKnownSecret(request.headers['router-authorization'])) return;
    return reply.code(401).send(errorBody(message, 'UNAUTHENTICATED'));
  });
}

function addHealthRoutes(
  app: FastifyInstance,
  { health }: Pick<HttpOptions<object>, 'health'>,
  state: () => ServerState,
): void {
  app.get('/livez', () => ({ status: 'alive' }));
  app.get('/readyz', (_, reply) =>
    reply
      .code(state() === 'ready' ? 200 : 503)
      .header('cache-control', 'no-store')
      .send({ status: state(), ...health() }),
  );
}

function addMetricsRoute(app: FastifyInstance, { metrics }: Pick<HttpOptions<object>, 'metrics'>): void {
  app.get('/metrics', async (_, reply) => reply.type(metrics.contentType).send(await metrics.render()));
}

function addForgetRoute(app: FastifyInstance, { forget }: Pick<HttpOptions<object>, 'forget'>): void {
  app.post('/forget', async ({ body }, reply) => {
    const phone = textIn(body, 'phone');
    const customerId = textIn(body, 'customerId');
    if (phone.trim() === '' && customerId.trim() === '') {
      const message = 'The body must be a JSON object with the text customerId, phone or both; got neither.';
      return reply.code(400).send(errorBody(message, 'BAD_USER_INPUT'));
    }
    return reply.send({ forgotten: await forget(readPerson({ phone, customerId })) });
  });
}

/** The text that a JSON body has under a name; empty if there is none. */
function textIn(body: unknown, name: string): string {
  const value =
    typeof body === 'object' && body !== null ? (body as Readonly<Record<string, unknown>>)[name] : undefined;
  return typeof value === 'string' ? value : '';
}

function addNotFoundRoute(app: FastifyInstance): void {
  app.setNotFoundHandler(({ url }, reply) => {
    if (/^\/graphql(\?|$)/.test(url)) {
      const message = 'The method must be GET or POST; got another one.';
      return reply.code(405).header('allow', 'GET, POST').send(errorBody(message, 'BAD_REQUEST'));
    }
    return reply.code(404).send(errorBody('Nothing is at this address. The graph is at /graphql.', 'BAD_REQUEST'));
  });
}
